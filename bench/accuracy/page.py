"""The results as a page for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.accuracy import cause_page
from bench.accuracy.cause_tally import Ranked, healthy_blamed, places, with_causes
from bench.accuracy.cause_tally import ranked as all_ranked
from bench.accuracy.tally import (
    Share,
    Symptom,
    by_symptom,
    healthy_programs_with,
    healthy_with,
    missed,
    notes_a_run,
    planted,
    recall,
)
from bench.accuracy.work import Result
from snellen.causes import shipped

STRICTNESSES = ("lenient", "normal", "strict")
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Circumstances:
    """When, of what and where."""

    date: str
    commit: str
    machine: str
    versions: str


@dataclass(frozen=True)
class Goal:
    """A share and the bound it is held against."""

    name: str
    share: Share
    bound: float
    at_least: bool

    @property
    def kept(self) -> bool:
        value = self.share.value
        return value is None or (value >= self.bound if self.at_least else value <= self.bound)


def goals(results: list[Result]) -> list[Goal]:
    return [
        Goal("planted faults caught", recall(by_symptom(results)), 0.95, True),
        Goal("healthy runs with an error", healthy_with(results, "error"), 0.01, False),
        Goal(
            "healthy runs with a warning or an error", healthy_with(results, "warning"), 0.05, False
        ),
        *_goals_of_causes(ranked(results)),
    ]


def _goals_of_causes(runs: list[Ranked]) -> list[Goal]:
    held_out = with_causes(runs, held_out=True)
    found = places(held_out)
    families = {
        name: places([run for run in held_out if run.family == name]).first
        for name in cause_page.FAMILIES
    }
    return [
        Goal("true cause first, held-out half", found.first, 0.85, True),
        Goal("true cause among three, held-out half", found.among_three, 0.97, True),
        *(Goal(f"true cause first, {name}", first, 0.75, True) for name, first in families.items()),
        Goal("healthy runs with a cause named", healthy_blamed(runs), 0.02, False),
    ]


def ranked(results: list[Result]) -> list[Ranked]:
    """Every run with its causes ranked by the weights that are shipped."""
    return all_ranked(results, shipped())


def as_json(results: list[Result], here: Circumstances) -> dict[str, Any]:
    """All that a later run is compared with."""
    table = by_symptom(results)
    return {
        **asdict(here),
        "goals": {g.name: [g.share.hits, g.share.of] for g in goals(results)},
        "symptoms": {code: asdict(symptom) for code, symptom in table.items()},
        "causes": cause_page.as_json(ranked(results)),
        "runs": {str(r.case): _run(r) for r in results},
    }


def _run(result: Result) -> dict[str, Any]:
    found = (result.findings or {}).get("normal", [])
    told: dict[str, Any] = {"kind": result.case.truth.kind}
    if result.trouble:
        told["trouble"] = result.trouble
    if expected := planted(result.case.truth):
        lost = missed(result.case.truth, found)
        told["caught"] = [e.code for e in expected if e not in lost]
        told["missed"] = [e.code for e in lost]
    for severity in SEVERITIES:
        told[severity] = sorted({f["code"] for f in found if f["severity"] == severity})
    return told


def as_markdown(
    results: list[Result],
    here: Circumstances,
    names: dict[str, str],
    left_out: Sequence[str] = (),
) -> str:
    """`names`: of the symptoms, by code; `left_out`: cases that were not run."""
    table = by_symptom(results)
    seeds = sorted({r.case.seed for r in results})
    parts = [
        "# Accuracy on the gallery",
        _opening(results, here, seeds),
        "## In all",
        _goals_table(results),
        "Runs of one program on several seeds and frameworks resemble each other, so that Wilson's "
        "intervals (95%), which take every run as independent, are narrower than they should be. "
        f"By program: {_by_program(results)}",
        "## By strictness",
        _strictness_table(results),
        "## By symptom",
        "*Planted*: runs of faulty programs in which the symptom must be found, at its stated "
        "severity and layers. *False alarms*: healthy runs (healthy programs and mended twins) "
        "with a warning or an error of it; *notes*: healthy runs with a note of it and no more. "
        "*Elsewhere*: runs with another fault that the truth says does not show this symptom.",
        _symptom_table(table, names, healthy_with(results, "note").of),
        cause_page.as_markdown(ranked(results)),
        "## Missed",
        _listed(f"{code}: {case}" for code, symptom in table.items() for case in symptom.missed),
        "## False alarms",
        _listed(_alarms(results)),
        "## Runs that gave nothing to judge",
        _listed(f"{r.case}: {r.trouble}" for r in results if r.trouble),
        *(["## Not run", f"{len(left_out)}: {', '.join(left_out)}."] if left_out else []),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(results: list[Result], here: Circumstances, seeds: list[int]) -> str:
    kinds = [r.case.truth.kind for r in results]
    programs = {r.case.truth.program for r in results}
    return (
        f"`make accuracy` on {here.date}, commit {here.commit}; {here.machine}; {here.versions}."
        "\n\n"
        f"{len(results)} runs of {len(programs)} programs: {kinds.count('faulty')} with a planted "
        f"fault, {kinds.count('healthy')} healthy "
        f"({sum(r.case.truth.mended for r in results)} of them mended twins of faulty ones); "
        f"seeds {', '.join(map(str, seeds))}, on which no threshold was set; "
        f"{', '.join(sorted({r.case.truth.framework for r in results}))}."
    )


def _goals_table(results: list[Result]) -> str:
    rows = ["| | runs | share | 95% interval | goal |", "|---|---|---|---|---|"]
    for goal in goals(results):
        bound = f"{'at least' if goal.at_least else 'at most'} {goal.bound:.0%}"
        mark = "kept" if goal.kept else "**missed**"
        hits = f"{goal.share.hits} of {goal.share.of}"
        cells = [goal.name, hits, percent(goal.share), bounds(goal.share), f"{bound}: {mark}"]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _by_program(results: list[Result]) -> str:
    parts = [
        f"{share.hits} of {share.of} healthy programs ({bounds(share)}) gave {article} {severity} "
        "or worse in any run"
        for severity, article in (("error", "an"), ("warning", "a"))
        for share in [healthy_programs_with(results, severity)]
    ]
    mean = notes_a_run(results)
    return "; ".join(parts) + (
        "." if mean is None else f". Notes on a healthy run: {mean:.1f} on average."
    )


def _strictness_table(results: list[Result]) -> str:
    rows = [
        "| strictness | faults caught | healthy with an error | with a warning or worse | with any "
        "finding |",
        "|---|---|---|---|---|",
    ]
    for strictness in STRICTNESSES:
        shares = [recall(by_symptom(results, strictness))]
        shares += [healthy_with(results, severity, strictness) for severity in SEVERITIES]
        cells = [f"{percent(share)} ({bounds(share)})" for share in shares]
        rows.append("| " + " | ".join([strictness, *cells]) + " |")
    return "\n".join(rows)


def _symptom_table(table: dict[str, Symptom], names: dict[str, str], healthy: int) -> str:
    rows = [
        "| code | symptom | planted | caught | 95% interval | false alarms | at most (95%) "
        "| of them errors | notes | elsewhere |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for code in sorted({*names, *table}):
        symptom = table.get(code, Symptom())
        caught = Share(len(symptom.caught), len(symptom.caught) + len(symptom.missed))
        alarms = Share(len(symptom.alarms), healthy)
        highest = "" if alarms.interval is None else f"{alarms.interval[1]:.1%}"
        cells = [code, names.get(code, "?"), str(caught.of), str(caught.hits) if caught.of else ""]
        cells += [bounds(caught), str(alarms.hits), highest, str(len(symptom.errors))]
        cells += [str(len(symptom.notes)), str(len(symptom.forbidden))]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _alarms(results: list[Result]) -> Iterable[str]:
    for result in results:
        if result.case.truth.kind != "healthy":
            continue
        told: dict[tuple[str, str], dict[str, Any]] = {}
        for found in (result.findings or {}).get("normal", []):
            if found["severity"] != "note":
                told.setdefault((found["code"], found["severity"]), found)
        for found in told.values():
            where = f" at {found['layer']}" if found["layer"] else ""
            yield (
                f"{found['severity']} {found['code']} {found['symptom']}, {result.case}{where}: "
                f"{found['sentence']}"
            )


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None."


def percent(share: Share) -> str:
    return "" if share.value is None else f"{share.value:.1%}"


def bounds(share: Share) -> str:
    if share.interval is None:
        return ""
    low, high = share.interval
    return f"{low:.1%} to {high:.1%}"
