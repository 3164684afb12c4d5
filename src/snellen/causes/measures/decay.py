"""How strongly the training presses weights towards zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from snellen.causes.case import Case
from snellen.stats import WeightState
from snellen.symptoms.facts import record
from snellen.symptoms.finite import real
from snellen.symptoms.optimiser import learning_rates
from snellen.symptoms.phases import number

DECOUPLED = ("adamw", "lion")
"""Optimisers whose decay does not go through the gradient: it shrinks weights by lr·λ a step."""


@dataclass(frozen=True)
class Decay:
    """What was asked for, wherever it was asked for."""

    optimizer: float
    """`weight_decay` of the optimiser; 0 without."""
    decoupled: bool
    l1: float
    """Largest L1 factor of a layer's kernel penalty; 0 without."""
    l2: float
    """Largest L2 factor; its gradient is 2λw."""
    layers: tuple[str, ...]
    """Layers with a penalty of their own."""

    @property
    def coupled(self) -> float:
        """λ of the L2 pull that goes through the gradient, as `λ·w`."""
        return max(0.0 if self.decoupled else self.optimizer, 2 * self.l2)

    @property
    def any(self) -> bool:
        return self.optimizer > 0 or self.l1 > 0 or self.l2 > 0


@lru_cache(maxsize=8)
def decay(case: Case) -> Decay:
    """What is known of penalties; ones that a script adds to its loss by hand are not."""
    name = str(case.subject.facts.get("optimizer") or "").lower()
    # Keras applies the optimiser's own weight_decay apart from the gradient, whichever it is.
    decoupled = case.keras or name in DECOUPLED
    regularisers: Mapping[str, Any] = record(case.subject, "regularisers")
    l1 = l2 = 0.0
    layers: list[str] = []
    for layer, parts in regularisers.items():
        kernel: Any = parts.get("kernel") if isinstance(parts, Mapping) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
        if isinstance(kernel, Mapping):
            l1 = max(l1, real(kernel.get("l1")) or 0.0)  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
            l2 = max(l2, real(kernel.get("l2")) or 0.0)  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
            layers.append(str(layer))
    return Decay(number(case.subject, "weight_decay") or 0.0, decoupled, l1, l2, tuple(layers))


def steps_to_shrink(case: Case) -> float:
    """Steps in which a decoupled decay alone shrinks weights by e: 1 / (lr·λ); inf without."""
    set_by = decay(case)
    highest = max(learning_rates(case.subject), default=0.0)
    pull = highest * (set_by.optimizer if set_by.decoupled else set_by.coupled)
    return 1 / pull if pull > 0 else float("inf")


@lru_cache(maxsize=8)
def penalty_share(case: Case) -> float:
    """Share of the objective at the start that is not the loss on the labels: a penalty added to
    it. NaN where the two were not seen apart."""
    whole, parts = case.subject.losses.get("objective"), case.subject.losses.get("train")
    if whole is None or parts is None or len(whole.values) != len(parts.values):
        return float("nan")
    n = max(1, len(whole.values) // 20)
    total, own = float(np.mean(whole.values[:n])), float(np.mean(parts.values[:n]))
    if not (np.isfinite(total) and np.isfinite(own)) or total <= 0:
        return float("nan")
    return max(0.0, (total - own) / total)


@lru_cache(maxsize=8)
def penalty_departure(case: Case) -> float:
    """By which factor a penalty that the script adds to its loss departs from the sum of the
    squared weights over the training: 1 for one on squares; more for one on magnitudes, since
    Σ|w| / Σw² grows as weights shrink. NaN where no such penalty was seen, or while the weights'
    size changed by less than a quarter."""
    whole, parts = case.subject.losses.get("objective"), case.subject.losses.get("train")
    if not penalty_share(case) > 0.02 or whole is None or parts is None:
        return float("nan")
    layers = [layer.name for layer in case.weighted]
    histories = [case.subject.history(name, WeightState) for name in layers]
    if not histories or not all(histories):
        return float("nan")
    squares: dict[int, float] = {}
    for entry in (entry for history in histories for entry in history):
        own = float(np.square(entry.value.norm).sum())
        squares[entry.step] = squares.get(entry.step, 0.0) + own
    squares[0] = sum(float(np.square(x[0].value.initial_norm).sum()) for x in histories)
    points: list[tuple[float, float]] = []
    for step, size in squares.items():
        added = (whole.values - parts.values)[whole.steps == step]
        # Where hardly anything is left of the weights they flutter, and no power fits.
        if len(added) and size > 1e-3 * squares[0] and np.isfinite(added).all() and added.min() > 0:
            points.append((float(np.log(size)), float(np.log(added.mean()))))
    x, y = np.array(points).reshape(-1, 2).T
    if len(x) < 3 or np.ptp(x) < 2 * np.log(1.25):
        return float("nan")
    return float(np.exp(np.ptp(y - x)))
