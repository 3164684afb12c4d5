"""One trial from outside: a fresh process is given it, and watched over until it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from snellen.trials.edits.script import UnsureError, replaced
from snellen.trials.scratch import Scratch, scratch
from snellen.trials.trial import Done, Ended, Invocation, Trial

SAID_LINES = 3
"""Last lines of what a failed script wrote that are kept as its error."""


class Running:
    """The processes of the trials that run, so that all can be ended together."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    def add(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._processes.add(process)
            stopped = self._stopped
        if stopped:
            _end(process)

    def discard(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._processes.discard(process)

    def stop(self) -> None:
        """End what runs, and begin nothing more: for Ctrl-C, and where enough is known."""
        with self._lock:
            self._stopped = True
            processes = list(self._processes)
        for process in processes:
            _end(process)


@dataclass(frozen=True)
class Workplace:
    """How and where processes of trials are run."""

    invocation: Invocation
    subject: str = ""
    """Name of the model that is measured; empty: the one trained longest."""
    in_place: bool = False
    """Run in the user's own directory instead of a copy, and let the script write wherever it
    does."""
    copied: bool = False
    """The directory is a scratch copy already."""
    threads: int = 1
    """Threads that each process may use for computing."""
    backend: str = ""
    """Keras' backend; empty where Keras is not used."""

    def run(self, trial: Trial, running: Running | None = None) -> Done:
        """Run one trial to its end, or until `running` is stopped. Does not raise for anything the
        script does."""
        began = time.monotonic()
        running = running or Running()
        if running.stopped:
            return Done(trial, Ended.STOPPED, 0.0)
        with tempfile.TemporaryDirectory(prefix="snellen-trial-") as place:
            folder = Path(place)
            with self._directory() as (directory, target):
                try:
                    source = self._edited(trial, directory, target)
                except UnsureError as error:
                    return Done(trial, Ended.FAILED, time.monotonic() - began, str(error))
                spec = folder / "trial.json"
                invocation = replace(self.invocation, directory=str(directory), target=str(target))
                told: dict[str, Any] = {
                    "trial": trial.to_json(),
                    "invocation": asdict(invocation),
                    "subject": self.subject,
                    "run_file": str(folder / "run.snellen"),
                    "result": str(folder / "result.json"),
                    "guarded": not self.in_place,
                    "source": source,
                }
                spec.write_text(json.dumps(told), encoding="utf-8")
                ended, said = self._process(spec, directory, folder, trial.max_seconds, running)
            result = folder / "result.json"
            seconds = time.monotonic() - began
            if result.exists() and ended is None:
                done = Done.from_json(json.loads(result.read_text(encoding="utf-8")))
                error = done.error or (said if done.ended is Ended.FAILED else "")
                return replace(done, seconds=seconds, error=error)
            return Done(trial, ended or Ended.LOST, seconds, said)

    @contextmanager
    def _directory(self) -> Generator[tuple[Path, Path | str]]:
        """Where the script runs, and the script itself as it lies there."""
        here, target = Path(self.invocation.directory), self.invocation.target
        if self.in_place or self.copied:
            yield here, target
            return
        with scratch(here) as copy:
            yield copy.directory, _inside(copy, target, module=self.invocation.module)

    def _edited(self, trial: Trial, directory: Path, target: Path | str) -> str | None:
        """The script with the trial's edits: written into its copy, or where it has none, the text
        to run in its place. Raises `UnsureError` where the script is not what was edited."""
        if not trial.edits:
            return None
        invocation = replace(self.invocation, directory=str(directory), target=str(target))
        script = script_file(invocation)
        if script is None:
            raise UnsureError("the file of the module was not found")
        text = replaced(script_text(script), trial.edits)
        if not self.in_place and script.is_relative_to(directory.resolve()):
            script.write_bytes(text.encode())
            return None
        return text

    def _process(
        self, spec: Path, directory: Path, folder: Path, seconds: float, running: Running
    ) -> tuple[Ended | None, str]:
        """`None` where the process came to its own end, and the last that it said."""
        log = folder / "said.txt"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "snellen", "trial", str(spec)],
                cwd=directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            running.add(process)
            try:
                process.wait(seconds)
                ended = Ended.STOPPED if running.stopped else None
            except subprocess.TimeoutExpired:
                ended = Ended.OUT_OF_TIME
            finally:
                _end(process)
                running.discard(process)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return ended, "\n".join(lines[-SAID_LINES:])

    def _environment(self) -> dict[str, str]:
        count = str(self.threads)
        own = {
            # Trials side by side would otherwise wait for one another's threads.
            "OMP_NUM_THREADS": count,
            "TF_NUM_INTRAOP_THREADS": count,
            "TF_NUM_INTEROP_THREADS": count,
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
        }
        if self.backend:
            own["KERAS_BACKEND"] = self.backend
        return {**os.environ, **own}


def script_file(invocation: Invocation) -> Path | None:
    """The file of the script, or that of the module in the directory it is run in; `None` where
    there is none."""
    directory = Path(invocation.directory).resolve()
    if not invocation.module:
        script = (directory / invocation.target).resolve()
        return script if script.is_file() else None
    own = directory.joinpath(*invocation.target.split("."))
    found = [own.with_name(f"{own.name}.py"), own / "__main__.py"]
    return next((file for file in found if file.is_file()), None)


def script_text(script: Path) -> str:
    """With its own line endings. Raises `UnsureError` for a file that is not UTF-8."""
    try:
        return script.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UnsureError(f"the script can't be read as UTF-8: {error}") from error


def _inside(copy: Scratch, target: str, *, module: bool) -> Path | str:
    return target if module else copy.of(Path(target).resolve())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has started, such as workers of a data loader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
