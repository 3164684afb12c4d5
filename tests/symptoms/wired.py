"""Statistics of experiments, filters and wiring, made of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from snellen.stats import (
    Explanation,
    FilterImage,
    GradientNoise,
    ImageAudit,
    Linearity,
    Sharpness,
    WeightUpdate,
)
from symptoms.build import given, inline, labels, probe

CLASSES = given(labels(*[100] * 10))
"""Ten balanced classes: guessing costs ln 10 = 2.30."""
CROSS_ENTROPY = {"loss": {"name": "cross_entropy", "expects": "logits", "reduction": "mean"}}
STUCK, LEARNT = [2.3] * 40, list(np.linspace(2.3, 0.1, 30)) + [0.1] * 10


def sharpness(
    largest: float = 10.0,
    *,
    residual: float = 0.01,
    overshoot: Sequence[float] = (2.0, 1.99, 1.98, 1.97),
    step: int = 1000,
) -> dict[Any, Any]:
    value = Sharpness(256, largest, 20, residual, np.array(overshoot, np.float64))
    return probe("", Sharpness, "", (step, value))


def noise(
    *,
    trace: float = 1.0,
    squared_norm: float = 1e-2,
    cosine: float = 0.5,
    pairs: int = 28,
    step: int = 1000,
) -> dict[Any, Any]:
    value = GradientNoise(16, np.full(pairs, cosine), squared_norm, trace)
    return probe("", GradientNoise, "", (step, value))


def explanation(
    similarity: Sequence[float] = (1.0, 0.4, 0.2),
    *,
    images: int = 16,
    between: float = 0.1,
    edges: float = 0.1,
    inside: float = float("nan"),
    area: float = float("nan"),
    border: float = 0.4,
    blind: float = 0.0,
) -> dict[Any, Any]:
    """Saliency that `blind` of 16 × 16 pixels never have."""
    maps = np.ones((8, 16, 16), np.float32)
    maps.reshape(8, -1)[:, : round(blind * 256)] = 0
    value = Explanation(
        images=images,
        similarity=np.array(similarity, np.float64),
        between_images=between,
        edges=edges,
        maps=maps,
        inside=inside,
        area=area,
        border=border,
        border_area=0.4375,
    )
    return probe("", Explanation, "", (1000, value))


def linearity(curvature: float) -> dict[Any, Any]:
    return probe("", Linearity, "", (1000, Linearity(64, curvature)))


def filters(
    now: np.ndarray,
    began: np.ndarray | None = None,
    *,
    layer: str = "conv",
    repeated: int = 0,
    repeated_initially: int = 0,
    step: int = 1000,
) -> dict[Any, Any]:
    empty = np.zeros(0, np.float32)
    value = FilterImage(
        now.astype(np.float32),
        empty if began is None else began.astype(np.float32),
        repeated,
        repeated_initially,
    )
    return probe(layer, FilterImage, "", (step, value))


def rough_images(roughness: float) -> dict[Any, Any]:
    value = ImageAudit(
        images=1000,
        blank=0,
        duplicates=0,
        near_duplicates=0,
        conflicting=0,
        batches=10,
        repeated_batches=0,
        single_class_batches=0,
        label_entropy=2.2,
        shuffled_entropy=2.2,
        label_entropy_spread=0.01,
        at_minimum=np.zeros(1),
        at_maximum=np.zeros(1),
        roughness=np.array([np.nan, roughness, roughness]),
    )
    return inline("", ImageAudit, "", (100, value))


def steps(
    layer: str, gradient: float, *, count: int = 3, change: float = 1e-3, first: int = 1
) -> dict[Any, Any]:
    """Updates seen while training; a gradient of NaN was not shown."""
    value = WeightUpdate(
        weight_norm=1.0,
        gradient_norm=gradient,
        gradient_rms=gradient,
        gradient_zeros=1.0 if gradient == 0 else 0.0,
        gradient_nonfinite=0,
        update_norm=change,
        drift=np.zeros(0),
    )
    return inline(layer, WeightUpdate, "", *((first + i, value) for i in range(count)))
