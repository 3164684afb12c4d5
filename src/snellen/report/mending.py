"""The part of the card that says what came of trying remedies."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from rich.text import Text

from snellen.report.health import Health, LayerHealth
from snellen.report.mended import Compared, LayerCompared, MendedFacts, RemedyFacts, Spread
from snellen.report.mended import SymptomCompared as Symptom
from snellen.report.page import Page
from snellen.report.strip import ASCII_BLOCKS, BLOCKS, COLOURS, cells, folded

MOST_LAYERS = 30
"""Layers whose channels are compared before those of least change are left out."""
MOST_UNTRIED = 6
"""Remedies that were not tried, told one by one."""
STYLES = {
    "best": "bold green",
    "helps": "green",
    "unclear": "yellow",
    "no gain": "red",
    "failed": "red",
    "not tried": "dim",
}


def show_mended(page: Page, facts: MendedFacts, *, several: bool) -> None:
    """`several`: the run has several models, so that this one's is named."""
    page.heading(f"Remedies tried for {facts.subject}" if several else "Remedies tried")
    if facts.best is None:
        page.indented(page.text(f"{facts.headline}.", "bold yellow"), 2)
        if facts.halted:
            page.indented(page.text(facts.halted), 2)
    else:
        _best(page, facts.best)
    tried = [r for r in facts.remedies if r is not facts.best and r.word != "not tried"]
    for remedy in tried:
        _other(page, remedy)
    if facts.best is not None:
        _before_and_after(page, facts)
        _change(page, facts.best)
    _untried(page, [r for r in facts.remedies if r.word == "not tried"])


def _best(page: Page, remedy: RemedyFacts) -> None:
    title = page.text("best  ", STYLES["best"])
    title.append_text(page.text(remedy.title, "bold"))
    title.append_text(page.text(f" ({remedy.code} {remedy.cause})", "dim"))
    page.indented(title, 2, hang=4)
    page.indented(page.text(remedy.sentence()), 4)


def _other(page: Page, remedy: RemedyFacts) -> None:
    title = page.text(f"{remedy.word}  ", STYLES[remedy.word])
    title.append_text(page.text(remedy.title))
    title.append_text(page.text(f" ({remedy.code} {remedy.cause})", "dim"))
    page.indented(title, 2, hang=4)
    if remedy.sentence():
        page.indented(page.text(remedy.sentence(), "dim"), 4)


def _before_and_after(page: Page, facts: MendedFacts) -> None:
    page.heading("Without and with it")
    width = max((len(one.what) for one in facts.measures), default=0)
    for one in facts.measures:
        page.indented(_measure(page, one, width), 2, hang=4)
    _strips(page, facts.layers)
    for label, style, symptoms in (
        ("gone", "green", facts.gone),
        ("left", "yellow", facts.left),
        ("new", "red", facts.new),
    ):
        if symptoms:
            line = page.text(f"{label:<5}", style)
            line.append_text(page.text(", ".join(map(_symptom, symptoms))))
            page.indented(line, 2, hang=7)


def _measure(page: Page, one: Compared, width: int) -> Text:
    line = page.text(f"{one.what:<{width}}  ", "dim")
    line.append_text(page.text(f"{_number(one.before)} → {_number(one.after)}"))
    return line


def _number(spread: Spread) -> str:
    if not isfinite(spread.mean):
        return "not measured"
    if f"{spread.least:.3g}" == f"{spread.most:.3g}":
        return f"{spread.mean:.3g}"
    return f"{spread.mean:.3g} ({spread.least:.3g} to {spread.most:.3g})"


def _symptom(one: Symptom) -> str:
    number = one.after or one.before
    both = f"{one.before} → {one.after} layers" if one.before and one.after else ""
    one_side = f"{number} layers" if number > 1 else ""
    many = both if one.before != one.after and both else one_side
    return f"{one.code} {one.symptom}" + (f" ({many})" if many else "")


def _strips(page: Page, layers: Sequence[LayerCompared]) -> None:
    changed = [one for one in layers if one.changed]
    if not changed:
        return
    by_name = {one.layer: one for one in changed}
    rows = [
        by_name[row.layer]
        for row in folded([one.before for one in changed], MOST_LAYERS)
        if isinstance(row, LayerHealth)
    ]
    names = page.names(one.layer for one in rows)
    counts = max(len(_alive(one)) for one in rows)
    width = max(len(Health), (page.width - names - counts - 11) // 2)
    used = max(len(cells(one.before.channels, width)) for one in rows)
    page.indented(page.text("Channels, of the layers in which they differ:", "dim"), 2)
    for one in rows:
        line = page.name(one.layer)
        line.pad_right(names + 2 - line.cell_len)
        line.append_text(_blocks(page, one.before, width))
        line.pad_right(names + 2 + used - line.cell_len)
        line.append_text(page.text(" → ", "dim"))
        line.append_text(_blocks(page, one.after, width))
        line.append_text(page.text(f"  {_alive(one)}"))
        page.indented(line, 2)
    if len(rows) < len(changed):
        left_out = len(changed) - len(rows)
        page.indented(page.text(f"… {left_out} more layers differ", "dim"), 2)


def _blocks(page: Page, health: LayerHealth, width: int) -> Text:
    signs = ASCII_BLOCKS if page.ascii else BLOCKS
    line = Text(no_wrap=True)
    for kind in cells(health.channels, width):
        line.append(signs[kind], COLOURS[kind])
    return line


def _alive(one: LayerCompared) -> str:
    return f"{_healthy(one.before)} → {_healthy(one.after)} of {len(one.after.channels)} alive"


def _healthy(health: LayerHealth) -> int:
    return health.channels.count(Health.ALIVE)


def _change(page: Page, remedy: RemedyFacts) -> None:
    page.heading("The change")
    if remedy.diff:
        page.indented(page.text("In the script, as it was measured:", "dim"), 2)
        for line in remedy.diff.splitlines():
            style = {"+": "green", "-": "red"}.get(line[:1], "")
            page.console.print(page.text(f"    {line}", style), soft_wrap=True)
        return
    how = "It was made at the framework's boundary, and is to be written by hand"
    page.indented(page.text(f"{how}: {remedy.unedited}" if remedy.unedited else how, "dim"), 2)
    page.code(remedy.lines, 6)


def _untried(page: Page, remedies: Sequence[RemedyFacts]) -> None:
    if not remedies:
        return
    page.heading("Not tried")
    unable = [remedy for remedy in remedies if not remedy.able]
    for remedy in unable[:MOST_UNTRIED]:
        page.indented(page.text(f"{remedy.title}: {remedy.why}"), 2, hang=4)
    if more := len(unable) - MOST_UNTRIED if len(unable) > MOST_UNTRIED else 0:
        page.indented(page.text(f"and {more} more that can't be: the JSON names them", "dim"), 2)
    if waiting := len(remedies) - len(unable):
        said = f"{waiting} further remed{'y' if waiting == 1 else 'ies'}: their turn did not come"
        page.indented(page.text(said, "dim"), 2)
