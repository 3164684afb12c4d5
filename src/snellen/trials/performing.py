"""One trial from inside its own process: the script runs watched, under its changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import wrapt

from snellen.adapters.changes import Effect, Patches, arm
from snellen.record import Subject, read
from snellen.settings import Settings
from snellen.trials.interventions import OtherSeed
from snellen.trials.limit import LimitedSession, StepLimitReached
from snellen.trials.measured import measure, measured_subject
from snellen.trials.trial import Done, Ended, Invocation, Trial

RunScript = Callable[[], BaseException | None]
"""Runs the script as `__main__` to its end and returns what it raised."""
Show = Callable[[Path, Subject], Mapping[str, Any]]
"""Plain JSON values about one model of a run file."""


def perform(
    trial: Trial,
    invocation: Invocation,
    run: RunScript,
    run_file: Path,
    *,
    subject: str = "",
    show: Show = lambda path, subject: {},
) -> Done:
    """Run the script under the trial's changes and measure what came of it.

    `run_file` is written and may be thrown away afterwards. `show` is asked what a report shows of
    the model that was measured, by the run file and the model as it was read. Call it in a process
    of its own, once: what the script leaves behind, and the changes themselves, stay.
    """
    began = time.monotonic()
    effects = _arm(trial, invocation.framework)
    session = LimitedSession(
        Settings(run_file=run_file, overhead_budget=0.05),
        script=invocation.target,
        argv=invocation.arguments,
        max_steps=trial.max_steps,
    )
    session.arm()
    error = run()
    limited = isinstance(error, StepLimitReached)
    path = session.finish(None if limited else error)
    contents = read(path) if path is not None else None
    measured = measure(contents, subject) if contents is not None else None
    model = measured_subject(contents, subject) if contents is not None else None
    changed = [effect for name, effect in effects.items() if name != OtherSeed.name]
    return Done(
        trial,
        _ended(error),
        time.monotonic() - began,
        _told(error, session.boundary.tripped),
        {what: times for effect in changed for what, times in effect.done.items()},
        tuple(why for effect in changed for why in effect.limits),
        {} if measured is None else measured.to_json(),
        {} if path is None or model is None else show(path, model),
    )


def _arm(trial: Trial, framework: str) -> dict[str, Effect]:
    """Arm every change once its framework is imported, before the watching, which then sees the
    training as it is changed."""
    effects = {change.name: Effect() for change in trial.armed}
    armed: set[str] = set()
    process = os.getpid()

    def begin(module: ModuleType) -> None:
        # Keras on torch imports torch half-way through its own import; it is told of once more.
        unfinished = framework == "keras" and not hasattr(module, "Model")
        if framework in armed or unfinished or os.getpid() != process:
            return
        armed.add(framework)
        patches = Patches()
        for change in trial.armed:
            arm(change.name, framework, change.parameters, effects[change.name], patches)

    wrapt.register_post_import_hook(begin, framework)
    return effects


def _ended(error: BaseException | None) -> Ended:
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return Ended.BY_ITSELF
    return Ended.AT_THE_LIMIT if isinstance(error, StepLimitReached) else Ended.FAILED


def _told(error: BaseException | None, tripped: str | None) -> str:
    if error is not None and not isinstance(error, StepLimitReached | SystemExit):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, SystemExit) and error.code not in (None, 0):
        return f"the script ended with status {error.code}"
    return tripped or ""
