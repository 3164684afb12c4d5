"""What a layer tells of each probe image, in few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic


@dataclass(frozen=True, eq=False)
class Features(Statistic):
    """A layer's maps of each probe image, pooled to a 2×2 grid and reduced to their main
    components.

    Probe-only: does not merge. The images are those of `ImageAnswers`, in the same order.
    """

    name = "features"

    scores: npt.NDArray[np.float32]
    """Shape `(images, components)`: main components, centred, largest variance first, at most
    64."""
    explained: float
    """Share (0 to 1) of the pooled maps' variance that they hold; NaN for constant maps."""


@dataclass(frozen=True, eq=False)
class ImageAnswers(Statistic):
    """What the model answered for each image of a set (the probe, or held-out images). Does not
    merge.

    Arrays have the shape `(images,)`. For one answer of several (or yes or no) per image alone.
    """

    name = "image-answers"

    label: npt.NDArray[np.int64]
    """The class given; −1 where it is not known."""
    chosen: npt.NDArray[np.int64]
    """The class answered."""
    probability: npt.NDArray[np.float32]
    """Probability that the model gave to the label: softmax or sigmoid of its output; NaN if
    unknown."""
    runner_up: npt.NDArray[np.float32]
    """Largest probability of the other classes; NaN if unknown."""
