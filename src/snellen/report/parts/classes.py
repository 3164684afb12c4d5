"""How strongly each channel answers to each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer
from snellen.record import Subject
from snellen.stats import ClassResponse

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassActivity:
    """Mean magnitude of each channel over the images of each class, at the last such look."""

    step: int
    images: npt.NDArray[np.int64]
    """Shape `(classes,)`: probe images of each class."""
    magnitude: Floats
    """Shape `(classes, channels)`; NaN for a class without images."""

    @property
    def relative(self) -> Floats:
        """Over the channel's strongest class: 0 to 1; 0 for a channel that answers to none."""
        largest = np.nanmax(np.nan_to_num(self.magnitude), axis=0, initial=0.0)
        scale = np.where(largest > 0, largest, 1.0)
        return self.magnitude / scale

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """Shape `(classes, channels)`: zero on every image of the class, though not on those of
        every other class."""
        zero = self.magnitude == 0
        awake = (np.nan_to_num(self.magnitude) > 0).any(axis=0)
        return zero & awake


def class_activity(subject: Subject, layer: Layer) -> ClassActivity | None:
    """`None` where images have not one class each, or no look was examined."""
    found = [subject.last(layer.name, ClassResponse, part) for part in ("post", "pre")]
    entry = next((e for e in found if e is not None), None)
    if entry is None or not entry.value.images.any():
        return None
    images = entry.value.images
    none = np.full(entry.value.magnitudes.shape, np.nan)
    mean = np.divide(entry.value.magnitudes, images[:, None], out=none, where=images[:, None] > 0)
    return ClassActivity(entry.step, images, mean)
