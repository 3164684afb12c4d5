"""How often snellen is right on the gallery.

`python -m bench.accuracy [PROGRAM...] [--seeds 11 12] [--framework FRAMEWORK] [--quick]` runs every
program and every mended twin, or those named; what was run before and would come out the same is
taken from `.accuracy/`, so that an interrupted call goes on where it was, and a change to a symptom
is judged anew without training; with `--kept` nothing is trained at all, and what was never run is
left out and said to be. A whole call writes RESULTS.md and results.json beside this file.
Ends with status 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from bench.accuracy import cache
from bench.accuracy.cause_page import PICTURE, draw
from bench.accuracy.difference import committed, differences
from bench.accuracy.page import Circumstances, as_json, as_markdown, bounds, goals, percent, ranked
from bench.accuracy.plan import FRAMEWORKS, SEEDS, Case, cases, quick
from bench.accuracy.work import Result, result
from gallery.truth import FRAMEWORKS as ALL_FRAMEWORKS
from gallery.truth import programs

HERE = Path(__file__).parent
USUAL_SECONDS = 25.0
SLOW_SECONDS = 300.0
JUDGING_SECONDS = 2.0
KEPT_SECONDS = 0.1


def main() -> int:
    given = _arguments()
    chosen = quick() if given.quick else cases(given.seeds, given.framework, given.programs)
    left_out = [case for case in chosen if given.kept and cache.kept_run(case) is None]
    chosen = [case for case in chosen if case not in left_out]
    lacking = {c.truth.program: c.truth.lacking() for c in chosen if c.truth.lacking()}
    for program, needs in lacking.items():
        print(f"skipped {program}: needs {', '.join(needs)}")
    chosen = [case for case in chosen if not case.truth.lacking()]
    console = Console()
    try:
        results = sorted(_results(chosen, given.jobs, console), key=lambda r: r.case.name)
    except KeyboardInterrupt:
        console.print("Stopped. What was done is kept; the same command goes on from there.")
        return 130
    here = _circumstances()
    now = as_json(results, here)
    old = committed()
    for line in differences(old, now) if old else ():
        console.print(line, highlight=False, markup=False)
    whole = not (given.quick or given.programs) and not set(FRAMEWORKS) - set(given.framework)
    if whole:
        page = as_markdown(results, here, _symptom_names(), [str(case) for case in left_out])
        draw(ranked(results), HERE / PICTURE)
        (HERE / "RESULTS.md").write_text(page, encoding="utf-8")
        text = json.dumps(now, indent=1, ensure_ascii=False) + "\n"
        (HERE / "results.json").write_text(text, encoding="utf-8")
    reached = goals(results)
    for goal in reached:
        share = f"{goal.share.hits} of {goal.share.of}, {percent(goal.share)}"
        mark = "kept" if goal.kept else "MISSED"
        console.print(f"{goal.name}: {share} ({bounds(goal.share)}) {mark}", highlight=False)
    return 0 if all(goal.kept for goal in reached) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument(
        "--framework", choices=ALL_FRAMEWORKS, action="append", help=f"default: {FRAMEWORKS}"
    )
    parser.add_argument("--quick", action="store_true", help="a fixed part of it, in five minutes")
    parser.add_argument("--kept", action="store_true", help="of runs that were kept, train nothing")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side (default 2)")
    given = parser.parse_args()
    given.framework = given.framework or list(FRAMEWORKS)
    unknown = set(given.programs) - set(programs())
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    return given


def _results(chosen: list[Case], jobs: int, console: Console) -> Iterator[Result]:
    """As they come, the longest first, under a bar that says how long the rest will take."""
    weights = {case: _seconds(case) for case in chosen}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    runs = Progress(*columns, TimeElapsedColumn(), TextColumn("left:"), _Left(), console=console)
    with runs, ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        bar = runs.add_task("runs", total=len(chosen), work=sum(weights.values()), done=0.0)
        order = sorted(chosen, key=lambda case: -weights[case])
        waiting = {pool.submit(result, case): case for case in order}
        try:
            for future in as_completed(waiting):
                case = waiting[future]
                runs.update(bar, advance=1, done=runs.tasks[0].fields["done"] + weights[case])
                yield _told(_of(future, case), runs.console)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Left(ProgressColumn):
    """The time left by the seconds that runs took before, rather than by their number."""

    max_refresh = 1.0

    def render(self, task: Task) -> Text:
        done, work = task.fields["done"], task.fields["work"]
        if not done or task.elapsed is None:
            return Text("…")
        return Text(str(datetime.timedelta(seconds=round(task.elapsed * (work - done) / done))))


def _of(future: Future[Result], case: Case) -> Result:
    """One that broke down is one run without a judgement; the others go on."""
    error = future.exception()
    if error is None:
        return future.result()
    return Result(case, None, f"{type(error).__name__}: {error}")


def _told(done: Result, console: Console) -> Result:
    """The same, after a line for whoever watches where something is worth a line."""
    if done.trouble:
        console.print(f"{done.case}: {done.trouble}", highlight=False, markup=False)
    return done


def _seconds(case: Case) -> float:
    """What it will probably take."""
    if cache.kept_judgement(case) is not None:
        return KEPT_SECONDS
    if cache.kept_run(case) is not None:
        return JUDGING_SECONDS
    return cache.seconds_before(case) or (SLOW_SECONDS if case.truth.slow else USUAL_SECONDS)


def _symptom_names() -> dict[str, str]:
    from snellen.symptoms import catalogue

    return {code: symptom.name for code, symptom in catalogue().items()}


def _circumstances() -> Circumstances:
    packages = ("numpy", "torch", "keras")
    versions = ", ".join([f"Python {platform.python_version()}", *_versions(packages)])
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    return Circumstances(date, _commit(), _machine(), versions)


def _versions(packages: Iterable[str]) -> Iterator[str]:
    return (f"{package} {version(package)}" for package in packages)


def _commit() -> str:
    """The short hash, with a mark where the source differs from it."""
    said = ["git", "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=, changed since"]
    done = subprocess.run(said, cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _machine() -> str:
    model = platform.machine()
    told = Path("/proc/cpuinfo")
    for line in told.read_text(encoding="utf-8").splitlines() if told.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{platform.system()}, {os.cpu_count()} × {model}"


if __name__ == "__main__":
    sys.exit(main())
