"""How it was measured: what was captured, what it cost, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from snellen.record import Clock, Subject


@dataclass(frozen=True)
class Captures:
    """Of one clock, as far as the run file keeps them."""

    clock: str
    meaning: str
    kept: int
    first: int
    last: int
    """Steps of the first and the last one that is kept."""
    seconds: float
    """What the kept ones took."""


@dataclass(frozen=True)
class Measuring:
    captures: tuple[Captures, ...]
    probe_images: int | None
    whole_training_set: bool
    examining_seconds: float
    """Spent on questions to the trained model."""
    left_out: Mapping[str, str]
    """Experiments that were not made, and why."""


MEANINGS = {
    Clock.PROBE: "the same images again and again, in evaluation mode",
    Clock.INLINE: "the training batch itself, in training mode",
}


def measuring(subject: Subject) -> Measuring:
    probe = _record(subject.facts.get("probe"))
    images = probe.get("images")
    seconds = subject.facts.get("examining_seconds")
    return Measuring(
        captures=tuple(c for clock in Clock if (c := _captures(subject, clock)) is not None),
        probe_images=images if isinstance(images, int) else None,
        whole_training_set=probe.get("whole_training_set") is True,
        examining_seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
        left_out={
            str(name): str(why) for name, why in _record(subject.facts.get("not_measured")).items()
        },
    )


def _captures(subject: Subject, clock: Clock) -> Captures | None:
    moments = [m for m in subject.moments if m.clock == clock]
    if not moments:
        return None
    steps = [m.step for m in moments]
    cost = sum(m.cost_seconds for m in moments)
    return Captures(clock.value, MEANINGS[clock], len(moments), min(steps), max(steps), cost)


def _record(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
