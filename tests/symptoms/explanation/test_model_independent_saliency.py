"""S50: saliency that random weights give just as well."""

from __future__ import annotations

import pytest

from snellen.symptoms.explanation.model_independent_saliency import ModelIndependentSaliency
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject
from symptoms.wired import explanation


def explained(*similarity: float, **measured: float):
    return subject(conv(), head(), history=explanation(similarity, **measured))  # type: ignore[arg-type]


@pytest.mark.parametrize(("last", "expected"), [(0.1, "clear"), (0.5, "clear"), (0.51, "warning")])
def test_after_full_randomisation(last: float, expected: str) -> None:
    assert grade(ModelIndependentSaliency(), explained(1.0, 0.9, last), "", HARMED) == expected


def test_without_harm_it_is_a_note() -> None:
    assert grade(ModelIndependentSaliency(), explained(1.0, 0.9, 0.8), "", UNHARMED) == "note"


@pytest.mark.parametrize(
    ("measured", "source"),
    [
        ({"between": 0.8, "blind": 0.75}, "75% of the pixels have no influence at all"),
        ({"between": 0.55}, "the network's structure draws them, since other images give the same"),
        ({"edges": 0.6}, "they follow the edges of the image"),
        ({}, "they follow the image rather than what was learnt"),
    ],
)
def test_where_the_maps_come_from(measured: dict[str, float], source: str) -> None:
    assert sentence(ModelIndependentSaliency(), explained(1.0, 0.9, 0.8, **measured)) == (
        "with all weights made random, the saliency of 16 images stays the same to a rank "
        f"correlation of 0.8 (allowed: 0.5): {source}"
    )


@pytest.mark.parametrize(
    ("blind", "expected"), [(0.23, "clear"), (0.5, "clear"), (0.51, "warning")]
)
def test_a_blank_edge_that_all_maps_share_is_no_fault_of_this_kind(
    blind: float, expected: str
) -> None:
    watched = explained(1.0, 0.9, 0.8, between=0.7, blind=blind)
    assert grade(ModelIndependentSaliency(), watched, "", HARMED) == expected


def test_too_little_to_go_on() -> None:
    assert grade(ModelIndependentSaliency(), explained(1.0, 0.9), "") == "undecided"
    assert grade(ModelIndependentSaliency(), explained(1.0, 0.9, 0.8, images=3), "") == "undecided"
    assert grade(ModelIndependentSaliency(), explained(1.0, 0.9, float("nan")), "") == "undecided"
    assert grade(ModelIndependentSaliency(), subject(conv(), head()), "") == "silent"
