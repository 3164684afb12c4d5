"""S24 filter-norm-collapse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.phases import Phase
from snellen.symptoms.wording import amount, percent


@dataclass(frozen=True)
class Collapse:
    """Filters that shrank to nearly nothing."""

    filters: int
    of: int
    median: float
    """Median over those filters of what is left: the norm over the initial norm, or the scale
    |γ|."""
    of_gain: bool
    """The scale of the normalisation is meant, and not the norm of the filter."""
    limit: float
    """Below which a filter counts as collapsed."""
    step: int
    allowed: float

    def sentence(self) -> str:
        what = (
            f"have a normalisation scale |γ| below {amount(self.limit)} (median "
            f"{amount(self.median)})"
            if self.of_gain
            else f"shrank below {percent(self.limit)} of their initial norm "
            f"(median {percent(self.median)})"
        )
        return (
            f"{self.filters} of {self.of} filters {what} by step {self.step} "
            f"(allowed: {percent(self.allowed)} of the filters)"
        )


@dataclass(frozen=True)
class FilterNormCollapse(Symptom):
    """Filters whose weights shrank to nearly nothing.

    ## What it finds
    Filters whose norm fell below 5% of what it was before the first step. In front of a
    normalisation the norm of a filter does not matter, so there the scale |γ| of the normalisation
    is judged.

    ## Why it matters
    Such filters put out almost zero whatever the image, and so does every layer behind them: the
    network is pressed towards a constant answer.

    ## Common causes
    Weight decay or an L1 or L2 penalty that is stronger than the gradient, often together with
    small initial weights; with Adam, a penalty inside the loss is scaled up along with small
    gradients.

    ## What looks similar
    With a normalisation behind them small filters are harmless. Scales that begin at zero, as at
    the end of residual branches, are left out until they have grown. Filters may be made small on
    purpose, by pruning or a sparsity penalty. Frozen layers are left out.

    ## Example
    Adam with `weight_decay=0.01` (coupled) on a plain network in PyTorch's initialisation: after
    ten epochs every filter has less than 1% of its initial norm, and the loss is that of guessing.

    ## References
    - Mehta et al., On Implicit Filter Level Sparsity in Convolutional Neural Networks, 2019,
      https://arxiv.org/abs/1811.12495
    - Kosson et al., Rotational Equilibrium: How Weight Decay Balances Learning Across Neural
      Networks, 2023, https://arxiv.org/abs/2305.17212
    """

    code = "S24"
    name = "filter-norm-collapse"
    since = "0.1"
    reads = (WeightState,)
    phases = frozenset({Phase.WARM_UP, Phase.EARLY, Phase.LATE})
    learning_only = True

    collapsed: float = threshold(
        0.05,
        unit="norm over initial norm",
        because="healthy filters kept 1.0 to 2.3, those of collapsed trainings 0.01 and less",
    )
    collapsed_gain: float = threshold(
        1e-2, unit="|γ|", because="a hundredth of the scale that a normalisation begins with"
    )
    max_share: float = threshold(
        0.3, unit="share of filters", because="healthy networks had none, collapsed ones all"
    )
    error_share: float = threshold(
        0.9, unit="share of filters", because="hardly any filter of the layer is left"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if layer.weighted:
                yield from self._opinions(layer, subject.history(layer.name, WeightState))

    def _opinions(self, layer: Layer, checks: tuple[Entry[WeightState], ...]) -> Iterable[Opinion]:
        if not checks:
            yield Unjudged(layer.name, "a look at its weights")
            return
        size = len(self._left(layer, checks[-1].value))
        if layer.normalised and not size:
            return
        checks = tuple(c for c in checks if len(self._left(layer, c.value)) == size)
        left = [self._left(layer, e.value) for e in checks]
        limit = self.collapsed_gain if layer.normalised else self.collapsed
        judged = np.isfinite(left[-1])
        if layer.normalised and (checks[0].step == 0 or layer.residual):
            # Scales that never were above the limit began at zero: nothing collapsed.
            judged &= np.nanmax(np.array(left), axis=0, initial=0.0) >= limit
        gone = judged & (left[-1] < limit)
        count, of, last = int(gone.sum()), len(judged), checks[-1].step
        if not judged.any() and not layer.normalised:
            yield Unjudged(layer.name, "filters that did not begin at zero")
        elif count == 0 or count < self.max_share * of:
            yield Healthy(layer.name, at=last)
        else:
            yield Suspicion(
                layer.name,
                Severity.ERROR if count >= self.error_share * of else Severity.WARNING,
                Collapse(
                    count,
                    of,
                    float(np.median(left[-1][gone])),
                    layer.normalised,
                    limit,
                    last,
                    self.max_share,
                ),
                tuple(int(c) for c in np.flatnonzero(gone)),
                self._onset(checks, left, gone, limit),
                at=last,
            )

    def _left(self, layer: Layer, state: WeightState) -> npt.NDArray[np.float64]:
        return np.abs(state.gain) if layer.normalised else state.growth

    def _onset(
        self,
        checks: tuple[Entry[WeightState], ...],
        left: list[npt.NDArray[np.float64]],
        gone: npt.NDArray[np.bool_],
        limit: float,
    ) -> int:
        """The check from which on at least the allowed share stayed collapsed."""
        step = checks[-1].step
        for check, values in zip(reversed(checks), reversed(left), strict=True):
            if np.sum(values[gone] < limit) < self.max_share * len(gone):
                break
            step = check.step
        return step
