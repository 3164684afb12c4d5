"""A run that is to be tried again: what is to be explained in it, and where its script is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snellen.causes import Case, Outcome
from snellen.core import SnellenError, Verdict
from snellen.diagnosis.diagnose import cases, diagnose
from snellen.diagnosis.diagnosis import Diagnosis
from snellen.diagnosis.tried import tried
from snellen.record import RunContents, read
from snellen.symptoms import judge, outcomes
from snellen.trials.process import Workplace
from snellen.trials.trial import Invocation


class NotRepeatableError(SnellenError):
    """A run whose script can't be run again."""


@dataclass(frozen=True)
class ToExplain:
    """The first model of a run that has something to explain."""

    case: Case
    diagnosis: Diagnosis
    """By all that is known, trials included."""
    manifest: Mapping[str, Any]
    """The run's."""

    def workplace(self, *, in_place: bool = False) -> Workplace:
        """Where its script is run again. Raises `NotRepeatableError`."""
        directory = self.manifest.get("directory")
        if directory is None:
            raise NotRepeatableError(
                "this run file does not say where its script was run (an older release, or "
                "`snellen.watch`); watch the script again with `snellen run`"
            )
        module = self.manifest.get("module") is True
        target = str(self.manifest["script"])
        if not module:
            target = str((Path(directory) / target).resolve())
            if not Path(target).exists():
                raise NotRepeatableError(f"the script {target} is no longer there")
        arguments = tuple(self.manifest.get("argv", ()))
        invocation = Invocation(target, arguments, module, directory, self.case.framework)
        subject = self.case.subject
        backend = subject.framework.partition("-")[2]
        return Workplace(invocation, subject.name, in_place, backend=backend)


@dataclass(frozen=True)
class Known:
    """All that a run file says, as it is judged by the defaults."""

    contents: RunContents
    verdicts: Sequence[Verdict]
    outcomes: Mapping[str, Outcome]
    diagnoses: tuple[Diagnosis, ...]
    """By all that is known, trials included."""

    @classmethod
    def of(cls, run_file: Path) -> Known:
        """Raises `RunFileError`."""
        contents = read(run_file)
        verdicts, endings = judge(contents), outcomes(contents)
        told = diagnose(contents, verdicts, endings, trials=tried(run_file))
        return cls(contents, verdicts, endings, told)


def to_explain(run_file: Path) -> ToExplain | None:
    """`None` where nothing is wrong with any model. Raises `RunFileError`."""
    known = Known.of(run_file)
    seen = known.contents, known.verdicts, known.outcomes
    # By what was seen alone: a cause that trials refuted is no reason to call the training sound.
    every = zip(cases(*seen), diagnose(*seen), known.diagnoses, strict=True)
    manifest = known.contents.manifest
    found = [ToExplain(case, now, manifest) for case, then, now in every if then.needed]
    return found[0] if found else None
