"""What was decided about one symptom at one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from snellen.core.place import Place
from snellen.core.severity import Severity


class Evidence(Protocol):
    """The numbers behind a finding: a frozen dataclass of plain values (numbers, strings,
    tuples)."""

    def sentence(self) -> str:
        """What was measured, then what is allowed: `2 of 8 channels were zero ...`."""
        ...


@dataclass(frozen=True)
class Finding:
    """One fault at one place, with the evidence that supports it."""

    code: str
    """The symptom's code: `S01`."""
    symptom: str
    """The symptom's name: `dead-channels`."""
    place: Place
    severity: Severity
    evidence: Evidence
    step: int | None = None
    """Optimiser steps done when it first showed; `None` when that is not known."""


@dataclass(frozen=True)
class Clear:
    """The symptom looked, with enough to go on, and found nothing wrong."""

    code: str
    symptom: str
    place: Place


@dataclass(frozen=True)
class Undecided:
    """The symptom could not judge. Never shown as healthy."""

    code: str
    symptom: str
    place: Place
    needs: str
    """What would let it judge: `201 more images`."""


Verdict = Finding | Clear | Undecided
