"""S19 frozen-representation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    """Layers that stand still; 1 for a single one."""
    of: int
    """Trainable layers with weights."""
    moved: float
    """‖W − W₀‖ / ‖W₀‖, the largest of these layers."""
    elsewhere: float
    """The largest of the other layers; NaN where there are none."""
    similarity: float
    """Least similarity of the maps between consecutive looks; NaN where it was not measured."""
    steps: int
    allowed: float

    def sentence(self) -> str:
        same = (
            f"its maps never changed between looks (similarity {amount(self.similarity)}); "
            if np.isfinite(self.similarity) and self.layers == 1
            else ""
        )
        which = (
            f"all {count(self.layers, 'layer')} moved"
            if self.layers == self.of
            else "the layer moved"
        )
        others = f"others up to {amount(self.elsewhere)}; " if np.isfinite(self.elsewhere) else ""
        return (
            f"{which} by {amount(self.moved)} of the weights' norm in {count(self.steps, 'step')}; "
            f"{others}{same}allowed: at least {amount(self.allowed)}"
        )


@dataclass(frozen=True)
class FrozenRepresentation(Symptom):
    """Layers that training has not changed, though it was meant to.

    ## What it finds
    Trainable layers whose weights moved by less than a thousandth of their norm since before
    training, after an epoch at least, and whose maps of the probe images stayed the same from look
    to look (unbiased linear CKA above 0.999). Where that is true of every layer it says so once.

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
        at = max(step for _, _, step in moved.values())
        if still == set(moved):
            largest = max(by for _, by, _ in moved.values())
            yield self._suspicion("", len(moved), len(moved), largest, float("nan"), subject, at)
            return
        elsewhere = max(by for name, (_, by, _) in moved.items() if name not in still)
        for name, (layer, by, step) in moved.items():
            if name in still:
                yield self._suspicion(name, 1, len(moved), by, elsewhere, subject, step)
            else:
                yield Healthy(layer.name, at=step)

    def _suspicion(
        self,
        place: str,
        layers: int,
        of: int,
        moved: float,
        other: float,
        subject: Subject,
        at: int,
    ) -> Suspicion:
        similarity = _least_similarity(subject, subject.layer(place)) if place else float("nan")
        return Suspicion(
            place,
            Severity.WARNING,
            Standstill(layers, of, moved, other, similarity, at, self.min_movement),
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
