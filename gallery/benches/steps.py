"""How far the updates of a training moved each layer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Steps:
    first_update: dict[str, float] = field(default_factory=dict)
    """Per layer: length of the first change of its kernel over the kernel's length."""
    largest_update: dict[str, float] = field(default_factory=dict)
    kappa: dict[str, float] = field(default_factory=dict)
    """Per layer: by how many standard deviations the first update shifts a pre-activation's mean,
    with the layer's inputs as before (median over channels; CATALOGUE S22)."""

    def updated(self, name: str, share: float) -> None:
        self.first_update.setdefault(name, share)
        self.largest_update[name] = max(self.largest_update.get(name, 0.0), share)

    def shifted(self, name: str, before: np.ndarray, change: np.ndarray) -> None:
        """`before` and `change` of the pre-activations, `(images, channels, *positions)`."""
        axes = (0, *range(2, before.ndim))
        spread = before.std(axis=axes)
        shift = np.abs(change.mean(axis=axes))
        self.kappa[name] = float(np.median(shift / np.maximum(spread, 1e-30)))
