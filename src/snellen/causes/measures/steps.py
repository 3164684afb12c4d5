"""How large the optimiser's steps were, beside the weights and beside the maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.record import Clock
from snellen.stats import MapSummary, WeightUpdate
from snellen.symptoms.update.oversized_updates import living_drift
from snellen.symptoms.wording import amount

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
class FrontToBack:
    """The relative gradient r = ‖∂L/∂W‖ / ‖W‖ of the first hidden layer over the last one's, at the
    first step seen."""

    ratio: float
    first: str
    last: str

    def sentence(self) -> str:
        return (
            f"at first the relative gradient of {self.first} was {amount(self.ratio)} times that "
            f"of {self.last} (usual: 0.1 to 10)"
        )


def front_to_back(case: Case) -> FrontToBack | None:
    """`None` unless two layers' gradients were seen, and one of them was above zero."""
    seen: list[tuple[str, float]] = []
    for layer in case.hidden:
        history = case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        own = [e.value.relative_gradient for e in history]
        own = [size for size in own if np.isfinite(size)]
        if own:
            seen.append((layer.name, own[0]))
    if len(seen) < 2 or max(size for _, size in seen) <= 0:
        return None
    (first, front), (last, back) = seen[0], seen[-1]
    return FrontToBack(front / max(back, 1e-300), first, last)


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
        if not end.images or not start.channels == end.channels == after.value.channels:
            continue
        kept = after.value.silent & (start.variance > 0)
        if kept.any():
            spread = np.sqrt(start.variance[kept])
            moved += list((end.mean[kept] - start.mean[kept]) / spread)
    return float(np.median(moved)) if moved else float("nan")
