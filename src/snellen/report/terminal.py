"""The verdict card: verdict, why, what to change, what was found, next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from snellen.core import Severity
from snellen.report.document import Document, Group, Passed, SubjectFacts, Unjudged
from snellen.report.duration import duration
from snellen.report.health import MEANINGS, Health, LayerHealth
from snellen.report.mending import show_mended
from snellen.report.page import Page
from snellen.report.standing import Standing, standing
from snellen.report.strip import ASCII_BLOCKS, BLOCKS, COLOURS, cells, folded, tally
from snellen.report.why import show_diagnosis

MOST_LAYERS = 30
"""Layers in the strip of channel health before the rest is folded."""
FEW_CHECKS = 8
"""Symptoms that found nothing, or could not judge, named one by one; of more the codes are told."""
MOST_FINDINGS = 3
"""Findings of one symptom told in full."""
SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
STANDING_STYLES = {
    Standing.HARMED: "bold red",
    Standing.POOR: "bold yellow",
    Standing.FINE: "bold green",
    Standing.UNKNOWN: "bold",
    **{Standing(severity.value): style for severity, style in SEVERITY_STYLES.items()},
}


def print_card(document: Document, file: TextIO, *, width: int | None = None) -> None:
    """Print the card: in colour to a terminal (unless NO_COLOR is set), and in ASCII where `file`
    takes nothing else. `width` is for tests; else the terminal's, or 80. Never raises `OSError`."""
    console = Console(file=file, width=width, highlight=False, emoji=False, markup=False)
    card = _Card(Page(console, ascii=not (file.encoding or "").lower().startswith("utf")))
    # The reader of a pipe may have gone, a script may have closed its standard error.
    with contextlib.suppress(OSError, ValueError):
        card.show(document)
        file.flush()


def print_mended(document: Document, file: TextIO, *, width: int | None = None) -> None:
    """Print the verdict in a few lines, and what came of trying remedies. As `print_card` else."""
    console = Console(file=file, width=width, highlight=False, emoji=False, markup=False)
    card = _Card(Page(console, ascii=not (file.encoding or "").lower().startswith("utf")))
    with contextlib.suppress(OSError, ValueError):
        card.head(document)
        if document.mended is not None:
            several = len(document.subjects) > 1
            show_mended(card.page, document.mended, several=several)
        card.page.console.print()
        file.flush()


@dataclass(frozen=True)
class _Card:
    page: Page

    def head(self, document: Document) -> None:
        self.page.console.print()
        self.page.console.print(
            Rule(self.page.text("snellen"), characters="-" if self.page.ascii else "─")
        )
        self.verdict(document)

    def show(self, document: Document) -> None:
        self.head(document)
        several = len(document.subjects) > 1
        show_diagnosis(self.page, document.explanations, several=several)
        if document.mended is not None:
            show_mended(self.page, document.mended, several=several)
        if document.groups:
            self.page.heading("What was found")
            orders = {
                subject.name: {health.layer: i for i, health in enumerate(subject.layers)}
                for subject in document.subjects
            }
            for group in document.groups:
                order = orders.get(group.subject, {})
                self.group(group, order, several=several)
        for subject in document.subjects:
            self.strip(subject)
        self.checks(document)
        self.cost(document)
        self.next(document)

    def verdict(self, document: Document) -> None:
        label = standing(document)
        headline = self.page.text(label.value.upper(), STANDING_STYLES[label])
        headline.append_text(self.page.text(f"  {document.headline}", "bold"))
        self.page.indented(headline, 0)
        if document.found != document.headline:
            self.page.indented(self.page.text(document.found), 0, hang=2)
        run = document.run
        facts = [run.script, run.framework, f"{run.steps} steps in {duration(run.seconds)}"]
        self.page.indented(self.page.text(" · ".join(fact for fact in facts if fact), "dim"), 0)
        for subject in document.subjects:
            self.outcome(subject, several=len(document.subjects) > 1)
        for note in document.notes:
            self.page.indented(self.page.text(note), 2)

    def outcome(self, subject: SubjectFacts, *, several: bool) -> None:
        if not subject.reasons:
            return
        of = f" of {subject.name}" if several else ""
        why = f"Training{of}: {'; '.join(subject.reasons)}"
        self.page.indented(self.page.text(why), 0, hang=2)

    def group(self, group: Group, order: Mapping[str, int], *, several: bool) -> None:
        """`order`: places of its subject's layers in the network."""
        title = self.page.text(f"{group.severity.value:<8}", SEVERITY_STYLES[group.severity])
        title.append_text(self.page.text(f"{group.code} {group.symptom}", "bold"))
        if len(group.findings) > 1:
            title.append_text(self.page.text(f" in {len(group.findings)} layers"))
        if several:
            title.append_text(self.page.text(f" of {group.subject}"))
        self.page.indented(title, 2)
        told = sorted(group.findings[:MOST_FINDINGS], key=lambda f: order.get(f.place.layer, -1))
        names = [finding.place.layer or "the model" for finding in told]
        width = self.page.names(names)
        for name, finding in zip(names, told, strict=True):
            self.page.row(self.page.name(name), width, self.page.text(finding.evidence.sentence()))
        rest = [finding.place.layer for finding in group.findings[MOST_FINDINGS:]]
        if rest:
            named = ", ".join(rest[:MOST_FINDINGS]) + (", …" if len(rest) > MOST_FINDINGS else "")
            more = f"and in {len(rest)} more layer{'s' if len(rest) > 1 else ''}: {named}"
            self.page.indented(self.page.text(more, "dim"), 4, hang=6)

    def strip(self, subject: SubjectFacts) -> None:
        if not subject.layers:
            return
        steps = sorted({x.step for x in subject.layers if x.step is not None})
        images = max(x.images for x in subject.layers)
        when = f" at step {steps[-1]}, on {images} probe images" if steps else ""
        self.page.heading(f"Channels of {subject.name}{when}")
        rows = folded(subject.layers, MOST_LAYERS)
        shown = [row for row in rows if isinstance(row, LayerHealth)]
        names = self.page.names(row.layer for row in shown)
        tallies = max(len(tally(row)) for row in shown)
        width = max(len(Health), self.page.width - names - tallies - 6)
        used = max(len(cells(row.channels, width)) for row in shown)
        for row in rows:
            if isinstance(row, int):
                left_out = f"… {row} layer{'s' if row > 1 else ''} left out"
                self.page.indented(self.page.text(left_out, "dim"), 2 + names + 2)
                continue
            line = self.page.name(row.layer)
            line.pad_right(names + 2 - line.cell_len)
            line.append_text(self.blocks(row, width))
            line.pad_right(names + used + 4 - line.cell_len)
            line.append_text(self.page.text(tally(row)))
            self.page.indented(line, 2)
        self.legend(shown, width)

    def blocks(self, health: LayerHealth, width: int) -> Text:
        signs = ASCII_BLOCKS if self.page.ascii else BLOCKS
        line = Text(no_wrap=True)
        for kind in cells(health.channels, width):
            line.append(signs[kind], COLOURS[kind])
        return line

    def legend(self, rows: Iterable[LayerHealth], width: int) -> None:
        rows = tuple(rows)
        signs = ASCII_BLOCKS if self.page.ascii else BLOCKS
        line = Text()
        for kind in Health:
            if any(kind in row.channels for row in rows):
                line.append("   " if line else "")
                line.append_text(self.page.text(signs[kind], COLOURS[kind]))
                line.append_text(self.page.text(f" {kind.value} ({MEANINGS[kind]})", "dim"))
        self.page.indented(line, 2)
        if any(len(row.channels) > width for row in rows):
            self.page.indented(
                self.page.text("Layers too wide for a block per channel show shares.", "dim"), 2
            )

    def checks(self, document: Document) -> None:
        if document.passed:
            self.page.heading("Nothing found")
            few = len(document.passed) <= FEW_CHECKS
            said = ", ".join(map(passed, document.passed)) if few else codes(document.passed)
            self.page.indented(self.page.text(said), 2, hang=2)
        if document.unjudged:
            self.page.heading("Not judged")
            several = len(document.subjects) > 1
            entries = sorted(document.unjudged, key=lambda entry: -len(entry.layers))
            for entry in entries[:FEW_CHECKS]:
                self.page.indented(self.page.text(unjudged(entry, several=several)), 2, hang=4)
            if rest := entries[FEW_CHECKS:]:
                self.page.indented(
                    self.page.text(f"and {codes(rest)}: the JSON says why"), 2, hang=4
                )

    def cost(self, document: Document) -> None:
        run = document.run
        share = run.overhead_share
        took = f"Watching took {duration(run.watching_seconds - run.examining_seconds)}"
        if share is not None:
            took += f", {share:.1%} of the training's {duration(run.seconds)}"
        if isinstance(budget := run.manifest.get("overhead_budget"), float):
            took += f" (budget: {budget * 100:g}%)"
        if run.examining_seconds >= 0.05:
            took += f"; questions to the trained model {duration(run.examining_seconds)} more"
        self.page.console.print()
        self.page.indented(self.page.text(took, "dim"), 0)
        self.page.indented(self.page.text(f"Run file: {run.file}", "dim"), 0)

    def next(self, document: Document) -> None:
        self.page.heading("Next")
        for command, gives in document.next:
            line = self.page.text(command, "bold")
            line.append_text(self.page.text(f"  {gives}", "dim"))
            self.page.indented(line, 2, hang=4)
        self.page.console.print()


def codes(entries: Iterable[Passed | Unjudged]) -> str:
    """`S01 to S04, S07 (snellen symptoms names them)`."""
    numbers = sorted({int(entry.code[1:]) for entry in entries})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = [f"S{run[0]:02}" if len(run) == 1 else f"S{run[0]:02} to S{run[-1]:02}" for run in runs]
    return f"{', '.join(said)} (`snellen symptoms` names them)"


def passed(entry: Passed) -> str:
    layers = f" ({entry.layers} layer{'s' if entry.layers > 1 else ''})" if entry.layers else ""
    return f"{entry.code} {entry.symptom}{layers}"


def unjudged(entry: Unjudged, *, several: bool) -> str:
    where = [layer for layer in entry.layers if layer]
    places = f" ({len(where)} layers)" if len(where) > 1 else f" ({where[0]})" if where else ""
    of = f" of {entry.subject}" if several else ""
    return f"{entry.code} {entry.symptom}{of}{places}: needs {entry.needs}"
