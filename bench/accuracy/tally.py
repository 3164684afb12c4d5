"""The arithmetic: from findings to shares with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scipy.stats import binomtest

from bench.accuracy.work import Result
from gallery.truth import Expected, Truth, at_least


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """0 to 1; `None` of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95% interval, for independent runs."""
        if not self.of:
            return None
        bounds = binomtest(self.hits, self.of).proportion_ci(0.95, method="wilson")
        return float(bounds.low), float(bounds.high)


@dataclass
class Symptom:
    """What became of one symptom over all runs."""

    caught: list[str] = field(default_factory=list[str])
    """The cases where it was planted and found as stated."""
    missed: list[str] = field(default_factory=list[str])
    alarms: list[str] = field(default_factory=list[str])
    """Healthy cases with a warning or an error."""
    errors: list[str] = field(default_factory=list[str])
    """Those of them with an error."""
    notes: list[str] = field(default_factory=list[str])
    """Healthy cases with a note and no more."""
    forbidden: list[str] = field(default_factory=list[str])
    """Faulty cases of another fault where the truth rules it out, with a warning or an error."""


def planted(truth: Truth) -> list[Expected]:
    """What must be found: the stated findings, and the planted symptom where they leave it out."""
    stated = list(truth.must)
    if truth.symptom and truth.symptom not in {expected.code for expected in stated}:
        stated.append(Expected(truth.symptom, "warning"))
    return stated


def judged(results: Iterable[Result], kinds: Iterable[str]) -> list[Result]:
    wanted = set(kinds)
    return [r for r in results if r.findings is not None and r.case.truth.kind in wanted]


def by_symptom(results: list[Result], strictness: str = "normal") -> dict[str, Symptom]:
    """By code. A planted fault in a run that could not be judged counts as missed."""
    table: dict[str, Symptom] = {}

    def row(code: str) -> Symptom:
        return table.setdefault(code, Symptom())

    for result in results:
        truth, name = result.case.truth, str(result.case)
        found = (result.findings or {}).get(strictness, [])
        if truth.kind == "healthy":
            for code in {f["code"] for f in found}:
                worst = {f["severity"] for f in found if f["code"] == code}
                loud = worst & {"warning", "error"}
                (row(code).alarms if loud else row(code).notes).append(name)
                if "error" in worst:
                    row(code).errors.append(name)
        elif truth.kind == "faulty":
            missing = missed(truth, found)
            for expected in planted(truth):
                lost = expected in missing
                (row(expected.code).missed if lost else row(expected.code).caught).append(name)
            for code in {f["code"] for f in truth.false_alarms(found)}:
                row(code).forbidden.append(name)
    return dict(sorted(table.items()))


def missed(truth: Truth, found: list[dict[str, str]]) -> list[Expected]:
    """The planted findings that are not among those found, or too mild, or not at every layer that
    they must be at."""
    missing: list[Expected] = []
    for expected in planted(truth):
        strong = {
            f["layer"]
            for f in found
            if f["code"] == expected.code and at_least(f["severity"], expected.severity)
        }
        if not strong or set(expected.layers) - strong:
            missing.append(expected)
    return missing


def recall(table: dict[str, Symptom]) -> Share:
    """Planted faults that were caught, over all symptoms."""
    caught = sum(len(symptom.caught) for symptom in table.values())
    return Share(caught, caught + sum(len(symptom.missed) for symptom in table.values()))


def healthy_with(results: list[Result], severity: str, strictness: str = "normal") -> Share:
    """Healthy runs with at least one finding of at least this severity, of any symptom."""
    return _share(
        judged(results, ["healthy"]),
        lambda r: any(
            at_least(f["severity"], severity) for f in (r.findings or {}).get(strictness, [])
        ),
    )


def healthy_programs_with(results: list[Result], severity: str) -> Share:
    """Healthy programs, twins included, any run of which has such a finding. Runs of one program on
    other seeds and frameworks resemble each other; programs do less."""
    names: dict[str, bool] = {}
    for result in judged(results, ["healthy"]):
        loud = any(at_least(f["severity"], severity) for f in (result.findings or {})["normal"])
        name = result.case.truth.name
        names[name] = names.get(name, False) or loud
    return Share(sum(names.values()), len(names))


def notes_a_run(results: list[Result]) -> float | None:
    """Mean notes on a healthy run."""
    healthy = judged(results, ["healthy"])
    counts = [
        sum(f["severity"] == "note" for f in (result.findings or {})["normal"])
        for result in healthy
    ]
    return sum(counts) / len(counts) if counts else None


def _share(results: list[Result], hit: Callable[[Result], bool]) -> Share:
    return Share(sum(map(hit, results)), len(results))
