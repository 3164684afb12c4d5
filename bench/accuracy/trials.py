"""How often trials prove the true cause, and how often a wrong one.

`python -m bench.accuracy.trials [PROGRAM...] [--seed 15] [--framework FRAMEWORK] [--budget 5m]`
watches each faulty program of the held-out half, or those named, and gives its causes to `snellen
confirm` with that budget; one program after another, since the trials themselves run side by side.
What was done is kept in `.accuracy/`, and the same command goes on from there. Writes TRIALS.md
beside this file where all of them were done.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accuracy import cache
from bench.accuracy.page import bounds, percent
from bench.accuracy.plan import FRAMEWORKS, Case, cases
from bench.accuracy.tally import Share
from gallery.truth import FRAMEWORKS as ALL_FRAMEWORKS
from gallery.watching import environment, watch

HERE = Path(__file__).parent
WHOLE = ("core", "settings", "adapters", "capture", "stats", "record", "symptoms", "causes")
TRYING = (*WHOLE, "diagnosis", "trials", "cli/confirm.py", "cli/trial.py")
BESIDE_SECONDS = 300
"""What a command may take beyond its budget, for the trials that were begun within it."""


@dataclass(frozen=True)
class Tried:
    """What one command said."""

    case: Case
    seconds: float
    rulings: dict[str, str]
    """By the cause's code, of the causes that the diagnosis names, in its order."""
    trouble: str = ""

    @property
    def confirmed(self) -> list[str]:
        return [code for code, ruling in self.rulings.items() if ruling == "confirmed"]

    @property
    def first(self) -> str:
        return next(iter(self.rulings), "")

    def to_json(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "rulings": self.rulings, "trouble": self.trouble}


def main() -> int:
    given = _arguments()
    chosen = [
        case
        for case in cases([given.seed], given.framework, given.programs)
        if case.truth.causes and (given.programs or case.truth.held_out)
    ]
    lacking = [case for case in chosen if case.truth.lacking()]
    done: list[Tried] = []
    for case in chosen:
        if case in lacking:
            print(f"skipped {case}: needs {', '.join(case.truth.lacking())}")
            continue
        tried = _kept(case, given.budget) or _try(case, given.budget)
        done.append(tried)
        print(_line(tried), flush=True)
    page = as_markdown(done, given.budget)
    print(page)
    if not given.programs and not set(FRAMEWORKS) - set(given.framework):
        (HERE / "TRIALS.md").write_text(page, encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy.trials", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="default: the held-out half")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--framework", choices=ALL_FRAMEWORKS, action="append")
    parser.add_argument("--budget", default="5m")
    given = parser.parse_args()
    given.framework = given.framework or list(FRAMEWORKS)
    return given


def _folder(case: Case) -> Path:
    return cache.PLACE / "trials" / case.name


def _key(case: Case, budget: str) -> str:
    return cache.digest([cache.run_key(case), cache.source_hash(TRYING), budget])


def _kept(case: Case, budget: str) -> Tried | None:
    path = _folder(case) / "tried.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if told.get("key") != _key(case, budget):
        return None
    return Tried(case, told["seconds"], told["rulings"], told["trouble"])


def _try(case: Case, budget: str) -> Tried:
    key = _key(case, budget)
    with tempfile.TemporaryDirectory(prefix="trials-") as place:
        folder = Path(place)
        watched = watch(case.truth, folder, case.seed)
        if watched.exit_status != case.truth.exit_status:
            return Tried(case, watched.seconds, {}, f"exit status {watched.exit_status}")
        began = time.perf_counter()
        options = ["--quiet", "--budget", budget, "--json", "told.json"]
        done = subprocess.run(
            [sys.executable, "-m", "snellen", "confirm", *options, "run.snellen"],
            cwd=folder,
            env=environment(case.truth),
            capture_output=True,
            text=True,
            timeout=_seconds(budget) + BESIDE_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - began
        tried = _read(case, seconds, folder / "told.json", done.stderr)
        _folder(case).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "run.snellen", _folder(case) / "run.snellen")
    told = {"key": key, **tried.to_json()}
    (_folder(case) / "tried.json").write_text(json.dumps(told), encoding="utf-8")
    return tried


def _read(case: Case, seconds: float, path: Path, said: str) -> Tried:
    if not path.exists():
        return Tried(case, seconds, {}, " ".join(said.strip().splitlines()[-1:]) or "said nothing")
    named = json.loads(path.read_text(encoding="utf-8"))["diagnosis"]
    rulings = {c["code"]: c["proof"]["ruling"] if c["proof"] else "no trial" for c in named}
    return Tried(case, seconds, rulings)


def _seconds(budget: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    return float(budget[:-1]) * units[budget[-1]]


def _line(tried: Tried) -> str:
    told = ", ".join(f"{code} {ruling}" for code, ruling in tried.rulings.items())
    true = " or ".join(tried.case.truth.causes)
    return (
        f"{tried.case}: {true}; {told or tried.trouble or 'nothing named'} ({tried.seconds:.0f} s)"
    )


# -- the page --------------------------------------------------------------------------------------


def decidable(case: Case) -> bool:
    """Whether there is a trial for one of the true causes, of whatever training."""
    from snellen.trials.patterns import PATTERNS

    return bool(set(case.truth.causes) & set(PATTERNS))


def as_markdown(done: Sequence[Tried], budget: str) -> str:
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    lines = [
        "# Trials on the gallery",
        f"`python -m bench.accuracy.trials` on {today}; {os.cpu_count()} processors, a budget of "
        f"{budget} each; {len(done)} runs of faulty programs.",
        _table(done),
        "## Each run",
        "\n".join(f"- {_line(tried)}" for tried in sorted(done, key=lambda t: t.case.name)),
    ]
    return "\n\n".join(lines) + "\n"


def _table(done: Sequence[Tried]) -> str:
    with_trial = [tried for tried in done if decidable(tried.case)]
    rows = ["| | runs | share | 95% interval | goal |", "|---|---|---|---|---|"]
    for name, share, goal in (
        ("a true cause confirmed", _share(done, _right), "at least 85%"),
        ("the same, of causes that have a trial", _share(with_trial, _right), ""),
        ("a wrong cause confirmed", _share(done, _wrong), "at most 2%"),
        ("a true cause first after trials", _share(done, _first), "at least 95%"),
    ):
        hits = f"{share.hits} of {share.of}"
        rows.append(f"| {name} | {hits} | {percent(share)} | {bounds(share)} | {goal} |")
    return "\n".join(rows)


def _share(done: Iterable[Tried], holds: Any) -> Share:
    told = [holds(tried) for tried in done]
    return Share(sum(told), len(told))


def _right(tried: Tried) -> bool:
    return bool(set(tried.confirmed) & set(tried.case.truth.causes))


def _wrong(tried: Tried) -> bool:
    return bool(set(tried.confirmed) - set(tried.case.truth.causes))


def _first(tried: Tried) -> bool:
    return tried.first in tried.case.truth.causes


if __name__ == "__main__":
    sys.exit(main())
