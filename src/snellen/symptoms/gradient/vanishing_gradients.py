"""S10 vanishing-gradients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Clock, Entry, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.depth import DepthFit, fit
from snellen.symptoms.finite import median
from snellen.symptoms.optimiser import adaptive, epsilon
from snellen.symptoms.phases import Phase, number
from snellen.symptoms.structure import hidden, zeroes
from snellen.symptoms.wording import amount, percent


@dataclass(frozen=True)
class FadingGradient:
    """First layers that hardly moved while the last ones did, and the gradients that explain it."""

    moved_first: float
    """Median of ‖W − W₀‖ / ‖W₀‖ over the first third of the layers."""
    moved_last: float
    """The same over the last third."""
    ratio: float
    """Relative gradient of the first layer over that of the last."""
    factor: float
    """Relative gradient of a layer over that of the layer behind it, as fitted."""
    r_squared: float
    layers: int
    first_rms: float
    """Root mean square of the first layer's kernel gradient."""
    reason: str
    """`depth`: a steady decay; `epsilon`: below the optimiser's ε; `step`: too small to move a
    weight."""
    allowed: float
    allowed_moved: float

    def sentence(self) -> str:
        why = {
            "depth": (
                f"the relative gradient falls by a factor of {amount(self.factor)} per layer "
                f"towards the "
                f"input, to {amount(self.ratio)} of the last layer's (allowed: "
                f"{amount(self.allowed)})"
            ),
            "epsilon": (
                f"the first layer's gradient has a root mean square of {amount(self.first_rms)} "
                f"(allowed: {amount(self.allowed)}, ten times the optimiser's ε)"
            ),
            "step": (
                f"one step moves the first layer's weights by {amount(self.ratio)} of their size "
                f"(allowed: {amount(self.allowed)})"
            ),
        }[self.reason]
        return (
            f"the first third of {self.layers} layers moved by {percent(self.moved_first)} of "
            f"their weights "
            f"(allowed: {percent(self.allowed_moved)}), the last third by "
            f"{percent(self.moved_last)}: {why}"
        )


@dataclass(frozen=True)
class VanishingGradients(Symptom):
    """First layers that stop learning because too little gradient reaches them.

    ## What it finds
    Networks whose first third stayed as initialised while the last third learned, and where the
    gradients say why: they decay steadily over the depth to less than 1/10 000, or they are so
    small that the optimiser's own ε or step size swallows them. All of it must hold together.

    ## Why it matters
    The last layers then learn from maps that are as random as on the first day; often they learn
    nothing but the class shares.

    ## Common causes
    Many sigmoid layers (each passes at most a quarter of the gradient); many layers in an
    initialisation that shrinks the signal; no skip connections and no normalisation.

    ## What looks similar
    A small ratio alone is no fault: networks at 1/30 000 learned under Adam. Dead channels block
    the gradient entirely: then this is not judged. If all layers stay put, the learning rate is too
    small. Frozen layers are left out. In a network that has converged every gradient is small, but
    its layers moved. In ReLU networks without biases the ratio cannot show a decay that is the same
    for all layers; the ε rule can.

    ## Example
    Twelve convolutions with sigmoids: the gradient falls by a factor of 0.14 to 0.22 per layer, the
    first layers never move.

    ## References
    - Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    - He et al., Delving Deep into Rectifiers, 2015, https://arxiv.org/abs/1502.01852
    - Yang et al., A Mean Field Theory of Batch Normalization, 2019,
      https://arxiv.org/abs/1902.08129
    """

    code = "S10"
    name = "vanishing-gradients"
    since = "0.1"
    reads = (WeightUpdate, WeightState, MapSummary)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    learning_only = True

    max_decay: float = threshold(
        1e-4,
        unit="relative gradient of the first layer over that of the last",
        because="networks at 5e-3 to 3e-5 still learned under Adam, at 6e-6 none did",
    )
    min_fit: float = threshold(
        0.8, unit="R² of the decay over depth", because="a steady decay, not one odd layer"
    )
    epsilon_margin: float = threshold(
        10.0,
        unit="times the optimiser's ε",
        because="Adam's step shrinks with the gradient once that comes near ε",
    )
    min_relative_step: float = threshold(
        1e-7,
        unit="learning rate times relative gradient, SGD",
        because="such a step is at the rounding of float32",
    )
    max_moved: float = threshold(
        1e-2,
        unit="‖W − W₀‖ / ‖W₀‖ of the first third",
        because="layers that learned moved by a tenth and more",
    )
    min_moved_last: float = threshold(
        5e-2,
        unit="‖W − W₀‖ / ‖W₀‖ of the last third",
        because="if nothing moves, the step size is at fault and not the depth",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in hidden(subject) if x.weighted and x.trainable]
        if len(layers) < 3:
            return
        first = layers[0].name
        updates = {x.name: updates_of(subject, x) for x in layers}
        if sum(len(u) >= 3 for u in updates.values()) < len(layers):
            yield Unjudged(first, "gradients at three steps after the first")
            return
        moved = [_moved(subject, x) for x in layers]
        at = (
            subject.history(first, WeightState)[-1].step
            if subject.history(first, WeightState)
            else 0
        )
        if not np.isfinite(moved).any():
            yield Unjudged(first, "how far the weights moved")
            return
        blocked = _blocked(subject, layers)
        if blocked:
            yield Unjudged(first, f"a gradient that gets past {blocked}, whose channels are dead")
            return
        third = max(1, len(layers) // 3)
        moved_first, moved_last = median(moved[:third]), median(moved[-third:])
        stayed = moved_first < self.max_moved
        told_apart = moved_last > self.min_moved_last or moved_last > 10 * moved_first
        decay = self._decay(subject, layers, updates) if stayed and told_apart else None
        if decay is None:
            yield Healthy(first, at=at)
            return
        reason, law, ratio, rms, allowed = decay
        yield Suspicion(
            first,
            Severity.ERROR if moved_first < 0.1 * self.max_moved else Severity.WARNING,
            FadingGradient(
                moved_first,
                moved_last,
                ratio,
                1 / law.factor if law else float("nan"),
                law.r_squared if law else float("nan"),
                len(layers),
                rms,
                reason,
                allowed,
                self.max_moved,
            ),
            step=updates[first][0].step,
            at=at,
        )

    def _decay(
        self,
        subject: Subject,
        layers: list[Layer],
        updates: dict[str, tuple[Entry[WeightUpdate], ...]],
    ) -> tuple[str, DepthFit | None, float, float, float] | None:
        """Why the first layers get too little gradient, or `None`: they get enough."""
        relative = [median([u.value.relative_gradient for u in updates[x.name]]) for x in layers]
        rms = median([u.value.gradient_rms for u in updates[layers[0].name]])
        if not relative[0] > 0:
            return None
        law = fit(relative)
        ratio = relative[0] / relative[-1] if relative[-1] > 0 else float("nan")
        if law and ratio < self.max_decay and law.r_squared >= self.min_fit:
            return "depth", law, ratio, rms, self.max_decay
        if adaptive(subject):
            limit = self.epsilon_margin * epsilon(subject)
            return ("epsilon", law, ratio, rms, limit) if rms < limit else None
        rate = number(subject, "learning_rate")
        plain = "sgd" in str(subject.facts.get("optimizer") or "").lower()
        if plain and rate is not None and rate * relative[0] < self.min_relative_step:
            return "step", law, rate * relative[0], rms, self.min_relative_step
        return None


def updates_of(subject: Subject, layer: Layer, after: int = 0) -> tuple[Entry[WeightUpdate], ...]:
    """The layer's gradients after this step, of the training or, where those are hidden, of the
    probe.

    Those of the first step are left out: normalised networks and branches that begin at zero have
    untypical ones there.
    """
    for clock in (Clock.INLINE, Clock.PROBE):
        seen = subject.history(layer.name, WeightUpdate, "", clock)
        kept = tuple(e for e in seen if e.step > after and np.isfinite(e.value.gradient_norm))
        if kept:
            return kept
    return ()


def _moved(subject: Subject, layer: Layer) -> float:
    state = subject.last(layer.name, WeightState)
    return state.value.moved if state else float("nan")


def _blocked(subject: Subject, layers: list[Layer]) -> str:
    """The first layer whose channels are (nearly) all dead: no gradient gets past it."""
    for layer in layers:
        maps = subject.last(layer.name, MapSummary, "post")
        if zeroes(layer) and maps and maps.value.images and maps.value.silent.mean() >= 0.95:
            return layer.name
    return ""
