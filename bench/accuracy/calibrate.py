"""Count how often each clue is present with its cause, and with another.

`python -m bench.accuracy.calibrate [--seeds 11] [--framework FRAMEWORK]` reads the runs of the
training half of the gallery (programs that are not `held_out`) that `.accuracy/` keeps, trains
nothing, and writes `src/snellen/causes/weights.toml`.
"""

from __future__ import annotations

import argparse
import datetime
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.accuracy import cache
from bench.accuracy.causes import Signs, signs_of
from bench.accuracy.plan import FRAMEWORKS, Case, cases
from snellen.causes import catalogue
from snellen.record import read
from snellen.symptoms import judge

TABLE = cache.SOURCE / "causes" / "weights.toml"
SEEDS = (11,)
"""Not the seed that judges."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy.calibrate", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--framework", action="append", choices=FRAMEWORKS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=cache.PLACE, help="where runs are kept")
    given = parser.parse_args()
    chosen = [
        case
        for case in cases(given.seeds, given.framework or FRAMEWORKS)
        if case.truth.causes and not case.truth.held_out
    ]
    chosen = [case for case in chosen if (given.runs / case.name / "run.snellen").exists()]
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(_signs, given.runs), chosen))
    TABLE.write_text(table(list(zip(chosen, found, strict=True)), given.seeds), encoding="utf-8")


def _signs(place: Path, case: Case) -> list[Signs]:
    contents = read(place / case.name / "run.snellen")
    return signs_of(contents, judge(contents))


def table(told: list[tuple[Case, list[Signs]]], seeds: Iterable[int]) -> str:
    """`weights.toml`: for each clue the programs in which it was present, of those in which it was
    measured, with its cause and with another. Runs of one program count as parts of it."""
    programs = sorted({case.truth.program for case, found in told if found})
    frameworks = sorted({case.truth.framework for case, _ in told})
    lines = [
        "# Counts of clues on the training half of the gallery, by",
        "# `python -m bench.accuracy.calibrate`; not written by hand.",
        "",
        "[provenance]",
        f'date = "{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"',
        f"seeds = {list(seeds)}",
        f"frameworks = {_listed(frameworks)}",
        f"runs = {sum(bool(found) for _, found in told)}",
        f"programs = {_listed(programs)}",
    ]
    for code, cause in catalogue().items():
        lines += ["", f"[counts.{code}]"]
        for clue in cause.clues():
            here, elsewhere = counts(told, code, clue.key)
            lines.append(f"{clue.key} = {{ with = {here}, without = {elsewhere} }}")
    return "\n".join(lines) + "\n"


def counts(
    told: Iterable[tuple[Case, list[Signs]]], code: str, key: str
) -> tuple[list[float], list[float]]:
    """`[present, measured]` with the cause `code`, and without it."""
    seen: dict[bool, dict[str, list[bool]]] = {True: defaultdict(list), False: defaultdict(list)}
    for case, found in told:
        # A second model of the run (a teacher, an encoder) need not have the fault: the first
        # subject with something to explain stands for the run.
        for subject in found[:1]:
            present = subject["clues"].get(code, {}).get(key, (None, 1.0, []))[0]
            if present is not None:
                seen[code in case.truth.causes][case.truth.program].append(present)
    pair: list[list[float]] = []
    for held in (True, False):
        shares = [sum(runs) / len(runs) for runs in seen[held].values()]
        pair.append([round(sum(shares), 3), float(len(shares))])
    return pair[0], pair[1]


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


if __name__ == "__main__":
    main()
