"""A comparison on a terminal, and as JSON."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.rule import Rule

from snellen.core import Finding
from snellen.report.comparison import Change, Comparison, LayerChange
from snellen.report.document import SubjectFacts
from snellen.report.health import Health, LayerHealth
from snellen.report.json import plain_value
from snellen.report.page import Page
from snellen.report.strip import tally

SCHEMA = "snellen.comparison/1"
MOST = 12
"""Changes, and layers, that are told one by one."""


def print_comparison(
    comparisons: Sequence[Comparison],
    names: tuple[str, str],
    file: TextIO,
    *,
    width: int | None = None,
) -> None:
    """`names`: what the two are called. Never raises `OSError`; in ASCII where `file` takes nothing
    else."""
    console = Console(file=file, width=width, highlight=False, emoji=False, markup=False)
    page = Page(console, ascii=not (file.encoding or "").lower().startswith("utf"))
    with contextlib.suppress(OSError, ValueError):
        console.print()
        console.print(Rule(page.text("snellen compare"), characters="-" if page.ascii else "─"))
        page.indented(page.text(f"before  {names[0]}", "dim"), 0, hang=8)
        page.indented(page.text(f"after   {names[1]}", "dim"), 0, hang=8)
        for comparison in comparisons:
            _show(page, comparison, several=len(comparisons) > 1)
        if not comparisons:
            page.indented(page.text("No model is in both: there is nothing to compare."), 0)
        console.print()
        file.flush()


def json_of_comparison(comparisons: Sequence[Comparison], names: tuple[str, str]) -> dict[str, Any]:
    """Plain JSON values, schema `snellen.comparison/1` (docs/json.md)."""
    return {
        "schema": SCHEMA,
        "before": names[0],
        "after": names[1],
        "regressed": any(comparison.regressed for comparison in comparisons),
        "models": [_json(comparison) for comparison in comparisons],
    }


def _show(page: Page, comparison: Comparison, *, several: bool) -> None:
    if several:
        page.heading(comparison.after.name)
    for label, subject in (("before", comparison.before), ("after", comparison.after)):
        said = "; ".join(subject.reasons) or "nothing is known of how it turned out"
        page.indented(page.text(f"{label:<7} {_word(subject)}: {said}"), 0, hang=8)
    if comparison.causes_before != comparison.causes_after:
        was = ", ".join(comparison.causes_before) or "no cause"
        now = ", ".join(comparison.causes_after) or "no cause"
        page.indented(page.text(f"named   {was} → {now}"), 0, hang=8)
    for title, style, changes in (
        ("What got worse", "red", comparison.worse),
        ("What got better", "green", comparison.better),
    ):
        if changes:
            page.heading(title)
        for change in changes[:MOST]:
            line = page.text(f"{_step(change):<18}", style)
            place = change.layer or "the model"
            line.append_text(page.text(f"{change.code} {change.symptom}, {place}", "bold"))
            page.indented(line, 2, hang=4)
            finding = change.after or change.before
            assert finding is not None
            page.indented(page.text(finding.evidence.sentence()), 4)
        if len(changes) > MOST:
            page.indented(page.text(f"and {len(changes) - MOST} more"), 2)
    if not comparison.worse and not comparison.better:
        page.heading("No finding differs in its severity")
    if comparison.same:
        page.indented(page.text(f"{len(comparison.same)} findings are as they were", "dim"), 2)
    _layers(page, comparison.layers)


def _layers(page: Page, layers: Sequence[LayerChange]) -> None:
    if not layers:
        return
    page.heading("Layers whose channels fare differently")
    width = page.names(change.layer for change in layers[:MOST])
    for change in layers[:MOST]:
        said = f"{_tally(change.before)} → {_tally(change.after)}"
        page.row(page.name(change.layer), width, page.text(said))
    if len(layers) > MOST:
        page.indented(page.text(f"and {len(layers) - MOST} more"), 4)


def _tally(health: LayerHealth | None) -> str:
    return "no such layer" if health is None else tally(health)


def _word(subject: SubjectFacts) -> str:
    words = {True: "harmed", False: "unharmed", None: "unknown"}
    return f"{words[subject.harmed]} after {subject.steps} steps"


def _step(change: Change) -> str:
    was = change.before.severity.value if change.before else "nothing"
    now = change.after.severity.value if change.after else "nothing"
    return f"{was} → {now}"


def _json(comparison: Comparison) -> dict[str, Any]:
    return {
        "name": comparison.after.name,
        "regressed": comparison.regressed,
        "before": _subject(comparison.before, comparison.causes_before),
        "after": _subject(comparison.after, comparison.causes_after),
        "worse": [_change(change) for change in comparison.worse],
        "better": [_change(change) for change in comparison.better],
        "same": len(comparison.same),
        "layers": [
            {
                "layer": change.layer,
                "before": _counts(change.before),
                "after": _counts(change.after),
            }
            for change in comparison.layers
        ],
    }


def _subject(subject: SubjectFacts, causes: Sequence[str]) -> dict[str, Any]:
    return {
        "steps": subject.steps,
        "harmed": subject.harmed,
        "reasons": list(subject.reasons),
        "causes": list(causes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "symptom": change.symptom,
        "layer": change.layer,
        "before": _finding(change.before),
        "after": _finding(change.after),
    }


def _finding(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "severity": finding.severity.value,
        "sentence": finding.evidence.sentence(),
        "evidence": plain_value(finding.evidence),
    }


def _counts(health: LayerHealth | None) -> dict[str, int] | None:
    if health is None:
        return None
    return {kind.value: health.counts.get(kind, 0) for kind in Health}
