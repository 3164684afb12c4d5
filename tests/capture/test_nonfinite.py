"""The producer of NaN is told from what it was passed on to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.adapters.contract import Glimpse, Pass, Weights
from snellen.capture.nonfinite import examine
from snellen.core import Layer, LayerKind

LAYERS = (
    Layer("a", 0, LayerKind.CONV, "conv2d", 2, activation="relu"),
    Layer("b", 1, LayerKind.CONV, "conv2d", 2, activation="relu", inputs=("a",)),
    Layer("skip", 2, LayerKind.CONV, "conv2d", 2, inputs=("a",), residual=True),
    Layer("sum", 3, LayerKind.ACTIVATION, "relu", 2, activation="relu", inputs=("b", "skip")),
)


class Spoilt:
    """A model whose maps and kernels hold NaN where it is told to."""

    def __init__(self, maps: set[tuple[str, str]], kernels: set[str]) -> None:
        self.maps, self.kernels = maps, kernels

    def look(self, inputs: Any, labels: Any, see: Any) -> Pass:
        entrance = Layer("", -1, LayerKind.ACTIVATION, "input", 2)
        for layer, part in [
            (entrance, "input"),
            *((x, part) for x in LAYERS for part in ("pre", "post")),
        ]:
            table = np.zeros((3, 2, 8))
            table[0, 0, 7] = 2.0 if (layer.name, part) in self.maps else 0.0
            see(Glimpse(layer, part, lambda low, high, t=table: t, 4, lambda t=table: t))
        return Pass(LAYERS, None, float("nan"))

    def weights(self) -> dict[str, Weights]:
        bad = {name: np.nan if name in self.kernels else 1.0 for name in ("a", "b", "skip")}
        return {name: Weights(np.full((2, 2), value), None) for name, value in bad.items()}


EVERYTHING = {(x.name, part) for x in LAYERS for part in ("pre", "post")}
AFTER_B = {("b", "pre"), ("b", "post"), ("sum", "pre"), ("sum", "post")}


@pytest.mark.parametrize(
    ("maps", "kernels", "producers"),
    [
        (EVERYTHING | {("", "input")}, set(), [("input", "input")]),
        (EVERYTHING, set(), [("a", "pre")]),
        (EVERYTHING - {("a", "pre")}, set(), [("a", "post")]),
        (AFTER_B, set(), [("b", "pre")]),
        (AFTER_B, {"b"}, [("b", "weights")]),
        ({("sum", "post")}, set(), [("sum", "post")]),
        (set(), set(), [("loss", "loss")]),
    ],
)
def test_only_what_had_finite_inputs_is_a_producer(
    maps: set[tuple[str, str]], kernels: set[str], producers: list[tuple[str, str]]
) -> None:
    model: Any = Spoilt(maps, kernels)
    origins = examine(model, LAYERS, object(), None, 7)
    assert [(o.tensor, o.part) for o in origins if o.inputs_finite] == producers
    assert {o.step for o in origins} == {7}


def test_shares_are_of_all_values() -> None:
    model: Any = Spoilt({("a", "pre")}, set())
    (origin, _) = examine(model, LAYERS, object(), None, 0)
    assert origin.share == 2 / (3 * 2 * 4)


def test_without_a_batch_the_weights_alone_are_asked() -> None:
    model: Any = Spoilt(EVERYTHING, {"b"})
    origins = examine(model, LAYERS, None, None, 0)
    assert [(o.tensor, o.part) for o in origins] == [("b", "weights"), ("loss", "loss")]
