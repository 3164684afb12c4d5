"""Where NaN and infinity came from: the first tensor whose inputs are all finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.adapters.contract import Array, Glimpse, Model
from snellen.core import Layer


@dataclass(frozen=True)
class Origin:
    """A tensor that held non-finite values when the loss did."""

    step: int
    """Updates done before it was seen."""
    tensor: str
    """A layer's name, or `input`, `loss`."""
    part: str
    """`input`, `weights`, `pre`, `post` or `loss`."""
    inputs_finite: bool
    """Everything it was computed from was finite: it is a producer, not a propagator."""
    share: float
    """Share (0 to 1) of its values that are not finite."""


def examine(
    model: Model, layers: tuple[Layer, ...], inputs: Any, labels: Array | None, step: int
) -> list[Origin]:
    """Every non-finite tensor in the order of computation: the input, each layer's weights and
    maps, the loss. `inputs` is the batch at fault, or `None` when only the weights can be asked."""
    bad: dict[tuple[str, str], float] = {}

    def see(glimpse: Glimpse) -> None:
        if glimpse.part == "in":
            return
        table = glimpse.table(-np.inf, 0.0)
        values = table.shape[0] * table.shape[1] * glimpse.positions
        count = float(table[:, :, 7].sum())
        if count and values:
            bad[glimpse.layer.name, glimpse.part] = count / values

    if inputs is not None:
        seen = model.look(inputs, labels, see)
        layers = seen.layers
    spoilt = {
        name: float((~np.isfinite(w.kernel)).mean())
        for name, w in model.weights().items()
        if not np.isfinite(w.kernel).all() or (w.bias is not None and not np.isfinite(w.bias).all())
    }
    return _in_order(layers, bad, spoilt, step) + _loss(bad, spoilt, step)


def _in_order(
    layers: tuple[Layer, ...],
    bad: dict[tuple[str, str], float],
    spoilt: dict[str, float],
    step: int,
) -> list[Origin]:
    found: list[Origin] = []
    input_bad = ("", "input") in bad
    if input_bad:
        found.append(Origin(step, "input", "input", True, bad["", "input"]))
    spoilt_layers = {name for name, part in bad if part in ("pre", "post")}
    for layer in layers:
        if layer.name in spoilt:
            # Weights are made by updates: the step before this one produced them.
            found.append(Origin(step, layer.name, "weights", True, spoilt[layer.name]))
        above = (
            input_bad if not layer.inputs else any(name in spoilt_layers for name in layer.inputs)
        )
        for part in ("pre", "post"):
            if (layer.name, part) in bad:
                before = (
                    above or layer.name in spoilt or (part == "post" and (layer.name, "pre") in bad)
                )
                found.append(Origin(step, layer.name, part, not before, bad[layer.name, part]))
    return found


def _loss(bad: dict[tuple[str, str], float], spoilt: dict[str, float], step: int) -> list[Origin]:
    return [Origin(step, "loss", "loss", not bad and not spoilt, 1.0)]
