"""S22 oversized-updates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Clock, Entry, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.optimiser import rotation
from snellen.symptoms.phases import timeline
from snellen.symptoms.structure import zeroes
from snellen.symptoms.wording import amount, percent


def _of_size(share: float) -> str:
    """A share of the weights' size: in percent, or as a multiple where percents grow absurd."""
    return f"{percent(share)} of" if share < 10 else f"{amount(share)} times"


@dataclass(frozen=True)
class Drift:
    """One step that shifted a layer's pre-activations by more than their spread."""

    drift: float
    """κ: median over living channels of the shift in standard deviations."""
    step: int
    steps: int
    """Steps seen that exceeded what is allowed, of `of`."""
    of: int
    relative_update: float
    """‖ΔW‖ / ‖W‖ of the worst step; NaN when not measured."""
    allowed: float

    def sentence(self) -> str:
        size = (
            f"; the weights changed by {_of_size(self.relative_update)} their size"
            if np.isfinite(self.relative_update)
            else ""
        )
        return (
            f"step {self.step} shifted the median channel's pre-activation by "
            f"{amount(self.drift)} standard "
            f"deviations{size} (allowed: {amount(self.allowed)}; exceeded at {self.steps} of "
            f"{self.of} "
            "steps seen)"
        )


@dataclass(frozen=True)
class RelativeUpdate:
    """Steps that changed a layer's weights by too large a share of themselves."""

    median: float
    """Median of ‖ΔW‖ / ‖W‖ over the steps seen after the warm-up; NaN when none was."""
    largest: float
    step: int
    of: int
    allowed_median: float
    allowed: float

    def sentence(self) -> str:
        usual = f", {percent(self.median)} in the median" if np.isfinite(self.median) else ""
        return (
            f"a step changed the weights by up to {_of_size(self.largest)} their size, at step "
            f"{self.step}{usual} of {self.of} steps seen (allowed: {percent(self.allowed)} once, "
            f"{percent(self.allowed_median)} in the median after the warm-up)"
        )


SEVERAL = 3
"""Steps beyond the limit that are no accident."""


@dataclass(frozen=True)
class OversizedUpdates(Symptom):
    """Optimiser steps too large for the layer they change.

    ## What it finds
    Two sizes of a step, per layer. κ (a measure of this project's own): by how many standard
    deviations one step shifts the mean pre-activation of the median channel. And the plain ratio
    ‖ΔW‖ / ‖W‖ of kernels.

    ## Why it matters
    A shift of more than a standard deviation in one step throws a rectified channel to one side of
    zero; on the negative side it never returns. Wide layers behind inputs that are not centred are
    hit first, since all their input weights move together.

    ## Common causes
    A learning rate too high for the width of the layer; Adam's first steps, which move every weight
    by the full learning rate; inputs from 0 to 255; small initial weights.

    ## What looks similar
    Weights in front of a normalisation only turn, and settle at a ratio of √(2ηλ) under weight
    decay; their limit is that, and a shift is taken back by the normalisation, so more is allowed.
    Weights that begin at zero have no ratio yet. Dead channels have no spread, so any shift looks
    infinite: they are left out. A head learns the class shares by shifting its outputs: κ is not
    judged there.

    ## Example
    `Conv 64 → 128 → 256 → 512` with Adam at 1e-3: κ of the first step is 0.1, 0.4, 0.8 and 1.5, and
    after five epochs 78% of the last layer's channels are dead.

    ## References
    - Kosson et al., Rotational Equilibrium: How Weight Decay Balances Learning Across Neural
      Networks, 2023, https://arxiv.org/abs/2305.17212
    - Karpathy, CS231n course notes, https://cs231n.github.io/neural-networks-3/
    """

    code = "S22"
    name = "oversized-updates"
    since = "0.1"
    reads = (WeightUpdate, WeightState, MapSummary)
    learning_only = True

    max_drift: float = threshold(
        1.0,
        unit="standard deviations per step (κ)",
        because="first steps up to 1.0 ended with 8% dead channels at most, 1.3 and more with 10%",
    )
    error_drift: float = threshold(
        3.0,
        unit="standard deviations per step (κ)",
        because="first steps of 3 to 31 ended with 35 to 82% dead channels",
    )
    evident_drift: float = threshold(
        20.0,
        unit="standard deviations per step (κ), at three steps or more",
        because="twice the largest step of any healthy network: all that was learnt is thrown over",
    )
    normalised_factor: float = threshold(
        3.0,
        unit="times as much κ before a normalisation",
        because="normalised networks had no dead channels at 0.8, a third at 8",
    )
    max_update: float = threshold(
        1e-1,
        unit="‖ΔW‖ / ‖W‖ of any step after the warm-up",
        because="healthy steps lie between 1e-4 and 1e-2",
    )
    max_first_update: float = threshold(
        1.0,
        unit="‖ΔW‖ / ‖W‖ of a step in the warm-up, or of a head",
        because="Adam's first step changed wide dense layers of healthy networks by 15%",
    )
    max_median_update: float = threshold(
        3e-2,
        unit="‖ΔW‖ / ‖W‖, median after the warm-up",
        because="healthy steps lie between 1e-4 and 1e-2",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if layer.weighted:
                yield self._opinion(subject, layer)

    def _opinion(self, subject: Subject, layer: Layer) -> Opinion:
        updates = _updates(subject, layer)
        if not updates:
            return Unjudged(layer.name, "an update seen while training")
        drifting = None if layer.head else self._drift(subject, layer, updates)
        return drifting or self._ratio(subject, layer, updates) or Healthy(layer.name)

    def _drift(
        self, subject: Subject, layer: Layer, updates: tuple[Entry[WeightUpdate], ...]
    ) -> Suspicion | None:
        kinder = self.normalised_factor if layer.normalised else 1.0
        seen = [(living_drift(subject, layer, u), u) for u in updates]
        seen = [(k, u) for k, u in seen if not np.isnan(k)]
        over = [(k, u) for k, u in seen if k > kinder * self.max_drift]
        if not over:
            return None
        worst, update = max(over, key=lambda pair: pair[0])
        return Suspicion(
            layer.name,
            Severity.ERROR if worst > kinder * self.error_drift else Severity.WARNING,
            Drift(
                worst,
                update.step,
                len(over),
                len(seen),
                update.value.relative_update,
                kinder * self.max_drift,
            ),
            step=over[0][1].step,
            at=update.step,
            # What a normalisation takes back shifted nothing.
            evident=not layer.normalised
            and len(over) >= SEVERAL
            and _largest_finite(over) > self.evident_drift,
        )

    def _ratio(
        self, subject: Subject, layer: Layer, updates: tuple[Entry[WeightUpdate], ...]
    ) -> Suspicion | None:
        settling = 3 * rotation(subject) if layer.normalised else 0.0
        usual = max(self.max_median_update, settling)
        if layer.head:
            # Adam moves a head of many inputs by 3% and more a step for as long as it learns.
            usual = self.max_first_update
        start, least = timeline(subject).warm_up_end, _least_norm(subject, layer)
        sizes = [
            (u.value.relative_update, u)
            for u in updates
            if u.value.weight_norm > least and not np.isnan(u.value.relative_update)
        ]
        late = [size for size, u in sizes if u.step >= start]
        median = float(np.median(late)) if late else float("nan")

        def limit(step: int) -> float:
            early = layer.head or step < start
            return max(self.max_first_update if early else self.max_update, settling)

        over = [(size, u) for size, u in sizes if size > limit(u.step)]
        if not over and not median > usual:
            return None
        shown = over or [(size, u) for size, u in sizes if u.step >= start and size > usual]
        largest, update = max(shown, key=lambda pair: pair[0])
        return Suspicion(
            layer.name,
            Severity.WARNING,
            RelativeUpdate(median, largest, update.step, len(sizes), usual, limit(update.step)),
            step=shown[0][1].step,
            at=update.step,
        )


def _largest_finite(over: list[tuple[float, Entry[WeightUpdate]]]) -> float:
    """Of maps without any spread every shift is infinite: it says nothing of its size."""
    return max((drift for drift, _ in over if np.isfinite(drift)), default=0.0)


def living_drift(subject: Subject, layer: Layer, update: Entry[WeightUpdate]) -> float:
    """κ of a layer at one step: the median over channels that lived before it; NaN where most did
    not."""
    drift = update.value.drift
    maps = [e for e in subject.history(layer.name, MapSummary, "post") if e.step <= update.step]
    alive: npt.NDArray[np.bool_] = np.ones(len(drift), np.bool_)
    if zeroes(layer) and maps and maps[-1].value.channels == len(drift) and maps[-1].value.images:
        alive = ~maps[-1].value.silent
    if not len(drift) or alive.mean() <= 0.2:
        return float("nan")
    kept = drift[alive & ~np.isnan(drift)]
    return float(np.median(kept)) if len(kept) else float("nan")


def _updates(subject: Subject, layer: Layer) -> tuple[Entry[WeightUpdate], ...]:
    """Steps whose update was measured, of either clock."""
    for clock in (Clock.INLINE, Clock.PROBE):
        seen = subject.history(layer.name, WeightUpdate, "", clock)
        kept = tuple(e for e in seen if not np.isnan(e.value.relative_update) or len(e.value.drift))
        if kept:
            return kept
    return ()


def _least_norm(subject: Subject, layer: Layer) -> float:
    """Weight norm below which a ratio to it means nothing: weights that began at, or near, zero."""
    state = subject.last(layer.name, WeightState)
    begun = float(np.linalg.norm(state.value.initial_norm)) if state else 0.0
    if begun > 0 or not layer.weight_shape:
        return 1e-3 * begun
    size = float(np.prod(layer.weight_shape))
    fan_in = max(1.0, float(np.prod(layer.weight_shape[1:])))
    return 0.1 * float(np.sqrt(2 / fan_in * size))
