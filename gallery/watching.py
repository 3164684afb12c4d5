"""Run `snellen run` on a program, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery.truth import named_wrongly

if TYPE_CHECKING:
    from gallery.truth import Truth

SOURCE = Path(__file__).parents[1] / "src"
TIMEOUT_SECONDS = 600
SLOW_TIMEOUT_SECONDS = 3600
NAMED = 0.5
"""Belief from which on a report names a cause: that of the unknown one."""


@dataclass(frozen=True)
class Watched:
    """What one command left."""

    exit_status: int
    stderr: str
    verdicts: list[dict[str, Any]] | None
    """`None`: no verdicts were written."""
    seconds: float
    stdout: str = ""
    causes: tuple[str, ...] = ()
    """Codes of the causes that were named, best first."""

    def difference(self, truth: Truth) -> list[str]:
        """Where it differs from the truth, each in words; empty: nowhere."""
        wrong: list[str] = []
        if self.exit_status != truth.exit_status:
            wrong.append(f"exit status {self.exit_status}, not {truth.exit_status}")
        if truth.stderr not in self.stderr:
            wrong.append(f"the script's own error is missing: {truth.stderr}")
        if self.verdicts is None:
            # A script that never trains has nothing to be judged, and need not leave a file.
            return wrong if truth.kind == "script-error" else [*wrong, "no verdicts written"]
        wrong += [f"missed: {missed}" for missed in truth.missed(self.verdicts)]
        wrong += [f"false alarm: {said(v)}" for v in truth.false_alarms(self.verdicts)]
        return wrong + named_wrongly(truth, list(self.causes))


def said(verdict: dict[str, Any]) -> str:
    return "{severity} {code} {layer}: {sentence}".format_map(verdict)


def watch(truth: Truth, folder: Path, seed: int = 0, script_file: Path | None = None) -> Watched:
    """Leaves `run.snellen` and `verdicts.json` in `folder`, where the command runs. `script_file`:
    a copy of the program's script to run in its place.

    One thread, so that several may run side by side. Raises `subprocess.TimeoutExpired` when it
    takes too long.
    """
    card = folder / "verdicts.json"
    options = ["--json", str(card), "--run-file", str(folder / "run.snellen")]
    script = [str(script_file or truth.script), *truth.arguments(seed)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "snellen", "run", *options, *script],
        env=environment(truth),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SLOW_TIMEOUT_SECONDS if truth.slow else TIMEOUT_SECONDS,
        check=False,
    )
    written = json.loads(card.read_text(encoding="utf-8")) if card.exists() else {}
    seconds = time.perf_counter() - began
    named = [c["code"] for c in written.get("diagnosis", []) if c["belief"] >= NAMED]
    return Watched(
        done.returncode,
        done.stderr,
        written.get("verdicts"),
        seconds,
        stdout=done.stdout,
        causes=tuple(named),
    )


def environment(truth: Truth) -> dict[str, str]:
    settings = dict(os.environ)
    settings |= {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    settings |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    settings["PYTHONPATH"] = str(SOURCE)
    if truth.framework != "torch":
        settings["KERAS_BACKEND"] = truth.framework.removeprefix("keras-")
    return settings
