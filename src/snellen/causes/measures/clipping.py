"""How the script clips its gradients, and how many it clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from snellen.causes.case import Case
from snellen.record import Clock
from snellen.stats import WeightUpdate
from snellen.symptoms.facts import record
from snellen.symptoms.finite import real
from snellen.symptoms.phases import number

KERAS = {"clipnorm": "norm", "global_clipnorm": "global norm", "clipvalue": "value"}
"""Keras' names of a limit, and what it limits: `clipnorm` that of each weight by itself."""


@dataclass(frozen=True)
class Clipping:
    """One limit."""

    what: str
    """`norm`, `global norm` or `value`."""
    limit: float
    share: float
    """Of the steps, or of the gradients at captured ones: those above the limit; NaN: not
    known."""
    largest: float
    """The largest gradient seen, before it was clipped: its norm, or of values the root mean square
    over all weights; NaN: not known."""


@lru_cache(maxsize=8)
def clipping(case: Case) -> Clipping | None:
    """`None` where no clipping was seen."""
    known = record(case.subject, "gradient_clip")
    if known:
        return _told(case, known)
    for key, what in KERAS.items():
        limit = number(case.subject, key)
        if limit is not None and limit > 0:
            return _measured(case, what, limit)
    return None


def _told(case: Case, known: Mapping[str, Any]) -> Clipping | None:
    limit = real(known.get("limit"))
    if limit is None or limit <= 0:
        return None
    what = "value" if known.get("kind") == "value" else "norm"
    # Older run files measured every step.
    steps = real(known.get("measured")) or real(known.get("steps"))
    clipped = real(known.get("clipped"))
    largest = real(known.get("largest_norm", known.get("largest_rms")))
    if clipped is None or steps is None or steps <= 0:
        if not case.keras:
            # Captured gradients are those after clipping there.
            return Clipping(what, limit, float("nan"), float("nan"))
        return _measured(case, what, limit)
    share = min(1.0, clipped / steps)
    return Clipping(what, limit, share, float("nan") if largest is None else largest)


def _measured(case: Case, what: str, limit: float) -> Clipping:
    """From the gradients of kernels at captured steps, which are those before clipping."""
    sizes: dict[int, list[tuple[float, float]]] = {}
    for layer in case.weighted:
        for entry in case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE):
            norm, rms = entry.value.gradient_norm, entry.value.gradient_rms
            if np.isfinite(norm) and np.isfinite(rms):
                sizes.setdefault(entry.step, []).append((norm, rms))
    if not sizes:
        return Clipping(what, limit, float("nan"), float("nan"))
    if what == "value":
        # Of a single entry only the layer's mean size is known.
        each = [rms for own in sizes.values() for _, rms in own]
    elif what == "norm" and case.keras:
        each = [norm for own in sizes.values() for norm, _ in own]
    else:
        each = [float(np.linalg.norm([norm for norm, _ in own])) for own in sizes.values()]
    return Clipping(what, limit, float(np.mean(np.asarray(each) > limit)), max(each))
