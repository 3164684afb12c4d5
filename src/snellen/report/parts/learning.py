"""How a layer's weights and gradients went, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snellen.core import Layer
from snellen.record import Clock, Subject
from snellen.stats import WeightState, WeightUpdate


@dataclass(frozen=True)
class Learning:
    """Points as `(step, value)` in step order; what is not finite is left out."""

    moved: tuple[tuple[int, float], ...]
    """‖W − W₀‖ / ‖W₀‖."""
    norm: tuple[tuple[int, float], ...]
    """‖W‖ of the filters that were kept."""
    update: tuple[tuple[int, float], ...]
    """‖ΔW‖ / ‖W‖ of single steps."""
    gradient: tuple[tuple[int, float], ...]
    """‖∂L/∂W‖ / ‖W‖ of single steps."""


def learning(subject: Subject, layer: Layer) -> Learning:
    weights = subject.history(layer.name, WeightState)
    updates = subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
    return Learning(
        moved=_finite([(e.step, e.value.moved) for e in weights]),
        norm=_finite([(e.step, float(np.linalg.norm(e.value.norm))) for e in weights]),
        update=_finite([(e.step, e.value.relative_update) for e in updates]),
        gradient=_finite([(e.step, e.value.relative_gradient) for e in updates]),
    )


def _finite(points: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    return tuple((step, value) for step, value in points if np.isfinite(value))
