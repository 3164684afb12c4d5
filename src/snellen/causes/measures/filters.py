"""What the filters were before training, and what became of their size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from snellen.causes.case import Case
from snellen.core import Layer
from snellen.stats import WeightState
from snellen.symptoms.optimiser import adaptive, learning_rates


@dataclass(frozen=True)
class Start:
    """How one layer began."""

    layer: str
    scale: float
    """Standard deviation of its weights over that of He's initialisation, √(2 / fan_in)."""
    glorot: float
    """`scale` as Glorot's rule has it, √(fan_in / (fan_in + fan_out)): far below 1 where few inputs
    feed many filters, as in a first layer."""
    equal: bool
    """All its filters had the same norm to seven digits (and there are at least two)."""
    zero: bool
    bias: float
    """The value that its biases began at, where nearly all still have the same at the first look
    and the steps before it can't have brought them there; 0 where they differ; NaN without
    biases."""
    normalised: bool

    def smaller_than(self, scale: float) -> bool:
        """Whether its weights began smaller than `scale`, and than Glorot's rule explains."""
        return self.scale < min(scale, 0.8 * self.glorot)


@lru_cache(maxsize=8)
def starts(case: Case) -> tuple[Start, ...]:
    """Of every hidden layer whose weights were seen, in the order of the network."""
    found: list[Start] = []
    for layer in case.hidden:
        history = case.subject.history(layer.name, WeightState)
        if not history or not layer.weight_shape:
            continue
        first = history[0]
        norms = first.value.initial_norm
        if not len(norms) or not np.all(np.isfinite(norms)):
            continue
        largest = float(norms.max())
        bias = first.value.bias
        found.append(
            Start(
                layer.name,
                _scale(layer, norms),
                _glorot(layer),
                len(norms) > 1 and largest > 0 and float(np.ptp(norms)) <= 1e-7 * largest,
                largest == 0,
                _common(case, bias, first.step),
                layer.normalised,
            )
        )
    return tuple(found)


def _common(case: Case, bias: npt.NDArray[np.float64], steps: int) -> float:
    """What nearly all of these biases have in common, `steps` steps after the start."""
    if not len(bias) or not np.all(np.isfinite(bias)):
        return float("nan")
    value, spread = float(np.median(bias)), float(np.ptp(np.quantile(bias, (0.1, 0.9))))
    # Adam moves a bias by the learning rate at most in a step.
    reach = (
        steps * max(learning_rates(case.subject), default=0.0) if adaptive(case.subject) else 0.0
    )
    alike = len(bias) > 1 and spread < 0.1 * abs(value)
    return value if alike and reach < 0.5 * abs(value) else 0.0


def _glorot(layer: Layer) -> float:
    filters, inputs = layer.weight_shape[0], layer.weight_shape[1] if layer.weight_shape[1:] else 1
    if layer.depthwise:
        # Keras counts what all channels read, though each filter reads one.
        return 1 / np.sqrt(1 + filters)
    if layer.transposed:
        filters, inputs = inputs, filters
    return float(np.sqrt(inputs / (inputs + filters)))


def _scale(layer: Layer, norms: npt.NDArray[np.float64]) -> float:
    fan_in = max(1.0, float(np.prod(layer.weight_shape[1:])))
    if layer.transposed:
        fan_in = max(1.0, float(np.prod(layer.weight_shape) / max(1, len(norms))))
    spread = float(np.sqrt(np.mean(np.square(norms)) / fan_in))
    return spread / float(np.sqrt(2 / fan_in))


@dataclass(frozen=True)
class Growth:
    """ν = norm at the end / norm before training, of the filters that learn and have no
    normalisation behind them."""

    ratios: tuple[float, ...]
    steps: int

    @property
    def median(self) -> float:
        return float(np.median(self.ratios))

    def share_below(self, ratio: float) -> float:
        return float(np.mean(np.asarray(self.ratios) < ratio))


@lru_cache(maxsize=8)
def growth(case: Case) -> Growth | None:
    """`None` where every layer is normalised, or no weights were seen after the first step."""
    ratios: list[float] = []
    step = 0
    for layer in case.hidden:
        entry = case.subject.last(layer.name, WeightState)
        if entry is None or entry.step == 0 or layer.normalised or not layer.trainable:
            continue
        own = entry.value.growth
        ratios += list(own[np.isfinite(own)])
        step = max(step, entry.step)
    return Growth(tuple(ratios), step) if ratios else None


def moved(case: Case) -> dict[str, float]:
    """‖W − W₀‖ / ‖W₀‖ of each trainable hidden layer at the end; without those that began at
    zero."""
    found: dict[str, float] = {}
    for layer in case.hidden:
        entry = case.subject.last(layer.name, WeightState)
        if entry is not None and entry.step > 0 and layer.trainable:
            size = entry.value.moved
            if np.isfinite(size):
                found[layer.name] = size
    return found
