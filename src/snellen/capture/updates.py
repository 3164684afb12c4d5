"""What one optimiser step does to every layer's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array, Weights
from snellen.capture import filters
from snellen.core import Layer
from snellen.stats import WeightUpdate

CHANGE_BYTES = 64 * 2**20
"""Of the last update's change of kernels, kept to walk on along it."""

Floats = npt.NDArray[np.float64]


class Updates:
    """Holds the weights from just before an update to just after it."""

    def __init__(self) -> None:
        self.change: dict[str, Array] = {}
        """What the last update that was captured added to each kernel."""
        self._before: dict[str, filters.Before] = {}

    def before(self, weights: Mapping[str, Weights], estimated: Mapping[str, Array] | None) -> None:
        """`estimated`: gradients to use in place of those that `weights` shows."""
        self._before = {
            name: filters.before_update(w, estimated.get(name) if estimated else w.gradient)
            for name, w in weights.items()
            if w.trainable
        }

    def after(
        self,
        weights: Mapping[str, Weights],
        layers: tuple[Layer, ...],
        means: Mapping[str, Floats],
        spreads: Mapping[str, Floats],
    ) -> Iterator[tuple[str, WeightUpdate]]:
        """By layer. `means` of each layer's input channels, `spreads` of its pre-activations, where
        they are known."""
        kept = 0
        for layer in layers:
            before, now = self._before.get(layer.name), weights.get(layer.name)
            if before is None or now is None:
                continue
            yield (
                layer.name,
                filters.after_update(
                    before,
                    now,
                    means.get(layer.name),
                    spreads.get(layer.name),
                    layer.groups,
                    layer.transposed,
                ),
            )
            kept += now.kernel.nbytes
            if kept <= CHANGE_BYTES:
                self.change[layer.name] = now.kernel - before.kernel
        self._before = {}
