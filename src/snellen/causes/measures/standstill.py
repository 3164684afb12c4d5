"""Which layers stood still, and which of them had a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.core import Layer
from snellen.record import Clock
from snellen.stats import WeightState, WeightUpdate
from snellen.symptoms.beginnings import fresh
from snellen.symptoms.facts import entries, size, text


def elements(layer: Layer) -> int:
    """Weights of its kernel."""
    return int(np.prod(layer.weight_shape)) if layer.weight_shape else 0


@dataclass(frozen=True)
class Standstill:
    """Trainable layers whose kernel is at the end what it was before training, to the last bit."""

    layers: tuple[str, ...]
    of: int
    """Trainable layers whose weights were seen after the first step."""
    share: float
    """Of the weights of these, 0 to 1."""


@lru_cache(maxsize=8)
def standstill(case: Case) -> Standstill | None:
    """`None` where no trainable layer's weights were seen after the first step."""
    seen: list[tuple[Layer, bool]] = []
    for layer in case.weighted:
        entry = case.subject.last(layer.name, WeightState)
        if layer.trainable and entry is not None and entry.step > 0 and len(entry.value.distance):
            seen.append((layer, not entry.value.distance.any()))
    total = sum(elements(layer) for layer, _ in seen)
    if not seen:
        return None
    still = [layer for layer, stood in seen if stood]
    share = sum(elements(x) for x in still) / total if total else 0.0
    return Standstill(tuple(x.name for x in still), len(seen), share)


@dataclass(frozen=True)
class Pushed:
    """What gradients and updates each trainable layer had at the captured steps."""

    without_gradient: tuple[str, ...]
    """A gradient of zero, or none while others had one, at every step after the first."""
    unmoved: tuple[str, ...]
    """A gradient above zero, and an update of exactly zero, at every step."""
    of: int
    steps: int


@lru_cache(maxsize=8)
def pushed(case: Case) -> Pushed | None:
    """`None` unless some layer's gradient was seen above zero at two steps after the first."""
    without: list[str] = []
    unmoved: list[str] = []
    shown = number = steps = 0
    for layer in case.weighted:
        history = case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        own = [e.value for e in history if e.step > 0]
        if not layer.trainable or len(own) < 2:
            continue
        number, steps = number + 1, max(steps, len(own))
        norms = [x.gradient_norm for x in own]
        some = [x for x in norms if np.isfinite(x) and x > 0]
        shown += bool(some)
        if all(x == 0 or np.isnan(x) for x in norms):
            without.append(layer.name)
        elif len(some) == len(norms) and all(x.update_norm == 0 for x in own):
            unmoved.append(layer.name)
    return Pushed(tuple(without), tuple(unmoved), number, steps) if shown else None


@dataclass(frozen=True)
class Orphans:
    """Layers whose kernel no optimiser holds."""

    layers: tuple[str, ...]
    share: float
    """Of the weights of all trainable layers."""
    head: bool


@lru_cache(maxsize=8)
def orphans(case: Case) -> Orphans | None:
    """`None` where it is not known what the optimiser holds."""
    listed = entries(case.subject, "unoptimised")
    trainable = [x for x in case.weighted if x.trainable]
    if listed is None or not trainable:
        return None
    kernels: dict[str, int] = {}
    for entry in listed:
        name = text(entry, "layer")
        kernels[name] = max(kernels.get(name, 0), size(entry, "elements"))
    # Biases and normalisation alone are left out on purpose at times.
    found = [x for x in trainable if kernels.get(x.name, 0) >= max(1, 0.5 * elements(x))]
    total = sum(elements(x) for x in trainable)
    share = sum(elements(x) for x in found) / total if total else 0.0
    return Orphans(tuple(x.name for x in found), share, any(x.head for x in found))


@dataclass(frozen=True)
class Frozen:
    """Layers that take no gradients."""

    layers: tuple[str, ...]
    of: int
    share: float
    """Of the weights of all layers."""
    random: bool
    """At least one holds the weights of its initialisation, as far as that can be told."""
    head: bool


@lru_cache(maxsize=8)
def frozen(case: Case) -> Frozen | None:
    """`None` without weight layers, and where layers made in the forward pass only look frozen."""
    layers = [x for x in case.weighted if x.weight_shape]
    if not layers or entries(case.subject, "created_in_forward"):
        return None
    still = [x for x in layers if not x.trainable]
    total = sum(elements(x) for x in layers)
    share = sum(elements(x) for x in still) / total if total else 0.0
    random = any(fresh(case.subject, x) for x in still)
    return Frozen(
        tuple(x.name for x in still), len(layers), share, random, any(x.head for x in still)
    )


def listed(names: tuple[str, ...]) -> str:
    """`conv1, conv2, conv3 ...`, or `none`."""
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "") if names else "none"
