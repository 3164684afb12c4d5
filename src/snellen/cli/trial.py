"""`snellen trial`: one trial in a process of its own. Not for people."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

LOOKS_FOR_PARENT = 1.0
"""Seconds between two looks whether the process that began the trial still lives."""


def trial(
    context: typer.Context, spec: Annotated[Path, typer.Argument(help="What to do, as JSON.")]
) -> None:
    """Run one trial that another process has laid out, and leave its result in a file."""
    told = json.loads(spec.read_text(encoding="utf-8"))
    context.obj.append(partial(_run, told))


def _run(told: dict[str, Any]) -> NoReturn:
    from snellen.cli.script import Script
    from snellen.report.shown import shown
    from snellen.trials.performing import perform
    from snellen.trials.scratch import guard
    from snellen.trials.trial import Invocation, Trial

    _end_with(os.getppid())
    invocation = Invocation.from_json(told["invocation"])
    run_file, result = Path(told["run_file"]), Path(told["result"])
    if told["guarded"]:
        guard((Path(invocation.directory), run_file.parent))
    make = Script.of_module if invocation.module else Script.at
    script = replace(make(invocation.target, invocation.arguments), source=told["source"])

    def run() -> BaseException | None:
        ending = script.run()
        if ending.error is not None:
            print(f"{type(ending.error).__name__}: {ending.error}", file=sys.stderr)
        return ending.error

    trial = Trial.from_json(told["trial"])
    done = perform(
        trial,
        invocation,
        run,
        run_file,
        subject=told["subject"],
        # One seed is pictured: a run file is not to grow by every trial.
        show=partial(shown, pictured=trial.offset == 1),
    )
    written = result.with_suffix(".new")
    written.write_text(json.dumps(done.to_json()), encoding="utf-8")
    written.replace(result)
    sys.stdout.flush()
    sys.stderr.flush()
    # What the script has left running, or registered for the end, is not waited for.
    os._exit(0)


def _end_with(parent: int) -> None:
    """End this process, and what it has started, when the one that wants its result is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS_FOR_PARENT)
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="snellen-parent", daemon=True).start()
