"""The pages of symptoms and causes inside a page."""

from __future__ import annotations

import re

import pytest

from snellen.causes import catalogue as causes
from snellen.report.html.documentation import documentation
from snellen.symptoms import catalogue as symptoms

EVERY = [*symptoms(), *causes()]


def test_every_symptom_and_cause_has_its_page() -> None:
    found = documentation([*reversed(EVERY), "X99"])
    assert [entry.code for entry in found] == sorted(EVERY)
    assert all("<h4>" in entry.html for entry in found)
    assert not [entry.code for entry in found if re.search("<h[123]>", entry.html)]


@pytest.mark.parametrize(("shown", "target"), [(["C20"], None), (["C20", "C10"], "#doc-C10")])
def test_links_lead_to_what_is_in_the_page_and_nowhere_else(
    shown: list[str], target: str | None
) -> None:
    """C10 is a look-alike of C20."""
    [entry] = [entry for entry in documentation(shown) if entry.code == "C20"]
    name = causes()["C10"].name
    assert f">{name}</a>" in entry.html
    assert (f'<a href="#doc-C10">{name}</a>' in entry.html) is (target is not None)
    assert ".md" not in entry.html


def test_references_are_links_out_of_the_page() -> None:
    [entry] = documentation(["S01"])
    address = "https://arxiv.org/abs/1903.06733"
    assert f'<a href="{address}" rel="noreferrer">{address}</a>' in entry.html
