"""S19 frozen-representation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import Similarity, WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, threshold
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import amount, count


@dataclass(frozen=True)
class Standstill:
    """Weights and maps that are what they were before training."""

    layers: int
    """Layers that stand still."""
    of: int
    """Trainable layers with weights."""
    moved: float
    """‖W − W₀‖ / ‖W₀‖, the largest of these layers."""
    elsewhere: float
    """The largest of the other layers; NaN where there are none."""
    similarity: float
    """Least similarity of their maps between consecutive looks; NaN where it was not measured."""
    steps: int
    allowed: float

    def sentence(self) -> str:
        which = (
            f"all {count(self.of, 'layer')} with weights"
            if self.layers == self.of
            else f"{self.layers} of {count(self.of, 'layer')} with weights"
        )
        others = f", others by up to {amount(self.elsewhere)}" if self.layers < self.of else ""
        maps = (
            f"; the maps stayed the same from look to look (similarity {amount(self.similarity)})"
            if np.isfinite(self.similarity)
            else ""
        )
        return (
            f"{which} moved by at most {amount(self.moved)} of their norm in "
            f"{count(self.steps, 'step')}{others}{maps} (allowed: at least {amount(self.allowed)})"
        )


@dataclass(frozen=True)
class FrozenRepresentation(Symptom):
    """Layers that training has not changed, though it was meant to.

    ## What it finds
    Trainable layers whose weights moved by less than a thousandth of their norm since before
    training, after an epoch at least, and whose maps of the probe images stayed the same from look
    to look (unbiased linear CKA above 0.999). It reports the first of them and counts the others.

    ## Why it matters
    What does not move does not learn: the layer is what the initialisation made it.

    ## Common causes
    All layers: a learning rate far too small, a schedule that starts near zero, parameters that the
    optimiser does not hold. The first layers only: vanishing gradients. From some step on: a layer
    behind it that died.

    ## What looks similar
    Layers that were frozen on purpose are not judged. Fine-tuning with a tiny learning rate moves
    little by intent, and very wide networks learn with little movement: where the training goes
    well it is a note. Dead layers have maps that never change too, so the weights decide.

    ## Example
    Adam with a learning rate of 1e-8: after ten epochs the weights moved by 4e-6.

    ## References
    - Chizat et al., On Lazy Training in Differentiable Programming, 2019,
      https://arxiv.org/abs/1812.07956
    - Kornblith et al., Similarity of Neural Network Representations Revisited, 2019,
      https://arxiv.org/abs/1905.00414
    """

    code = "S19"
    name = "frozen-representation"
    since = "0.1"
    reads = (WeightState, Similarity)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    learning_only = True

    min_movement: float = threshold(
        1e-3,
        unit="‖W − W₀‖ / ‖W₀‖",
        because="layers of healthy networks moved by 5% and more",
    )
    max_similarity: float = threshold(
        0.999, unit="unbiased linear CKA between looks", because="what learns drops below it"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        moved: dict[str, tuple[Layer, float, int]] = {}
        for layer in subject.layers:
            if not layer.weighted or not layer.trainable:
                continue
            last = subject.last(layer.name, WeightState)
            if last is None or last.step == 0 or not np.isfinite(last.value.moved):
                continue
            moved[layer.name] = (layer, last.value.moved, last.step)
        if not moved:
            return
        still = {
            name
            for name, (layer, by, _) in moved.items()
            if by < self.min_movement and self._same(subject, layer)
        }
        for name, (_, _, step) in moved.items():
            if name not in still:
                yield Healthy(name, at=step)
        if still:
            yield self._suspicion(subject, moved, still)

    def _suspicion(
        self, subject: Subject, moved: dict[str, tuple[Layer, float, int]], still: set[str]
    ) -> Suspicion:
        at = max(step for _, _, step in moved.values())
        first = next(name for name in moved if name in still)
        rest = [by for name, (_, by, _) in moved.items() if name not in still]
        known = [_least_similarity(subject, moved[name][0]) for name in still]
        return Suspicion(
            "" if len(still) == len(moved) else first,
            Severity.WARNING,
            Standstill(
                layers=len(still),
                of=len(moved),
                moved=max(moved[name][1] for name in still),
                elsewhere=max(rest, default=nan),
                similarity=min((c for c in known if np.isfinite(c)), default=nan),
                steps=at,
                allowed=self.min_movement,
            ),
            step=0,
            at=at,
        )

    def _same(self, subject: Subject, layer: Layer) -> bool:
        """Whether its maps never changed from look to look, as far as that was measured.

        A head's maps change with the layers before it, whatever its own weights do.
        """
        least = _least_similarity(subject, layer)
        return layer.head or not np.isfinite(least) or least >= self.max_similarity


def _least_similarity(subject: Subject, layer: Layer) -> float:
    history = subject.history(layer.name, Similarity, part_of(layer))
    known = [e.value.cka for e in history if np.isfinite(e.value.cka)]
    return min(known) if known else float("nan")
