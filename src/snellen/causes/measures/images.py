"""What the images were: how many, in which range, how rough, and how unlike held-out ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.causes.case import Case
from snellen.causes.measures.labels import classes
from snellen.record import Clock
from snellen.stats import HeldOutAudit, ImageAudit, MapSummary
from snellen.symptoms.facts import record, whole
from snellen.symptoms.gates import whole_training_set

Floats = npt.NDArray[np.float64]


def audit(case: Case) -> ImageAudit | None:
    """The training images of the first pass, up to some thousands; `None` where none was seen."""
    last = case.subject.last("", ImageAudit, "", Clock.INLINE)
    return last.value if last is not None and last.value.images else None


def held_out_audit(case: Case) -> HeldOutAudit | None:
    """Images that the script evaluated the model on; `None` for fewer than 20 of them, or to
    compare them with."""
    last = case.subject.last("", HeldOutAudit, "", Clock.INLINE)
    if last is None or min(last.value.images, last.value.training_images) < 20:
        return None
    return last.value


@lru_cache(maxsize=8)
def set_size(case: Case) -> int | None:
    """Different images in the training set, or the least that there are: as the loader says, or as
    many as one pass showed. `None` where neither is known."""
    known = whole(case.subject, "training_images")
    if known:
        return known
    images: Any = record(case.subject, "probe").get("images")
    if whole_training_set(case.subject) and isinstance(images, int) and images > 0:
        return images
    seen = audit(case)
    # Without the length of a pass (−1) the audit may have gone round several times.
    return seen.images if seen is not None and seen.duplicates >= 0 else None


def per_class(case: Case) -> float | None:
    """Training images for each class; for other labels, training images. `None`: not known."""
    images, seen = set_size(case), classes(case)
    if images is None:
        return None
    return images / max(1, int((seen.counts > 0).sum())) if seen is not None else float(images)


@dataclass(frozen=True)
class Range:
    """Values of the training images as the model got them; arrays have the shape `(channels,)`."""

    minimum: float
    maximum: float
    mean: Floats
    deviation: Floats
    images: int

    @property
    def furthest(self) -> float:
        """The largest magnitude."""
        return max(abs(self.minimum), abs(self.maximum))

    @property
    def spread(self) -> float:
        """Standard deviation of all values."""
        return float(np.sqrt(np.mean(self.deviation**2) + np.var(self.mean)))

    @property
    def centre(self) -> float:
        """Mean of all values."""
        return float(np.mean(self.mean))

    @property
    def problem(self) -> str:
        """What is unusual, as S38 judges it: `large`, `flat`, `off centre`, `wide`, or empty."""
        if self.furthest > 20:
            return "large"
        if self.spread < 0.05:
            return "flat"
        # Bright fields from 0 to 1 are far from 0 for their spread, and scaled as usual.
        if abs(self.centre) > (8 if self.furthest <= 1.5 else 3) * self.spread:
            return "off centre"
        return "wide" if self.spread > 4 else ""


@lru_cache(maxsize=8)
def input_range(case: Case) -> Range | None:
    """Over the look at the most images; `None` where none was finite."""
    looks = [
        entry.value
        for clock in (Clock.PROBE, Clock.INLINE)
        for entry in case.subject.history("", MapSummary, "input", clock)
        if entry.value.images
    ]
    if not looks:
        return None
    seen = max(looks, key=lambda look: look.images)
    ends = float(seen.minimum.min()), float(seen.maximum.max())
    variance = np.maximum(seen.variance, 0.0)
    if not (np.isfinite(ends).all() and np.isfinite(seen.mean).all()):
        return None
    if not np.isfinite(variance).all():
        return None
    return Range(*ends, seen.mean, np.sqrt(variance), seen.images)


@dataclass(frozen=True)
class Roughness:
    """Mean difference of neighbouring pixels, in standard deviations of the images: 1.13 for white
    noise, 0.2 to 0.8 for most pictures, near 0 for smooth ones."""

    least: float
    """Along the axis where it is least."""
    most: float


def roughness(case: Case) -> Roughness | None:
    """Of the training images; `None` for images without two neighbours."""
    seen = audit(case)
    if seen is None or len(seen.roughness) < 2:
        return None
    axes = seen.roughness[1:]
    axes = axes[np.isfinite(axes)]
    return Roughness(float(axes.min()), float(axes.max())) if len(axes) else None


def differently_blank(seen: ImageAudit) -> bool | None:
    """Images without contrast that differ from each other: they hold a picture on a smaller scale
    than the others do. `None` where copies were not counted, or no image lacks contrast."""
    if seen.duplicates < 0 or seen.blank < 0.01 * seen.images or seen.blank < 3:
        return None
    return seen.duplicates < 0.5 * seen.blank


@dataclass(frozen=True)
class Shift:
    """How held-out images differ from training images, in the channel that differs most."""

    mean: float
    training_mean: float
    deviation: float
    training_deviation: float

    @property
    def means(self) -> float:
        """Difference of the means, in standard deviations of the training images."""
        return abs(self.mean - self.training_mean) / self.training_deviation

    @property
    def octaves(self) -> float:
        """|log₂| of the ratio of deviations."""
        return abs(float(np.log2(max(self.deviation, 1e-12) / self.training_deviation)))

    @property
    def size(self) -> float:
        return max(self.means, self.octaves)


@lru_cache(maxsize=8)
def shift(case: Case) -> Shift | None:
    """`None` without held-out images, or where training images have no contrast."""
    seen = held_out_audit(case)
    if seen is None:
        return None
    rows = (seen.mean, seen.training_mean, seen.std, seen.training_std)
    if len({len(row) for row in rows}) != 1 or not len(seen.mean):
        return None
    table = np.array(rows, np.float64)
    known = np.isfinite(table).all(axis=0) & (table[3] > 0)
    shifts = [Shift(*map(float, column)) for column in table[:, known].T]
    return max(shifts, key=lambda one: one.size, default=None)
