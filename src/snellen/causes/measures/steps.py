"""How large the optimiser's steps were, beside the weights and beside the maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.record import Clock
from snellen.stats import MapSummary, WeightUpdate
from snellen.symptoms.phases import number
from snellen.symptoms.update.oversized_updates import living_drift

EARLY = 20
"""Steps within which a rate that is too high shows (CATALOGUE C20)."""


@dataclass(frozen=True)
class Drift:
    """The largest shift of a layer's median pre-activation by one step."""

    size: float
    """κ, in standard deviations of the pre-activation."""
    step: int
    layer: str


@lru_cache(maxsize=8)
def largest_drift(case: Case, *, within: int = EARLY) -> Drift | None:
    """Over the hidden layers and the steps seen among the first `within`; `None` where none was
    measured."""
    seen: list[Drift] = []
    for layer in case.hidden:
        for entry in case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE):
            size = living_drift(case.subject, layer, entry) if entry.step < within else np.nan
            if np.isfinite(size):
                seen.append(Drift(float(size), entry.step, layer.name))
    return max(seen, key=lambda drift: drift.size, default=None)


@dataclass(frozen=True)
class Steps:
    """Relative updates u = ‖ΔW‖ / ‖W‖ of kernels."""

    median: float
    """Over hidden layers and steps seen; NaN without any."""
    by_layer: tuple[tuple[str, float], ...]
    """Each hidden layer's median over the steps seen."""
    late: float
    """Median over layers of the steps seen in the second half; NaN without any."""

    @property
    def largest(self) -> float:
        """That of the layer that moves most."""
        return max((size for _, size in self.by_layer), default=float("nan"))


@lru_cache(maxsize=8)
def steps_taken(case: Case) -> Steps | None:
    """`None` where no update was measured."""
    half = case.subject.steps / 2
    sizes: list[float] = []
    late: list[float] = []
    by_layer: list[tuple[str, float]] = []
    for layer in case.weighted if not case.hidden else case.hidden:
        if not layer.trainable:
            continue
        history = case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        own = [(e.step, e.value.relative_update) for e in history]
        own = [(step, size) for step, size in own if np.isfinite(size)]
        if own:
            by_layer.append((layer.name, float(np.median([size for _, size in own]))))
            sizes += [size for _, size in own]
            late += [size for step, size in own if step >= half]
    if not sizes:
        return None
    return Steps(
        float(np.median(sizes)), tuple(by_layer), float(np.median(late)) if late else float("nan")
    )


@dataclass(frozen=True)
class Gradients:
    """Relative gradients r = ‖∂L/∂W‖ / ‖W‖ of the hidden layers, in the order of the network."""

    layers: tuple[str, ...]
    first: tuple[float, ...]
    """At the first step seen."""
    last: tuple[float, ...]
    """Median over the steps seen in the second half."""


@lru_cache(maxsize=8)
def gradients(case: Case) -> Gradients | None:
    """`None` unless two layers' gradients were seen."""
    half = case.subject.steps / 2
    names: list[str] = []
    first: list[float] = []
    last: list[float] = []
    for layer in case.hidden:
        history = case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        own = [(e.step, e.value.relative_gradient) for e in history]
        own = [(step, size) for step, size in own if np.isfinite(size)]
        if not own:
            continue
        names.append(layer.name)
        first.append(own[0][1])
        late = [size for step, size in own if step >= half] or [own[-1][1]]
        last.append(float(np.median(late)))
    return Gradients(tuple(names), tuple(first), tuple(last)) if len(names) > 1 else None


def learning_rates(case: Case) -> list[float]:
    """The learning rates in force at the captured steps, in their order; the last known one alone
    where none was written down."""
    seen = [
        float(value)
        for moment in case.subject.moments
        if isinstance(value := moment.facts.get("learning_rate"), int | float)
        and not isinstance(value, bool)
    ]
    if seen:
        return seen
    known = number(case.subject, "learning_rate")
    return [] if known is None else [known]


def bias_jump(case: Case) -> float:
    """How far, in standard deviations before training, the mean pre-activation of the channels
    that are silent at the end has moved since: the median over them; NaN without any."""
    moved: list[float] = []
    for layer in case.hidden:
        before = case.subject.history(layer.name, MapSummary, "pre")
        after = case.subject.last(layer.name, MapSummary, "post")
        if len(before) < 2 or after is None or not before[0].value.images:
            continue
        start, end = before[0].value, before[-1].value
        if not end.images or end.channels != after.value.channels != start.channels:
            continue
        kept = after.value.silent & (start.variance > 0)
        if kept.any():
            spread = np.sqrt(start.variance[kept])
            moved += list((end.mean[kept] - start.mean[kept]) / spread)
    return float(np.median(moved)) if moved else float("nan")
