"""The signal from layer to layer: how strong the maps are going forward, and the gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snellen.core import Layer
from snellen.record import Clock, Subject
from snellen.report.health import shown_part
from snellen.stats import MapSummary, WeightUpdate
from snellen.symptoms.gradient.vanishing_gradients import VanishingGradients
from snellen.symptoms.signal.forward_signal import ForwardSignal

FORWARD_LOW, FORWARD_HIGH = ForwardSignal().min_overall, ForwardSignal().max_overall
BACKWARD_LOW = VanishingGradients().max_decay


@dataclass(frozen=True)
class Reading:
    """One layer at one step."""

    layer: str
    step: int
    value: float


@dataclass(frozen=True)
class Band:
    """Where values raise no suspicion, by the rules of `symptom`."""

    symptom: str
    low: float
    high: float | None
    """`None`: the rule has no upper limit."""


@dataclass(frozen=True)
class Signal:
    """Values that are not finite or not above zero are left out: a logarithmic axis has no place
    for them."""

    activations: tuple[Reading, ...]
    """Root mean square of each layer's maps, before training and at the last look."""
    gradients: tuple[Reading, ...]
    """‖∂L/∂W‖ / ‖W‖ of each layer, at the first and the last captured step."""
    forward: Band | None
    backward: Band | None
    left_out: int
    """Gradients that are not there for that."""


def signal(subject: Subject) -> Signal:
    activations = [r for layer in subject.layers for r in _activations(subject, layer)]
    gradients = [r for layer in subject.layers for r in _gradients(subject, layer)]
    seen = [len(_ends(subject, layer)) for layer in subject.layers]
    first = activations[0].value if activations else None
    last = gradients[-1].value if gradients else None
    return Signal(
        activations=tuple(activations),
        gradients=tuple(gradients),
        forward=Band("S08", first * FORWARD_LOW, first * FORWARD_HIGH) if first else None,
        backward=Band("S10", last * BACKWARD_LOW, None) if last else None,
        left_out=sum(seen) - len(gradients),
    )


def _activations(subject: Subject, layer: Layer) -> list[Reading]:
    looks = subject.history(layer.name, MapSummary, shown_part(subject, layer))
    ends = {e.step: e.value.rms for e in (*looks[:1], *looks[-1:])}
    return _positive(layer, ends)


def _gradients(subject: Subject, layer: Layer) -> list[Reading]:
    return _positive(layer, _ends(subject, layer))


def _ends(subject: Subject, layer: Layer) -> dict[int, float]:
    """The relative gradient at the first and the last captured step; NaN where it was not seen."""
    updates = subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
    return {e.step: e.value.relative_gradient for e in (*updates[:1], *updates[-1:])}


def _positive(layer: Layer, values: dict[int, float]) -> list[Reading]:
    return [
        Reading(layer.name, step, value)
        for step, value in values.items()
        if np.isfinite(value) and value > 0
    ]
