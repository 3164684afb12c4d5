from __future__ import annotations

import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.architecture.missing_nonlinearity import MissingNonlinearity
from snellen.core import Layer, LayerKind
from snellen.symptoms.wiring.missing_nonlinearity import Pair
from symptoms.build import conv, given, head, labels, subject
from symptoms.wired import CROSS_ENTROPY, linearity


def row(*activations: str | None) -> list[Layer]:
    return [
        conv(f"{i}", activation=a, inputs=(f"{i - 1}",) if i else (), weight_shape=(8, 8, 3, 3))
        for i, a in enumerate(activations)
    ]


@pytest.mark.parametrize(
    ("activations", "bare", "all_bent"),
    [
        (("linear", "linear"), True, False),
        (("linear", "relu"), False, False),
        (("relu", "relu"), False, True),
        (("linear", None), None, None),
    ],
)
def test_activations(
    activations: tuple[str | None, ...], bare: bool | None, all_bent: bool | None
) -> None:
    about = case(subject(*row(*activations), head()))
    assert present(MissingNonlinearity, "no-layer-has-an-activation", about) is bare
    assert present(MissingNonlinearity, "every-layer-has-an-activation", about) is all_bent


def test_layers_that_are_linear_on_purpose_do_not_count() -> None:
    own = [
        conv("a", activation="linear", groups=8),
        conv("b", activation="linear", weight_shape=(8, 8, 1, 1)),
        conv("c", activation="linear", residual=True),
    ]
    assert present(MissingNonlinearity, "no-layer-has-an-activation", case(subject(*own))) is None


def test_an_activation_behind_a_sum_counts() -> None:
    act = Layer("relu", 1, LayerKind.ACTIVATION, "relu", 8, (8, 8), "relu", inputs=("0",))
    about = case(subject(*row("linear"), act, head()))
    assert present(MissingNonlinearity, "no-layer-has-an-activation", about) is False


def test_pairs_come_from_the_symptom() -> None:
    own = subject(*row("linear", "relu"))
    key = "two-in-a-row-without-one"
    assert present(MissingNonlinearity, key, case(own, found("S47", Pair("0", "1")))) is True
    assert present(MissingNonlinearity, key, case(own, clean=["S47"])) is False
    assert present(MissingNonlinearity, key, case(own)) is None


@pytest.mark.parametrize(("bend", "straight"), [(9e-5, True), (1.1e-4, False)])
def test_answers_that_bend(bend: float, straight: bool) -> None:
    about = case(plus(subject(*row("linear")), linearity(bend)))
    assert present(MissingNonlinearity, "answers-follow-in-a-straight-line", about) is straight


@pytest.mark.parametrize(("end", "high"), [(1.0, True), (0.1, False)])
def test_loss(end: float, high: bool) -> None:
    own = subject(*row("linear"), head(), train=[2.3, *[end] * 59], facts=CROSS_ENTROPY)
    about = case(plus(own, given(labels(*[100] * 10))))
    assert present(MissingNonlinearity, "loss-stays-high", about) is high


def test_belief() -> None:
    bare = case(plus(subject(*row("linear", "linear"), head()), linearity(1e-7)))
    bent = case(plus(subject(*row("relu", "relu"), head()), linearity(0.2)))
    assert belief(MissingNonlinearity, bare) > 0.9
    assert belief(MissingNonlinearity, bent) < 0.01


def test_remedies() -> None:
    about = case(subject(*row("linear", "relu"), head()))
    (only,) = remedies(MissingNonlinearity, about)
    assert only.code == "model[0] = nn.Sequential(model[0], nn.ReLU())"
    (only,) = remedies(MissingNonlinearity, case(about.subject, keras=True))
    assert 'activation="relu"' in only.code
    assert "instead of 0" in only.code
    remedies(MissingNonlinearity, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(MissingNonlinearity)
