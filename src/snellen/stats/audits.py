"""What the images and labels themselves look like, as they went by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageAudit(Statistic):
    """Training images as the model received them, up to a bound, over the first pass through the
    data. Does not merge (hashes are not kept)."""

    name = "image-audit"

    images: int
    """Images examined."""
    blank: int
    """Images whose standard deviation is under 1/255 of the data's range."""
    duplicates: int
    """Images that had come before in this pass, bit by bit; −1 where it is not known how long a
    pass is, and an image may have come again on purpose."""
    near_duplicates: int
    """Further images whose difference hash is at most 4 bits from that of an earlier one, and whose
    sampled values correlate with its by 0.98 or more; −1 as for duplicates."""
    conflicting: int
    """Duplicates (exact) that came with another label than before."""
    batches: int
    """Batches examined; of images that came all at once, those whose labels were seen in order."""
    repeated_batches: int
    """Batches whose images were all those of an earlier batch."""
    single_class_batches: int
    """Batches of at least 8 images that held one class alone."""
    label_entropy: float
    """Mean entropy of the labels of a batch, in nats; NaN without classes."""
    shuffled_entropy: float
    """What it would be if the same labels came in random order (simulated)."""
    label_entropy_spread: float
    """Standard deviation of that mean under random order."""
    at_minimum: Floats
    """Shape `(channels,)`: share of values equal to the smallest and (`at_maximum`) largest
    value."""
    at_maximum: Floats
    roughness: Floats
    """Shape `(axes,)`, channel axis first: mean |difference of neighbours| along the axis, in
    standard deviations of the data; NaN for an axis of length 1."""


@dataclass(frozen=True, eq=False)
class HeldOutAudit(Statistic):
    """Images that the script evaluated the model on, against its training images. Does not
    merge."""

    name = "held-out-audit"

    images: int
    """Held-out images examined."""
    training_images: int
    """Training images they were compared with."""
    training_complete: bool
    """These are all training images of one pass."""
    repeated: int
    """Held-out images that are training images, bit by bit."""
    near_repeated: int
    """Further ones that are near copies of a training image, as in `ImageAudit`."""
    near_expected: float
    """Near repeats that training images have among themselves, as a share of images (0 to 1)."""
    counts: npt.NDArray[np.int64]
    """Shape `(classes,)`: labels of the held-out images; empty without classes."""
    mean: Floats
    """Shape `(channels,)`: of held-out images; `std`, `training_mean`, `training_std` likewise."""
    std: Floats
    training_mean: Floats
    training_std: Floats
    separability: float
    """AUC, out of fold, of telling held-out from training images by simple pixel statistics: 0.5 to
    1; NaN with too few images."""
    separability_error: float
    """Standard error of that AUC."""
