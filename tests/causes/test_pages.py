"""The generated pages of the causes: up to date, and with the weights that are used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snellen.causes import Case, Cause, Group, Remedy, Sign, Weights, account, catalogue, clue, sign
from snellen.causes.ledger import weight_of as weight
from snellen.causes.pages import page, pages
from snellen.record import Subject
from snellen.symptoms import Outcome

PAGES = Path(__file__).parents[2] / "docs" / "causes"

every_cause = pytest.mark.parametrize("cause", catalogue().values(), ids=lambda cause: cause.name)


@every_cause
def test_its_page_is_up_to_date(cause: type[Cause]) -> None:
    committed = PAGES / f"{cause.name}.md"
    assert committed.read_text(encoding="utf-8") == page(cause), (
        "run: python -m snellen.causes.pages docs/causes"
    )


def test_there_is_a_page_for_each_cause_and_an_index_and_no_other() -> None:
    assert {p.name for p in PAGES.iterdir() if p.is_file()} == set(pages())
    assert (PAGES / "README.md").read_text(encoding="utf-8") == pages()["README.md"]


@every_cause
def test_every_link_between_pages_leads_somewhere(cause: type[Cause]) -> None:
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", page(cause))
    assert links
    assert [link for link in links if not (PAGES / link).exists()] == []


@every_cause
def test_its_page_has_a_row_for_each_clue(cause: type[Cause]) -> None:
    text = page(cause)
    for one in cause.clues():
        assert f"\n| {one.key.replace('-', ' ')}" in text


class Rumour(Cause):
    code, name, since, prior = "C99", "rumour", "0.1", 0.1
    explains, trial = frozenset[str](), "ask"
    heard = True

    @clue(Group.LOSS, expected=(0.6, 0.1))
    def whispered(self, case: Case) -> Sign:
        return sign(self.heard, "it was whispered")

    @clue(Group.DATA, expected=(0.99, 0.001), decisive=True)
    def printed(self, case: Case) -> Sign:
        return sign(self.heard, "it was printed")

    @clue(Group.DEPTH, expected=(0.02, 0.98))
    def denied(self, case: Case) -> Sign:
        return sign(self.heard, "it was denied")

    def remedies(self, case: Case) -> tuple[Remedy, ...]:
        return ()


class Unheard(Rumour):
    heard = False


@pytest.mark.parametrize(("cause", "present"), [(Rumour, True), (Unheard, False)])
def test_the_weights_on_a_page_are_those_of_the_ledger(cause: type[Rumour], present: bool) -> None:
    case = Case(Subject("Net", "torch", {}, (), (), {}, {}), (), Outcome(None, ()))
    used = {term.key: term.weight for term in account(cause, case, Weights()).terms}
    told = {c.key: weight(cause, c, Weights(), present=present) for c in cause.clues()}
    assert len(told) == 3
    assert told == pytest.approx(used)
