"""Answers of the trained model to questions put to it after the training, on the probe alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.sampling import evenly
from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]

MOST_FILTERS = 256
"""Kept of a layer's filters."""


@dataclass(frozen=True, eq=False)
class ShiftResponse(Statistic):
    """What moving the images by a few pixels does (CATALOGUE S28). Probe-only.

    Layer `""`: answers. A layer: the correlation of its maps of shifted images, moved back, with
    those of the images as they are (interior alone)."""

    name = "shift-response"

    images: int
    """Images answered with a margin above 0.2 (layer `""`), or images compared."""
    shifts: npt.NDArray[np.int64]
    """Shape `(shifts,)`: pixels moved, along each spatial axis in turn."""
    consistency: Floats
    """Shape `(shifts,)`: share of images whose answer stays, or the maps' correlation; NaN
    unknown."""
    blank_border: bool
    """The images' borders are constant, so that moving them loses nothing; else they wrapped
    round."""


@dataclass(frozen=True, eq=False)
class ConstantResponse(Statistic):
    """A layer's maps of a constant image (the data's mean) (CATALOGUE S29). Probe-only."""

    name = "constant-response"

    border: Floats
    """Shape `(channels,)`: |mean of the ring − mean of the centre| over the map's standard
    deviation on the probe; NaN where unknown."""
    affected: float
    """Share (0 to 1) of positions that deviate by more than 1% of that standard deviation from the
    centre position."""


@dataclass(frozen=True, eq=False)
class ChannelSwap(Statistic):
    """The probe answered with its first and third input channels swapped (CATALOGUE S39)."""

    name = "channel-swap"

    images: int
    right: int
    """Images answered rightly as they came."""
    right_swapped: int
    gained: int
    """Answered rightly when swapped alone; `lost`: when not swapped alone."""
    lost: int
    loss: float
    loss_swapped: float


@dataclass(frozen=True, eq=False)
class GradientNoise(Statistic):
    """Gradients of micro-batches of the probe against one another (CATALOGUE S23). Layer `""`: all
    kernels laid end to end. Probe-only."""

    name = "gradient-noise"

    batch: int
    """Images per micro-batch."""
    cosines: Floats
    """Shape `(pairs,)`: of every pair of micro-batch gradients; NaN where one is zero."""
    squared_norm: float
    """Unbiased |G|² of the true gradient (McCandlish et al. 2018); may be negative by chance."""
    trace: float
    """Unbiased tr Σ of one image's gradient."""

    @property
    def noise_scale(self) -> float:
        """tr Σ / |G|², in images; NaN where |G|² is not above zero."""
        return self.trace / self.squared_norm if self.squared_norm > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Sharpness(Statistic):
    """Curvature of the loss on the probe at the trained weights (CATALOGUE S21). Probe-only."""

    name = "sharpness"

    images: int
    largest: float
    """Largest eigenvalue of the Hessian by power iteration on gradient differences; NaN if it did
    not settle."""
    iterations: int
    residual: float
    """‖Hv − λv‖ / |λ| at the end."""
    overshoot: Floats
    """Shape `(4,)`: loss at w, and half, one and two last updates further on; NaN where not
    known."""


@dataclass(frozen=True, eq=False)
class EffectiveField(Statistic):
    """The pixels that the central position of a layer's maps really depends on (CATALOGUE S32)."""

    name = "effective-field"

    images: int
    influence: Floats
    """Shape `(height, width)`: mean over images of |∂ Σ_c a_c(centre) / ∂ pixel|, summed over input
    channels, divided by its largest value; averaged down to at most 64×64."""
    scale: float
    """Pixels of the image per value of `influence`, along each axis."""

    @property
    def side(self) -> float:
        """√(pixels above 4.55% of the largest), in pixels (Luo et al. 2016); 0 without
        influence."""
        return float(np.sqrt((self.influence > 0.0455).sum())) * self.scale


@dataclass(frozen=True, eq=False)
class Explanation(Statistic):
    """Gradient saliency of the chosen class, and whether it depends on what was learnt (S50).
    Probe-only."""

    name = "explanation"

    images: int
    similarity: Floats
    """Shape `(stages + 1,)`: mean rank correlation of |saliency| with that after re-initialising
    the last 1, 2, ... stages of layers; the first is with itself (1)."""
    between_images: float
    """Mean rank correlation of saliencies of different images: what similarity means nothing."""
    edges: float
    """Mean rank correlation with an edge filter of the image."""
    maps: npt.NDArray[np.float32]
    """Shape `(images ≤ 8, height ≤ 32, width ≤ 32)`: |saliency|."""
    inside: float
    """Mean share (0 to 1) of saliency on the object, where labels mark it; NaN otherwise."""
    area: float
    """Mean share of the image that the object covers: what `inside` is by chance; NaN otherwise."""
    border: float
    """Mean share of saliency in the outer eighth on each side; `border_area` is its share of
    pixels."""
    border_area: float


@dataclass(frozen=True, eq=False)
class Linearity(Statistic):
    """Whether the model is linear around its probe images (CATALOGUE S47). Probe-only."""

    name = "linearity"

    images: int
    curvature: float
    """Median over images of ‖f(x+d) + f(x−d) − 2f(x)‖ / ‖f(x+d) − f(x−d)‖ of the head's values, for
    a random d of the size of the images' standard deviation; NaN where the model does not answer to
    d."""


@dataclass(frozen=True, eq=False)
class FilterImage(Statistic):
    """The first layer's filters as they are and as they began (CATALOGUE S25). Does not merge."""

    name = "filters"

    kernel: npt.NDArray[np.float32]
    """Shape `(filters ≤ 256, inputs, *taps)`."""
    initial: npt.NDArray[np.float32]
    """The same before training; empty where it was not kept."""
    repeated: int
    """Filters of the layer identical to an earlier one, bit by bit."""
    repeated_initially: int
    """The same before training; −1 where it was not kept."""

    @classmethod
    def of(
        cls, kernel: npt.NDArray[np.floating], initial: npt.NDArray[np.floating] | None
    ) -> FilterImage:
        """Of a kernel `(filters, inputs, *taps)` now and, where it was kept whole, before
        training."""
        some = evenly(len(kernel), MOST_FILTERS)
        began = initial if initial is not None and initial.shape == kernel.shape else None
        none = np.zeros(0, np.float32)
        return cls(
            kernel=kernel[some].astype(np.float32),
            initial=none if began is None else began[some].astype(np.float32),
            repeated=_repeated(kernel),
            repeated_initially=-1 if began is None else _repeated(began),
        )


def _repeated(kernel: npt.NDArray[np.floating]) -> int:
    return len(kernel) - len({row.tobytes() for row in kernel})
