"""S14: finds last layers after which no more can be read than before them; advice alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.stats import ChannelStructure, Features, ImageAnswers
from snellen.symptoms.representation import unproductive_layers
from snellen.symptoms.representation.unproductive_layers import PROBES, UnproductiveLayers
from symptoms.build import HARMED, finding, head, probe, sentence, stack, subject, verdicts_of
from symptoms.richer import class_features, image_answers, structure

LABELS = np.arange(320) % 4


def watched(
    apart: Sequence[float],
    used: Sequence[float],
    *,
    labels: Any = LABELS,
    step: int = 1000,
) -> Subject:
    """Layers whose classes lie so far apart, and that use this share of their directions."""
    history: dict[Any, Any] = probe("", ImageAnswers, "", (step, image_answers(labels)))
    for n, (distance, share) in enumerate(zip(apart, used, strict=True)):
        count = round(100 * share)
        spectrum = [1.0] * count + [0.0] * (100 - count)
        features = class_features(labels, apart=distance, seed=3)
        seen = structure(0.1, channels=100, eigenvalues=spectrum)
        history |= probe(f"conv{n}", Features, "post", (step, features))
        history |= probe(f"conv{n}", ChannelStructure, "post", (step, seen))
    return subject(*stack(len(apart), channels=100), head(), history=history)


def place(seen: Subject) -> str:
    """The first of the unproductive layers, `none`, or `undecided`."""
    found = verdicts_of(UnproductiveLayers(), seen, HARMED)
    kinds = {type(v).__name__ for v in found.values()}
    if kinds == {"Finding"}:
        assert finding(UnproductiveLayers(), seen).severity == "note"
        return next(iter(found))
    return {"Clear": "none", "Undecided": "undecided"}[kinds.pop()] if kinds else "silent"


@pytest.mark.parametrize(
    ("apart", "used", "expected"),
    [
        pytest.param([1, 2, 6, 6, 6, 6], [0.5] * 3 + [0.1] * 3, "conv3", id="three idle layers"),
        pytest.param([1, 2, 6, 6, 6, 6], [0.5] * 6, "none", id="layers that use their directions"),
        pytest.param([1, 2, 3, 4, 5, 6], [0.5] * 3 + [0.1] * 3, "none", id="all add something"),
        pytest.param([1, 2, 3, 6, 6, 6], [0.5] * 4 + [0.1] * 2, "none", id="two idle layers"),
        pytest.param([0.1] * 6, [0.5] * 3 + [0.1] * 3, "none", id="nothing to read anywhere"),
        pytest.param(
            [1, 2, 3] + [6] * 9, [0.5] * 6 + [0.1] * 6, "conv5", id="as far as they are idle"
        ),
        pytest.param([6, 6, 6], [0.5, 0.1, 0.1], "silent", id="a short network"),
    ],
)
def test_both_sides(apart: list[float], used: list[float], expected: str) -> None:
    found = place(watched(apart, used))
    if expected == "conv5":
        assert found in ("conv4", "conv5", "conv6")
    else:
        assert found == expected


def test_the_tail_must_be_a_quarter_of_the_network() -> None:
    # The last three of 16 layers are idle, too few of them.
    apart = [1.0] * 12 + [6.0] * 4
    assert place(watched(apart, [0.5] * 13 + [0.1] * 3)) == "none"


def test_few_layers_are_probed_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    plain = unproductive_layers.out_of_fold

    def counted(features: Any, labels: Any) -> Any:
        calls.append(len(features))
        return plain(features, labels)

    monkeypatch.setattr(unproductive_layers, "out_of_fold", counted)
    assert place(watched([6.0] * 60, [0.5] * 5 + [0.1] * 55)) != "silent"
    assert len(calls) <= PROBES


@pytest.mark.parametrize(("images", "expected"), [(96, "undecided"), (100, "conv3")])
def test_few_images_decide_nothing(images: int, expected: str) -> None:
    seen = watched([1, 2, 6, 6, 6, 6], [0.5] * 3 + [0.1] * 3, labels=np.arange(images) % 4)
    assert place(seen) == expected


def test_without_labels_it_says_nothing_and_early_it_can_not_judge() -> None:
    apart, used = [1, 2, 6, 6, 6, 6], [0.5] * 3 + [0.1] * 3
    assert place(watched(apart, used, labels=np.full(320, -1))) == "silent"
    assert place(watched(apart, used, step=150)) == "undecided"
    assert place(subject(*stack(6), head())) == "silent"


def test_sentence() -> None:
    said = sentence(UnproductiveLayers(), watched([1, 2, 6, 6, 6, 6], [0.5] * 3 + [0.1] * 3))
    assert said.startswith("a linear probe reads ")
    assert "after the last of 3 more layers" in said
    assert said.endswith("which use 10% of their directions, the others 50%")
