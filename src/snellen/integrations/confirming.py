"""`snellen.confirm`: the causes of a training function put to the proof."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from snellen.core import SnellenError
from snellen.diagnosis import Candidate, suspects
from snellen.diagnosis.again import Known, to_explain
from snellen.diagnosis.confirming import confirm as prove
from snellen.diagnosis.tried import tried
from snellen.diagnosis.trying import Means, Step
from snellen.integrations.calling import MODULE, Call, being_called
from snellen.record import store_trial
from snellen.report.document import document_of
from snellen.report.terminal import print_card
from snellen.trials.engines.local import LocalEngine


class NothingTrainedError(SnellenError):
    """The function was called, and no optimizer made a step."""


@dataclass(frozen=True)
class Confirmation:
    """What came of it; all of it is in the run file too."""

    run_file: Path
    candidates: tuple[Candidate, ...]
    """Every cause that is at least possible, best first, with what the trials say of it; none where
    nothing is wrong."""
    ended: str
    """`settled`, `budget` (spent: the same call with this run file goes on), `no trial` or `nothing
    to explain`."""

    @property
    def confirmed(self) -> tuple[Candidate, ...]:
        return tuple(candidate for candidate in self.candidates if candidate.confirmed)

    def show(self, file: TextIO | None = None) -> None:
        """Print the card, as `snellen report` does."""
        known = Known.of(self.run_file)
        document = document_of(
            known.contents,
            known.verdicts,
            known.outcomes,
            file=str(self.run_file),
            diagnoses=known.diagnoses,
        )
        print_card(document, file or sys.stdout)


def confirm(
    train: Callable[..., Any],
    keywords: Mapping[str, Any] | None = None,
    *,
    run_file: str | Path | None = None,
    budget_seconds: float = 300.0,
    jobs: int | None = None,
    quiet: bool = False,
) -> Confirmation:
    """Call `train(**keywords)` again under one change at a time, and say which cause is proved.

    Each call is made in a new process, in a copy of the working directory, and begins with the
    import of the module that `train` is written in; so it has to be found there by its name, and
    its keywords have to be plain values. Guard a script that calls this by `if __name__ ==
    "__main__":`, as for `multiprocessing`. `run_file`: a new one, or one of an earlier call, which
    goes on. Unless `quiet`, a line for each trial goes to standard error.

    Raises `CallError` for a function that can't be called so, and says what to do;
    `NothingTrainedError` where it trains nothing.
    """
    if being_called():
        raise SnellenError(
            "snellen.confirm was called again by the module that is being tried; put the call "
            'under `if __name__ == "__main__":`'
        )
    here = Path.cwd()
    call = Call.of(train, keywords or {}, here)
    path = Path(run_file) if run_file is not None else _free(here, call.name)
    if not path.exists():
        _watch(call, path, quiet=quiet)
    found = to_explain(path)
    if found is None:
        return Confirmation(path, (), "nothing to explain")
    means = Means(
        found.workplace(),
        LocalEngine(jobs or os.cpu_count() or 1),
        budget_seconds,
        time.monotonic,
        lambda done: store_trial(path, done.to_json()),
        (lambda step: None) if quiet else _say,
    )
    _, ended = prove(found.case, suspects(found.case), means, known=tried(path))
    return Confirmation(path, _candidates(path, found.case.subject.name), ended)


def _watch(call: Call, path: Path, *, quiet: bool) -> None:
    command = [sys.executable, "-m", "snellen", "run", "--quiet", "--run-file", str(path)]
    command += ["-m", MODULE, *call.arguments]
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, check=False, stdout=output)
    if not path.exists():
        raise NothingTrainedError(
            f"{call.name} made no step of a PyTorch or Keras optimizer (exit status "
            f"{done.returncode}); what it said is above"
        )


def _free(here: Path, name: str) -> Path:
    """A new name in this directory, as `snellen run` makes them."""
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = (f"{stem}{f'-{n}' * (n > 1)}.snellen" for n in range(1, 1000))
    return next(path for path in (here / name for name in names) if not path.exists())


def _candidates(path: Path, subject: str) -> tuple[Candidate, ...]:
    told = Known.of(path).diagnoses
    return next(found.candidates for found in told if found.subject == subject)


def _say(step: Step) -> None:
    done = step.done
    error = f": {done.error}" if done.error else ""
    left = f"; about {step.seconds_left:.0f} s left" if step.seconds_left else ""
    print(
        f"snellen: {done.trial.name}: {done.ended}, {done.seconds:.0f} s{error}{left}",
        file=sys.stderr,
    )
