"""How much of the way to its healthy twin `snellen fix` brings a faulty program.

    python -m gallery.mending gradients_not_zeroed keeps_a_tenth --framework torch --budget 12m

One line of JSON for each program: the remedy that was picked, how far the trainings come without it
and with it, how far the twin comes by the same measure, and the share of the gap that was restored.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gallery.truth import FRAMEWORKS, MENDED, script_of
from snellen.record import read
from snellen.trials.measured import Measured, measure


def mended(program: str, framework: str, seed: int, budget: str) -> dict[str, Any]:
    """Run the program, its twin and `snellen fix`, in a folder of their own."""
    script = script_of(program, framework)
    env = dict(os.environ)
    if framework.startswith("keras"):
        env["KERAS_BACKEND"] = framework.partition("-")[2]
    with tempfile.TemporaryDirectory(prefix="snellen-mending-") as place:
        folder = Path(place) / program
        shutil.copytree(script.parent, folder)

        def snellen(*arguments: str) -> int:
            command = [sys.executable, "-m", "snellen", *arguments]
            # What the programs print would stand between our lines.
            quiet = subprocess.DEVNULL
            done = subprocess.run(command, cwd=folder, env=env, stdout=quiet, check=False)
            return done.returncode

        run = ("run", "-q", "--run-file")
        snellen(*run, "faulty.snellen", script.name, "--seed", str(seed))
        snellen(*run, "twin.snellen", script.name, "--seed", str(seed), MENDED)
        status = snellen(*("fix", "-q", "--budget", budget, "--json", "out.json", "faulty.snellen"))
        twin = measure(read(folder / "twin.snellen"))
        told = json.loads((folder / "out.json").read_text())["fix"]
    return {"program": program, "framework": framework, "status": status, **compared(told, twin)}


def compared(fix: dict[str, Any] | None, twin: Measured | None) -> dict[str, Any]:
    """What `snellen fix` tells, beside the twin."""
    if fix is None or fix["best"] is None:
        return {"remedy": None, "restored": 0.0}
    best = fix["remedies"][fix["best"]]
    before, after = best["effect"]["control"], best["effect"]["progress"]
    goal = twin.progress(unseen=on_held_out(fix)) if twin is not None else None
    gap = None if goal is None or goal <= before else (after - before) / (goal - before)
    return {
        "remedy": best["title"],
        "cause": best["code"],
        "edited": best["diff"] is not None,
        "before": before,
        "after": after,
        "twin": goal,
        "restored": gap,
    }


def on_held_out(fix: dict[str, Any]) -> bool:
    """Whether progress was measured on held-out images."""
    return bool(fix["measures"]) and "held-out" in fix["measures"][0]["what"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gallery.mending")
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--framework", choices=FRAMEWORKS, default="torch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", default="12m")
    given = parser.parse_args()
    for program in given.programs:
        print(json.dumps(mended(program, given.framework, given.seed, given.budget)), flush=True)


if __name__ == "__main__":
    main()
