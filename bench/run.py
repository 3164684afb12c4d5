"""`snellen run` against the bare script: what watching costs in time and memory, side by side."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.row import Row

SCRIPT = Path(__file__).with_name("scripts") / "resnet.py"
STEPS = 300
PAIRS = 3
START_UPS = 5


def measure() -> Iterator[Row]:
    bare: list[dict[str, float]] = []
    watched: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(PAIRS):
            # In turn, so that what else the machine does falls on both.
            bare.append(ran([sys.executable, str(SCRIPT), str(STEPS)]))
            file = Path(folder) / f"{pair}.snellen"
            watched.append(
                ran([*SNELLEN, "run", "--quiet", "--run-file", str(file), str(SCRIPT), str(STEPS)])
            )
    for unit, name in (("loop_seconds", "wall"), ("loop_processor_seconds", "processor")):
        ratios = [w[unit] / b[unit] for w, b in zip(watched, bare, strict=True)]
        pairs = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        note = f"pairs {pairs}; bare {bare[0][unit]:.1f} s"
        loop = f"training loop of {STEPS} steps, {name} time"
        yield Row(loop, statistics.median(ratios), "×", 1.03, note)
    after = [
        w["wall"] - w["loop_seconds"] - b["wall"] + b["loop_seconds"]
        for w, b in zip(watched, bare, strict=True)
    ]
    yield Row(
        "start-up, last look and verdict",
        statistics.median(after),
        "s",
        None,
        "over the bare script",
    )
    more = [w["peak_mib"] - b["peak_mib"] for w, b in zip(watched, bare, strict=True)]
    yield Row("peak memory over the bare script", statistics.median(more), "MiB", 100, "")
    yield from start_up()


SNELLEN = [sys.executable, "-m", "snellen"]


def ran(command: list[str]) -> dict[str, float]:
    """What the script printed, and the wall time of the whole process."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - started
    return {**json.loads(done.stdout.splitlines()[-1]), "wall": wall}


def start_up() -> Iterator[Row]:
    """A script that imports a framework and does nothing, watched and bare; and the help page."""
    with tempfile.TemporaryDirectory() as folder:
        for framework in ("torch", "keras"):
            script = Path(folder) / f"only_{framework}.py"
            script.write_text(f"import {framework}\n")
            bare = [sys.executable, str(script)]
            watched = [*SNELLEN, "run", "--quiet", str(script)]
            seconds = medians({"bare": bare, "watched": watched})
            over = seconds["watched"] - seconds["bare"]
            yield Row(
                f"start-up over import {framework}", over, "s", 2.0, f"bare {seconds['bare']:.2f} s"
            )
    plain = [sys.executable, "-c", "import typer"]
    seconds = medians({"help": [*SNELLEN, "--help"], "typer": plain})
    ratio = seconds["help"] / seconds["typer"]
    yield Row("snellen --help against import typer", ratio, "×", 3.0, f"{seconds['help']:.2f} s")


def medians(commands: dict[str, list[str]]) -> dict[str, float]:
    """Median wall seconds of each command, run in turn."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(START_UPS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}
