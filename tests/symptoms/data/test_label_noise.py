"""S44: wrong labels, told from hard images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from snellen.core import Layer
from snellen.record import Clock, Entry, Subject
from snellen.stats import ImageAnswers, ModeGap
from snellen.symptoms.data.label_noise import LabelNoise
from symptoms.build import UNHARMED, conv, finding, given, grade, head, probe, subject, values
from symptoms.data_builders import CE, TEN, answering, features, recalls, replied
from symptoms.richer import class_features


def contradicted(share: float, *, seed: int = 0, images: int = 400) -> ImageAnswers:
    """This share of the labels is wrong, on any image alike; all images are answered as they
    should be."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(10), images // 10)
    label = truth.copy()
    wrong = rng.permutation(images)[: round(share * images)]
    label[wrong] = (truth[wrong] + rng.integers(1, 10, len(wrong))) % 10
    sure = rng.uniform(0.5, 1, images).astype(np.float32)
    agrees = label == truth
    rest = (1 - sure).astype(np.float32)
    return ImageAnswers(label, truth, np.where(agrees, sure, rest), np.where(agrees, rest, sure))


def hard(share: float, *, images: int = 400) -> ImageAnswers:
    """This share is answered wrongly: all among the least sure."""
    label = np.repeat(np.arange(10), images // 10)
    order = np.random.default_rng(0).permutation(images)
    chosen = label.copy()
    unsure = order[: round(share * images)]
    chosen[unsure] = (label[unsure] + 1) % 10
    sure = np.empty(images, np.float32)
    sure[order] = np.linspace(0.3, 1, images)
    rest = (1 - sure).astype(np.float32)
    agrees = chosen == label
    return ImageAnswers(label, chosen, np.where(agrees, sure, rest), np.where(agrees, rest, sure))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(contradicted(0.0), "clear", id="all right"),
        pytest.param(contradicted(0.04), "clear", id="4% wrong"),
        pytest.param(contradicted(0.12), "warning", id="12% wrong"),
        pytest.param(contradicted(0.4), "error", id="40% wrong"),
        pytest.param(hard(0.1), "clear", id="10% hard"),
        pytest.param(hard(0.5), "clear", id="half of them hard"),
        pytest.param(recalls(*[0.15] * 10), "undecided", id="a broken net contradicts everything"),
        pytest.param(recalls(*[0.44] * 10, wrong_sure=0.95), "undecided", id="or nearly so"),
    ],
)
def test_wrong_and_hard(seen: ImageAnswers, expected: str) -> None:
    assert grade(LabelNoise(), answering(seen), "", UNHARMED) == expected
    assert grade(LabelNoise(), answering(None, seen), "", UNHARMED) == expected


def test_errors_that_fade_among_the_surest_answers() -> None:
    """In the surer half 10% are wrong: hard images where the surest quarter has few of them."""
    for surest, expected in ((0, "clear"), (2, "clear"), (10, "warning")):
        label = np.repeat(np.arange(10), 40)
        order = np.random.default_rng(1).permutation(400)
        sure = np.empty(400, np.float32)
        sure[order] = np.linspace(1, 0.3, 400)
        wrong = np.concatenate([order[:surest], order[100 : 120 - surest], order[200:250]])
        chosen = label.copy()
        chosen[wrong] = (label[wrong] + 1) % 10
        agrees = chosen == label
        rest = (1 - sure).astype(np.float32)
        seen = ImageAnswers(
            label, chosen, np.where(agrees, sure, rest), np.where(agrees, rest, sure)
        )
        assert grade(LabelNoise(), answering(seen), "", UNHARMED) == expected, surest


def reading(label: Any, truth: Any, *, step: int = 1000, layers: tuple[Layer, ...] = ()) -> Subject:
    """A network that learnt all labels by heart, and whose last maps show what the images are."""
    history = dict(given(TEN))
    history |= probe("", type(contradicted(0)), "", (1000, replied(label, label)))
    history |= features("conv", class_features(truth), step=step)
    chosen = layers or (conv(), head(inputs=("conv",)))
    return subject(*chosen, history=history, facts={"loss": CE})


def test_a_reader_of_the_last_maps_contradicts_what_the_model_learnt_by_heart() -> None:
    seen = contradicted(0.25)
    net = reading(seen.label, seen.chosen)
    found = finding(LabelNoise(), net, UNHARMED)
    assert str(found.severity) == "error"
    assert found.evidence.sentence().startswith("a reader of its maps contradicts the labels of ")
    assert grade(LabelNoise(), reading(seen.chosen, seen.chosen), "") == "clear"


def test_features_of_an_earlier_look_are_not_read() -> None:
    seen = contradicted(0.25)
    assert grade(LabelNoise(), reading(seen.label, seen.chosen, step=0), "") == "clear"


def test_maps_of_a_model_that_learnt_nothing_are_not_read() -> None:
    seen = contradicted(0.25)
    history = dict(given(TEN))
    history |= probe("", type(seen), "", (1000, replied(seen.label, (seen.label + 1) % 10)))
    history |= features("conv", class_features(seen.chosen))
    net = subject(conv(), head(inputs=("conv",)), history=history, facts={"loss": CE})
    assert grade(LabelNoise(), net, "") == "undecided"


def test_the_worst_reading_is_told() -> None:
    net = answering(contradicted(0.3), contradicted(0.4, seed=1))
    assert (
        finding(LabelNoise(), net)
        .evidence.sentence()
        .startswith("the model, on held-out images, contradicts the labels of ")
    )


def test_circumstances() -> None:
    assert grade(LabelNoise(), answering(), "") == "undecided"
    few = answering(contradicted(0.4, images=90))
    assert grade(LabelNoise(), few, "") == "undecided"
    assert grade(LabelNoise(), answering(contradicted(0.4), targets=values(1.0)), "") == "silent"
    early = answering(contradicted(0.4), step=400)
    assert grade(LabelNoise(), early, "") == "undecided"


@pytest.mark.parametrize(
    ("unseen", "expected"),
    [
        pytest.param(0.15, "warning", id="little worse on held-out images"),
        pytest.param(0.4, "clear", id="far worse"),
    ],
)
def test_model_that_does_not_generalise_contradicts_no_held_out_labels(
    unseen: float, expected: str
) -> None:
    net = answering(contradicted(0.02), contradicted(unseen, seed=1))
    assert grade(LabelNoise(), net, "", UNHARMED) == expected


@pytest.mark.parametrize(("right_in_batches", "expected"), [(250, "error"), (320, "undecided")])
def test_model_that_is_another_in_evaluation_contradicts_nothing(
    right_in_batches: int, expected: str
) -> None:
    net = answering(contradicted(0.4))
    gap = ModeGap(320, 32, 1.0, 1.0, eval_right=240, batch_right=right_in_batches)
    history = dict(net.statistics)
    history |= {("", "mode-gap/", Clock.PROBE): (Entry(1000, gap),)}
    assert grade(LabelNoise(), replace(net, statistics=history), "", UNHARMED) == expected
