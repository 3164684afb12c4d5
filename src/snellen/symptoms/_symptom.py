"""What a symptom is. The symptoms themselves live one per file beside this one."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from snellen.core import Evidence, Severity
from snellen.record import Subject


def threshold(default: float, *, unit: str, because: str) -> Any:
    """A number the user may change, with its unit and the reason for its default."""
    return dataclasses.field(default=default, metadata={"unit": unit, "because": because})


@dataclass(frozen=True)
class Suspicion:
    """What a symptom saw at one layer, before the gates have had their say."""

    layer: str
    severity: Severity
    """What it would be if the outcome is harmed; `NOTE` stays a note whatever the outcome."""
    evidence: Evidence
    channels: tuple[int, ...] = ()
    step: int | None = None
    """Steps done when it first showed."""
    evident: bool = False
    """Harm is part of what was seen (a loss that is NaN, a head that can't learn): the outcome gate,
    which lets an oddity without harm be a note at most, does not apply."""


@dataclass(frozen=True)
class Healthy:
    """The symptom looked at this layer and found nothing."""

    layer: str


@dataclass(frozen=True)
class Unjudged:
    """The symptom could not judge this layer."""

    layer: str
    needs: str
    """What would let it judge: `201 more images`."""


Opinion = Suspicion | Healthy | Unjudged


class Symptom(ABC):
    """Judges what was seen of one subject.

    A subclass is a frozen dataclass whose fields are its thresholds, so an instance is the symptom as
    configured. Its docstring is its documentation page; the headings are those of
    `activation/dead_channels.py`. A symptom gives opinions: it touches no model, no file and no clock. The
    gates (`gates.py`) turn opinions into verdicts; a symptom never asks whether the training went well.
    """

    code: ClassVar[str]
    """Stable for ever: `S01`, its number in the catalogue. Never reused."""

    name: ClassVar[str]
    """What is wrong, as a noun phrase: `dead-channels`."""

    since: ClassVar[str]
    """Release that introduced the symptom."""

    @abstractmethod
    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        """At most one per layer (`""` for the model as a whole). A layer it says nothing of is one that it
        does not apply to (structure gate): too little to go on is `Unjudged`, never silence."""
