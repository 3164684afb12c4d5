"""What a cause is. The causes themselves live one per file beside this one."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from snellen.causes.case import Case
from snellen.causes.change import Change


class Group(StrEnum):
    """Clues of one group say much the same thing twice: together they weigh little more than the
    strongest of them (CATALOGUE §7)."""

    ACTIVITY = "activity"
    DEPTH = "depth profile"
    WEIGHTS = "weights"
    UPDATES = "updates"
    GRADIENTS = "gradients"
    TIMELINE = "timeline"
    LOSS = "loss"
    CONFIGURATION = "configuration"
    DATA = "data"
    CLASSES = "classes"
    MODES = "training and evaluation"
    TRIAL = "trial"
    """What came of training again under one change; no clue of a cause is in it."""


@dataclass(frozen=True)
class Sign:
    """What one clue is in one run."""

    present: bool | None
    """`None`: it was not measured, and says nothing either way."""
    sentence: str = ""
    """What was measured, whether present or absent: `the first step shifted ...`."""
    rests_on: frozenset[str] = frozenset()
    """Codes of the symptoms it was read from; empty where it was read from facts, data or weights.
    Another cause that brings about all of these explains it away."""
    reliability: float = 1.0
    """From 0 to 1, how far the measurement can be trusted; scales the weight."""


UNMEASURED = Sign(None)


def sign(present: bool, sentence: str, *codes: str, reliability: float = 1.0) -> Sign:
    """A sign that was measured; `codes` are the symptoms it was read from."""
    return Sign(present, sentence, frozenset(codes), reliability)


Ask = Callable[[Any, Case], Sign]


@dataclass(frozen=True)
class Clue:
    """One thing to look for, and how often it is expected where the cause holds and where another
    does."""

    key: str
    """Its name in the table of weights; unlike that of any other clue of its cause."""
    group: Group
    expected: tuple[float, float]
    """Probability of the clue where the cause holds, and in a faulty training where it does not:
    what is believed before counting. What was counted on the gallery is added to it."""
    decisive: bool
    """The clue is all but the cause itself (an optimiser that does not hold the parameters): its
    weight may be greater than that of others."""
    ask: Ask


def clue(
    group: Group, *, expected: tuple[float, float], decisive: bool = False
) -> Callable[[Ask], Clue]:
    """Make a method of a cause one of its clues; the method's name is the clue's key."""

    def made(ask: Ask) -> Clue:
        return Clue(ask.__name__.replace("_", "-"), group, expected, decisive, ask)

    return made


@dataclass(frozen=True)
class Remedy:
    """One change that takes the cause away, as code for the user's own network."""

    title: str
    """An order, with names and numbers: `Lower the learning rate from 1.0 to 0.001`."""
    framework: str
    """`torch` or `keras`."""
    code: str
    """Lines to write into the training script."""
    costs: str
    """What is paid for it."""
    watch: str
    """What should be better in the next run, and what may get worse."""
    change: Change | None = None
    """The same for a machine to do; `None`: only a person can."""


class Cause(ABC):
    """Why maps are faulty: explains several symptoms at once.

    A subclass has clues (methods marked with `@clue`) and remedies. Its docstring is its
    documentation page; the headings are those of `optimisation/learning_rate_too_high.py`. A cause
    reads a `Case` alone: it touches no model, no file and no clock, and whether there is anything
    to explain is not its question.
    """

    code: ClassVar[str]
    """Stable for ever: `C20`, its number in the catalogue. Never reused."""

    name: ClassVar[str]
    """As a noun phrase: `learning-rate-too-high`."""

    since: ClassVar[str]
    """Release that introduced the cause."""

    prior: ClassVar[float]
    """Probability that it is among the causes of a faulty training, before anything is looked
    at."""

    explains: ClassVar[frozenset[str]]
    """Codes of the symptoms that it brings about, at once or in the end."""

    alike: ClassVar[tuple[str, ...]] = ()
    """Codes of the causes that look like it; the page says what tells them apart."""

    trial: ClassVar[str]
    """The cheapest experiment that decides: `train again with the learning rate divided by 10`."""

    @abstractmethod
    def remedies(self, case: Case) -> Iterable[Remedy]:
        """Changes in the framework of the case, the one that is best supported first; at least
        one."""

    @classmethod
    def clues(cls) -> tuple[Clue, ...]:
        """In the order in which they are written."""
        members = [value for kind in reversed(cls.__mro__) for value in vars(kind).values()]
        return tuple(value for value in members if isinstance(value, Clue))

    @classmethod
    def family(cls) -> str:
        """`data`, `architecture`, `optimisation` or `wiring`: the directory it lives in."""
        return cls.__module__.rpartition(".")[0].rpartition(".")[2]

    @classmethod
    def summary(cls) -> str:
        """The first sentence of its page."""
        return (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
