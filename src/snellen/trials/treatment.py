"""A remedy as trials try it: plain values, kept in the run file beside what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from snellen.causes import AtBoundary, Edit
from snellen.trials.edits.script import Replacement
from snellen.trials.interventions import Intervention, made
from snellen.trials.patterns import arm_name


@dataclass(frozen=True)
class Way:
    """One way to do what a remedy says."""

    arm: str
    """What its trials are called."""
    said: str
    """What is different, after "with": `the learning rate divided by 10`."""
    changes: tuple[Intervention, ...] = ()
    edits: tuple[Replacement, ...] = ()
    """Of the script; empty for a change at the framework's boundary."""
    diff: str = ""
    """The edits as a unified diff."""

    @property
    def in_script(self) -> bool:
        return bool(self.edits)

    def to_json(self) -> dict[str, Any]:
        return {
            "arm": self.arm,
            "said": self.said,
            "changes": [{"name": c.name, "parameters": c.parameters} for c in self.changes],
            "edits": [asdict(one) for one in self.edits],
            "diff": self.diff,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Way:
        """Raises `KeyError` for an intervention that this release does not know."""
        changes = tuple(made(c["name"], c["parameters"]) for c in told["changes"])
        edits = tuple(Replacement(**one) for one in told["edits"])
        return cls(told["arm"], told["said"], changes, edits, told["diff"])


@dataclass(frozen=True)
class Treatment:
    """One remedy of one cause, with the ways in which trials can do it."""

    code: str
    """Of the cause."""
    cause: str
    title: str
    """The remedy's order."""
    lines: str
    """The remedy as code."""
    ways: tuple[Way, ...] = ()
    """The best first: the edited script, whose measure is of what is printed, then the boundary.
    None: it can't be tried."""
    unedited: str = ""
    """Why the script was not edited, with the line to look at; empty where it was."""
    untried: str = ""
    """Why it can't be tried at all; empty where it can."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ways": [way.to_json() for way in self.ways]}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Treatment:
        """Raises `KeyError` for an intervention that this release does not know."""
        ways = tuple(Way.from_json(way) for way in cast("list[dict[str, Any]]", told["ways"]))
        return cls(
            told["code"],
            told["cause"],
            told["title"],
            told["lines"],
            ways,
            told["unedited"],
            told["untried"],
        )


def at_boundary(asked: Sequence[AtBoundary]) -> Way:
    """These interventions together."""
    changes = tuple(made(one.name, one.parameters) for one in asked)
    return Way(arm_name(changes), " and ".join(c.sentence() for c in changes), changes)


def in_script(edits: Sequence[Edit], replacements: tuple[Replacement, ...], diff: str) -> Way:
    """The script with these edits."""
    said = " and ".join(map(_told, edits))
    return Way(f"script: {said}", f"the script edited ({said})", (), replacements, diff)


def _told(edit: Edit) -> str:
    """`learning rate 0.001`; what takes more words than a number is told by its name."""
    short = isinstance(edit.becomes, int | float | str) and not isinstance(edit.becomes, bool)
    return f"{edit.setting} {edit.becomes}" if short else str(edit.setting)
