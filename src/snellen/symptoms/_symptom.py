"""What a symptom is. The symptoms themselves live one per file beside this one."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from snellen.core import Evidence, Severity
from snellen.record import Subject
from snellen.stats import Statistic
from snellen.symptoms.phases import Phase


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
    """Harm is part of what was seen (a loss that is NaN, a head that can't learn): the outcome
    gate, which lets an oddity without harm be a note at most, does not apply."""
    images: int | None = None
    """Images it rests on, for the sample-size gate; `None` where images are not what was
    counted."""
    at: int | None = None
    """Steps done at the last check it rests on, for the phase gate; `None` where no check was."""
    p_value: float | None = None
    """Probability of seeing as much if nothing were wrong, where the rule is a statistical test;
    `None` for a rule with a threshold. False discoveries among those of one family are limited by
    the gates: a symptom proposes the suspicion at `p < 0.2` and does not decide by it."""


@dataclass(frozen=True)
class Healthy:
    """The symptom looked at this layer and found nothing."""

    layer: str
    images: int | None = None
    """As in `Suspicion`; also `None` where fewer images would prove the same (a channel seen
    awake)."""
    at: int | None = None
    p_value: float | None = None
    """As in `Suspicion`: tests that found nothing count as tests too."""


@dataclass(frozen=True)
class Unjudged:
    """The symptom could not judge this layer."""

    layer: str
    needs: str
    """What would let it judge: `201 more images`."""


Opinion = Suspicion | Healthy | Unjudged


class Symptom(ABC):
    """Judges what was seen of one subject.

    A subclass is a frozen dataclass whose fields are its thresholds, so an instance is the symptom
    as configured. Its docstring is its documentation page; the headings are those of
    `activation/dead_channels.py`. A symptom gives opinions: it touches no model, no file and no
    clock. The gates (`gates.py`) turn opinions into verdicts; a symptom never asks whether the
    training went well.
    """

    code: ClassVar[str]
    """Stable for ever: `S01`, its number in the catalogue. Never reused."""

    name: ClassVar[str]
    """What is wrong, as a noun phrase: `dead-channels`."""

    since: ClassVar[str]
    """Release that introduced the symptom."""

    reads: ClassVar[tuple[type[Statistic], ...]]
    """The statistics it judges. Empty: it reads losses and facts alone."""

    phases: ClassVar[frozenset[Phase]] = frozenset(Phase)
    """Phase gate: the phases of training whose checks it may judge."""

    learning_only: ClassVar[bool] = False
    """Mode gate: it judges how a layer learns, so frozen layers are left out."""

    min_images: ClassVar[int] = 0
    """Sample-size gate: fewer images than this decide nothing, unless they are all there are."""

    needs_activation: ClassVar[bool] = False
    """Structure gate: a layer whose activation is unknown can't be judged."""

    @abstractmethod
    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        """At most one per layer (`""` for the model as a whole). A layer it says nothing of is one
        that it does not apply to (structure gate): too little to go on is `Unjudged`, never
        silence."""
