"""The part of the card that explains: causes with their evidence, and what to change."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.causes import Group, Remedy
from snellen.diagnosis import Band
from snellen.report.explanation import CauseFacts, Explanation
from snellen.report.page import Page

MOST_EVIDENCE = 3
"""Pieces of evidence for the most believed cause that are told."""
MOST_FURTHER_EVIDENCE = 1
"""The same for each cause that is believed beside it."""
LEAST_WEIGHT = 0.2
"""Nats from which on evidence is told beside a stronger piece: less moves the odds by a fifth at
most."""
MOST_BELIEVED = 3
"""Causes of one training told with their evidence; of more the names are told."""
BAND_STYLES = {
    Band.CONFIRMED.value: "bold green",
    Band.LIKELY.value: "bold",
    Band.POSSIBLE.value: "yellow",
}
LABEL_WIDTH = len("against")
LEAST_WIDTH = 24
"""Columns that a sentence gets beside its label; where there are fewer it goes below."""


def show_diagnosis(page: Page, explained: Sequence[Explanation], *, several: bool) -> None:
    """Of each subject that went wrong what is believed, and what to change; nothing where nothing
    is wrong. `several`: the run has several models."""
    for explanation in explained:
        _why(page, explanation, several=several)
        _remedies(page, explanation, several=several)


def _why(page: Page, explanation: Explanation, *, several: bool) -> None:
    page.heading(f"Why, for {explanation.subject}" if several else "Why")
    if explanation.unknown:
        page.indented(page.text("Unknown: no cause that snellen knows is believed."), 2)
    for number, cause in enumerate(explanation.believed[:MOST_BELIEVED]):
        _cause(page, cause, MOST_FURTHER_EVIDENCE if number else MOST_EVIDENCE)
    _rest(page, explanation)


def _remedies(page: Page, explanation: Explanation, *, several: bool) -> None:
    """What takes each of the believed causes away: the first one's in full, those of further likely
    ones as code, the others by their titles."""
    causes = [cause for cause in explanation.believed[:MOST_BELIEVED] if cause.remedies]
    if not causes:
        return
    page.heading(f"What to change in {explanation.subject}" if several else "What to change")
    for number, cause in enumerate(causes):
        against = f" ({cause.title})" if len(causes) > 1 else ""
        first, likely = number == 0, cause.band in (Band.LIKELY.value, Band.CONFIRMED.value)
        _remedy(page, cause.remedies[0], against, code=first or likely, full=first)
        for further in cause.remedies[1:]:
            page.indented(page.text(f"Or: {further.title}"), 2, hang=4)


def _cause(page: Page, cause: CauseFacts, most: int) -> None:
    title = page.text(f"{cause.band:<8} ", BAND_STYLES.get(cause.band, ""))
    title.append_text(page.text(cause.title, "bold"))
    page.indented(title, 2)
    # What came of trials has a row of its own.
    supporting = [reason for reason in cause.supporting if reason.group != Group.TRIAL.value]
    opposing = [reason for reason in cause.opposing if reason.group != Group.TRIAL.value]
    for number, reason in enumerate(supporting[:most]):
        if number == 0 or reason.weight >= LEAST_WEIGHT:
            _row(page, "for", "green", reason.sentence)
    for reason in opposing[:1]:
        if -reason.weight >= LEAST_WEIGHT:
            _row(page, "against", "red", reason.sentence)
    if cause.ruling:
        _row(page, "tried", "bold" if cause.band == Band.CONFIRMED.value else "", cause.ruling)
    else:
        _row(page, "trial", "dim", cause.trial)


def _row(page: Page, label: str, style: str, sentence: str) -> None:
    page.row(page.text(label, style), LABEL_WIDTH, page.text(sentence), LEAST_WIDTH)


def _rest(page: Page, explanation: Explanation) -> None:
    tie = explanation.undistinguished
    if tie is not None:
        page.indented(page.text(f"Can't tell {tie.first} from {tie.second}: {tie.trial}"), 2, 4)
    if more := explanation.believed[MOST_BELIEVED:]:
        named = ", ".join(f"{cause.title} ({cause.band})" for cause in more)
        page.indented(page.text(f"Believed too: {named}"), 2, 4)
    if explanation.possible:
        second = explanation.possible[0]
        label = "Closest" if explanation.unknown else "Runner-up"
        page.indented(page.text(f"{label}: {second.title} ({second.band})", "dim"), 2, 4)


def _remedy(page: Page, remedy: Remedy, against: str, *, code: bool, full: bool) -> None:
    title = page.text(remedy.title, "bold")
    title.append_text(page.text(against, "dim"))
    page.indented(title, 2, hang=4)
    if code:
        page.code(remedy.code, 6)
    if full:
        _row(page, "costs", "dim", remedy.costs)
        _row(page, "watch", "dim", remedy.watch)
