"""The first convolution's filters, as they began and as they went on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer
from snellen.record import Subject
from snellen.stats import FilterImage


@dataclass(frozen=True, eq=False)
class Filters:
    """At one step; `kernel` has the shape `(filters, inputs, height, width)`."""

    step: int
    kernel: npt.NDArray[np.float32]


def filters(subject: Subject, layer: Layer) -> tuple[Filters, ...]:
    """In step order, beginning with those before the training where they were kept; `()` for any
    layer but the first convolution. Kernels of one axis become one row, of three axes their middle
    slice."""
    entries = subject.history(layer.name, FilterImage)
    if not entries:
        return ()
    found = {0: entries[0].value.initial} if entries[0].value.initial.size else {}
    found |= {entry.step: entry.value.kernel for entry in entries}
    return tuple(Filters(step, _flat(kernel)) for step, kernel in sorted(found.items()))


def _flat(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    while kernel.ndim > 4:
        kernel = kernel[:, :, kernel.shape[2] // 2]
    while kernel.ndim < 4:
        kernel = kernel[:, :, None]
    return kernel
