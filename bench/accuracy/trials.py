"""How often trials prove the true cause, and how much of the harm the picked remedy takes away.

`python -m bench.accuracy.trials [PROGRAM...] [--seed 15] [--framework FRAMEWORK] [--budget 5m]`
watches each faulty program of the held-out half, or those named, gives it to `snellen confirm` and
to `snellen fix` with that budget each, and to as many interventions drawn at random as `fix` tried
remedies; one program after another, since the trials themselves run side by side. What was done is
kept in `.accuracy/`, and the same command goes on from there. Writes TRIALS.md beside this file
where all of them were done.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from bench.accuracy import cache
from bench.accuracy.page import bounds, percent
from bench.accuracy.plan import FRAMEWORKS, Case, cases
from bench.accuracy.tally import Share
from gallery.mending import on_held_out
from gallery.truth import FRAMEWORKS as ALL_FRAMEWORKS
from gallery.truth import MENDED
from gallery.watching import environment, watch
from snellen.cli.trying import budget_seconds
from snellen.record import read, trials
from snellen.trials.engines.local import LocalEngine
from snellen.trials.interventions import INTERVENTIONS, Intervention
from snellen.trials.measured import Measured, measure
from snellen.trials.patterns import PATTERNS
from snellen.trials.process import Workplace
from snellen.trials.trial import Invocation, Trial

HERE = Path(__file__).parent
WHOLE = ("core", "settings", "adapters", "capture", "stats", "record", "symptoms", "causes")
TRYING = (*WHOLE, "diagnosis", "trials", "cli/confirm.py", "cli/trial.py")
BESIDE_SECONDS = 300
"""What a command may take beyond its budget, for the trials that were begun within it."""


RESTORED = 0.9
"""Share of the gap between the faulty program and its healthy twin that a remedy has to close."""
LEAST_GAP = 0.1
"""Progress, 0 to 1, by which the twin must be ahead for a share of the gap to mean anything."""


@dataclass(frozen=True)
class Mended:
    """What remedies, or interventions drawn at random, came to: progress from 0 to 1."""

    before: float
    after: float
    """Under the best of them; as before where none was said to help."""
    twin: float
    """Of the healthy twin, run in the same way."""
    random: float
    """Under the best of the random ones."""
    tried: int
    title: str

    def share(self, reached: float) -> float | None:
        """Of the gap that was closed; `None` where there is hardly one."""
        gap = self.twin - self.before
        return (reached - self.before) / gap if gap >= LEAST_GAP else None


@dataclass(frozen=True)
class Tried:
    """What the commands said of one program."""

    case: Case
    seconds: float
    rulings: dict[str, str]
    """By the cause's code, of the causes that the diagnosis names, in its order."""
    trouble: str = ""
    mended: Mended | None = None

    @property
    def confirmed(self) -> list[str]:
        return [code for code, ruling in self.rulings.items() if ruling == "confirmed"]

    @property
    def first(self) -> str:
        return next(iter(self.rulings), "")

    def to_json(self) -> dict[str, Any]:
        mended = None if self.mended is None else asdict(self.mended)
        told = {"seconds": self.seconds, "rulings": self.rulings, "trouble": self.trouble}
        return {**told, "mended": mended}


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
    mended = None if told["mended"] is None else Mended(**told["mended"])
    return Tried(case, told["seconds"], told["rulings"], told["trouble"], mended)


def _try(case: Case, budget: str) -> Tried:
    key = _key(case, budget)
    with tempfile.TemporaryDirectory(prefix="trials-") as place:
        folder = Path(place)
        # Where a user has it: only there can a remedy be written into its text.
        script = Path(shutil.copy(case.truth.script, folder / "train.py"))
        watched = watch(case.truth, folder, case.seed, script)
        if watched.exit_status != case.truth.exit_status:
            return Tried(case, watched.seconds, {}, f"exit status {watched.exit_status}")
        began = time.perf_counter()
        said = _command("confirm", case, folder, budget)
        tried = _read(case, time.perf_counter() - began, folder / "confirm.json", said)
        _command("fix", case, folder, budget)
        tried = replace(tried, mended=_mended(case, folder))
        _folder(case).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "run.snellen", _folder(case) / "run.snellen")
    told = {"key": key, **tried.to_json()}
    (_folder(case) / "tried.json").write_text(json.dumps(told), encoding="utf-8")
    return tried


def _command(name: str, case: Case, folder: Path, budget: str) -> str:
    """Leaves `name.json`; what it said to standard error."""
    options = ["--quiet", "--budget", budget, "--json", f"{name}.json"]
    done = subprocess.run(
        [sys.executable, "-m", "snellen", name, *options, "run.snellen"],
        cwd=folder,
        env=environment(case.truth),
        capture_output=True,
        text=True,
        timeout=budget_seconds(budget) + BESIDE_SECONDS,
        check=False,
    )
    return done.stderr


def _mended(case: Case, folder: Path) -> Mended | None:
    """`None` where no remedy could be tried, or there is no healthy twin."""
    path = folder / "fix.json"
    told = json.loads(path.read_text(encoding="utf-8"))["fix"] if path.exists() else None
    tried = [r for r in told["remedies"] if r["effect"]] if told else []
    twin = replace(case.truth, mended=True)
    if not tried or MENDED not in case.truth.script.read_text(encoding="utf-8"):
        return None
    before = float(tried[0]["effect"]["control"])
    best = None if told["best"] is None else told["remedies"][told["best"]]
    (folder / "twin").mkdir()
    watched = watch(twin, folder / "twin", case.seed)
    healthy = measure(read(folder / "twin" / "run.snellen")) if not watched.exit_status else None
    if healthy is None:
        return None
    unseen = on_held_out(told)
    return Mended(
        before,
        before if best is None else float(best["effect"]["progress"]),
        healthy.progress(unseen=unseen),
        _at_random(case, folder, len(tried), unseen=unseen),
        len(tried),
        "" if best is None else best["title"],
    )


def _at_random(case: Case, folder: Path, number: int, *, unseen: bool) -> float:
    """The best progress under so many interventions drawn at random, one seed each."""
    kinds = [kind for name, kind in INTERVENTIONS.items() if name not in ("seed", "labels")]
    drawn = random.Random(case.name).sample(kinds, min(number, len(kinds)))
    truth = case.truth
    backend = truth.framework.partition("-")[2]
    called = Invocation(
        str(folder / "train.py"),
        tuple(truth.arguments(case.seed)),
        False,
        str(folder),
        "keras" if backend else "torch",
    )
    steps = next(
        (row["trial"]["max_steps"] for row in trials(folder / "run.snellen") if row["trial"]), None
    )
    asked = [
        Trial(kind.name, 1, (kind(),), steps, max_seconds=600.0)
        for kind in drawn
        if not _needs_numbers(kind)
    ]
    done = LocalEngine(os.cpu_count() or 1).run(Workplace(called, backend=backend), asked)
    found = [Measured.from_json(d.measured).progress(unseen=unseen) for d in done if d.usable]
    return max((value for value in found if isfinite(value)), default=float("nan"))


def _needs_numbers(kind: type[Intervention]) -> bool:
    """What is empty by default does nothing."""
    return any(value == () for value in kind().parameters.values())


def _read(case: Case, seconds: float, path: Path, said: str) -> Tried:
    if not path.exists():
        return Tried(case, seconds, {}, " ".join(said.strip().splitlines()[-1:]) or "said nothing")
    named = json.loads(path.read_text(encoding="utf-8"))["diagnosis"]
    rulings = {c["code"]: c["proof"]["ruling"] if c["proof"] else "no trial" for c in named}
    return Tried(case, seconds, rulings)


def _line(tried: Tried) -> str:
    told = ", ".join(f"{code} {ruling}" for code, ruling in tried.rulings.items())
    true = " or ".join(tried.case.truth.causes)
    return (
        f"{tried.case}: {true}; {told or tried.trouble or 'nothing named'} ({tried.seconds:.0f} s)"
    )


# -- the page --------------------------------------------------------------------------------------


def decidable(case: Case) -> bool:
    """Whether there is a trial for one of the true causes, of whatever training."""
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
    apart = [t for t in done if t.mended is None or t.mended.share(0.0) is not None]
    rows = ["| | runs | share | 95% interval | goal |", "|---|---|---|---|---|"]
    for name, share, goal in (
        ("a true cause confirmed", _share(done, _right), "at least 85%"),
        ("the same, of causes that have a trial", _share(with_trial, _right), ""),
        ("a wrong cause confirmed", _share(done, _wrong), "at most 2%"),
        ("a true cause first after trials", _share(done, _first), "at least 95%"),
        (
            "the picked remedy closes 90% of the gap to the healthy twin",
            _share(apart, lambda t: _closed(t, random=False)),
            "at least 85%",
        ),
        (
            "as many interventions at random do",
            _share(apart, lambda t: _closed(t, random=True)),
            "",
        ),
    ):
        hits = f"{share.hits} of {share.of}"
        rows.append(f"| {name} | {hits} | {percent(share)} | {bounds(share)} | {goal} |")
    return "\n".join(rows)


def _share(done: Iterable[Tried], holds: Any) -> Share:
    told = [holds(tried) for tried in done]
    return Share(sum(told), len(told))


def _closed(tried: Tried, *, random: bool) -> bool:
    """Nothing was closed where nothing could be tried."""
    if tried.mended is None:
        return False
    reached = tried.mended.random if random else tried.mended.after
    share = tried.mended.share(reached)
    return share is not None and isfinite(share) and share >= RESTORED


def _right(tried: Tried) -> bool:
    return bool(set(tried.confirmed) & set(tried.case.truth.causes))


def _wrong(tried: Tried) -> bool:
    return bool(set(tried.confirmed) - set(tried.case.truth.causes))


def _first(tried: Tried) -> bool:
    return tried.first in tried.case.truth.causes


if __name__ == "__main__":
    sys.exit(main())
