"""A network of two convolutions and a head, with gradients and weights as given."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from snellen.record import Subject
from snellen.stats import WeightState
from symptoms.build import head, probe, stack, subject, weights
from symptoms.wired import steps


def network(*history: dict[Any, Any], facts: dict[str, Any] | None = None, **layer: Any) -> Subject:
    """`layer` changes the convolutions."""
    gathered: dict[Any, Any] = {}
    for part in history:
        gathered |= part
    layers = (*stack(2, **layer), head(inputs=("conv1",)))
    return subject(*layers, history=gathered, facts=facts)


def pushed_by(change: float = 1e-3, **gradients: float) -> dict[Any, Any]:
    """Gradients at three steps; `change` is the update's norm."""
    gathered: dict[Any, Any] = {}
    for name, gradient in gradients.items():
        gathered |= steps(name, gradient, change=change)
    return gathered


def moved_by(began: float = 1.0, **distances: float) -> dict[Any, Any]:
    """Filters that began at a norm and moved so far."""
    gathered: dict[Any, Any] = {}
    for name, distance in distances.items():
        filters = 10 if name == "head" else 8
        state = weights(moved=distance, filters=filters, initial_norm=np.full(filters, began))
        gathered |= probe(name, WeightState, "", (1000, state))
    return gathered


def frozen(watched: Subject, *names: str) -> Subject:
    layers = tuple(
        dataclasses.replace(x, trainable=False) if x.name in names else x for x in watched.layers
    )
    return dataclasses.replace(watched, layers=layers)
