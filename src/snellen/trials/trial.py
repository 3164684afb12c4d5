"""What one trial is to do, and what became of it: plain values that travel between processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, cast

from snellen.trials.edits.script import Replacement
from snellen.trials.interventions import Intervention, OtherSeed, made


@dataclass(frozen=True)
class Invocation:
    """How the user's script is called; the same for every trial of one run."""

    target: str
    """An absolute path, or the name of a module."""
    arguments: tuple[str, ...]
    module: bool
    directory: str
    """Absolute: where the command was given."""
    framework: str
    """`torch` or `keras`: at whose boundary changes are made."""

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Invocation:
        """What `dataclasses.asdict` gave."""
        arguments = tuple(cast("list[str]", told["arguments"]))
        return cls(told["target"], arguments, told["module"], told["directory"], told["framework"])


@dataclass(frozen=True)
class Trial:
    """One training of the script: a control, or one under changes."""

    arm: str
    """What it is compared by; trials of one arm differ by their seed alone. `control`, `placebo`,
    or the names of the interventions."""
    offset: int
    """Added to every seed that the script sets; trials of the same offset are paired."""
    changes: tuple[Intervention, ...] = ()
    max_steps: int | None = None
    """The script is ended after so many updates; `None`: by itself alone."""
    max_seconds: float = 3600.0
    """The process is ended after so long."""
    edits: tuple[Replacement, ...] = ()
    """Made in the trial's own copy of the script before it runs."""

    @property
    def name(self) -> str:
        """Unlike any other trial's of the same run."""
        return f"{self.arm}-{self.offset}"

    @property
    def armed(self) -> tuple[Intervention, ...]:
        """Everything that is changed, the seed included."""
        return (OtherSeed(self.offset), *self.changes)

    def key(self) -> str:
        """The same for trials that would come out the same."""
        told: list[Any] = [(c.name, c.parameters) for c in self.armed]
        told += [asdict(one) for one in self.edits]
        return json.dumps([told, self.max_steps], sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        return {
            "arm": self.arm,
            "offset": self.offset,
            "changes": [{"name": c.name, "parameters": c.parameters} for c in self.changes],
            "max_steps": self.max_steps,
            "max_seconds": self.max_seconds,
            "edits": [asdict(one) for one in self.edits],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Trial:
        """Raises `KeyError` for an intervention that this release does not know."""
        changes = tuple(made(c["name"], c["parameters"]) for c in told["changes"])
        edits = tuple(Replacement(**one) for one in told.get("edits", ()))
        seconds = float(told["max_seconds"])
        return cls(told["arm"], told["offset"], changes, told["max_steps"], seconds, edits)


class Ended(StrEnum):
    """How a trial's script ended."""

    BY_ITSELF = "by itself"
    AT_THE_LIMIT = "at the step limit"
    FAILED = "failed"
    """The script raised or chose another exit status than 0."""
    OUT_OF_TIME = "out of time"
    STOPPED = "stopped"
    """By us: enough was known, or the command was interrupted."""
    LOST = "lost"
    """The process died without a word."""


@dataclass(frozen=True)
class Done:
    """What became of one trial."""

    trial: Trial
    ended: Ended
    seconds: float
    error: str = ""
    """What the script raised, or the last it said."""
    did: Mapping[str, int] = field(default_factory=dict[str, int])
    """What was really changed, with how often; without the seed's."""
    limits: tuple[str, ...] = ()
    """What could not be changed."""
    measured: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`Measured.to_json()` of its run; empty where nothing was trained."""
    shown: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a report shows of its model beside that, plain JSON values."""

    @property
    def usable(self) -> bool:
        """It trained to its end or its limit, under the change it was to be made under."""
        trained = self.ended in (Ended.BY_ITSELF, Ended.AT_THE_LIMIT) and bool(self.measured)
        return trained and (not self.trial.changes or bool(self.did))

    def to_json(self) -> dict[str, Any]:
        return {
            "trial": self.trial.to_json(),
            "key": self.trial.key(),
            "ended": str(self.ended),
            "seconds": self.seconds,
            "error": self.error,
            "did": dict(self.did),
            "limits": list(self.limits),
            "measured": dict(self.measured),
            "shown": dict(self.shown),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Done:
        return cls(
            Trial.from_json(told["trial"]),
            Ended(told["ended"]),
            float(told["seconds"]),
            str(told["error"]),
            cast("dict[str, int]", told["did"]),
            tuple(cast("list[str]", told["limits"])),
            cast("dict[str, Any]", told["measured"]),
            cast("dict[str, Any]", told.get("shown", {})),
        )
