from __future__ import annotations

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.architecture.too_small_network import TooSmallNetwork
from snellen.record import Subject
from snellen.stats import ChannelStructure, ImageAnswers, MapSummary, WeightUpdate
from symptoms.build import conv, given, head, inline, labels, maps, probe, subject, update
from symptoms.richer import image_answers, structure

FLAT = [2.3, 2.0, 1.5, 1.0] + [0.6] * 56
FALLING = list(np.linspace(2.3, 0.6, 60))
LOSS = {"loss": {"name": "cross_entropy", "expects": "logits", "reduction": "mean"}}
TRUTH = np.tile(np.arange(10), 32)


def net(
    channels: int = 2, *, train: list[float] = FLAT, wrong: int = 96, **facts: object
) -> Subject:
    """Two convolutions of so many channels and a head of ten classes."""
    chosen = TRUTH.copy()
    chosen[:wrong] = (chosen[:wrong] + 1) % 10
    history = given(labels(*[144] * 10)) | probe(
        "", ImageAnswers, "", (1000, image_answers(TRUTH, chosen))
    )
    return subject(
        conv("features.0", channels=channels, weight_shape=(channels, 1, 3, 3)),
        conv(
            "features.2",
            channels=channels,
            inputs=("features.0",),
            weight_shape=(channels, channels, 3, 3),
        ),
        head("fc", inputs=("features.2",), weight_shape=(10, channels)),
        train=train,
        facts=LOSS | {"image_shape": [1, 16, 16]} | facts,
        history=history,
    )


@pytest.mark.parametrize(("channels", "narrow"), [(5, True), (6, False)])
def test_half_as_many_channels_as_classes_are_few(channels: int, narrow: bool) -> None:
    assert present(TooSmallNetwork, "narrow-layers", case(net(channels))) is narrow


def test_a_network_without_hidden_layers_has_no_narrowest() -> None:
    about = case(subject(head()))
    assert present(TooSmallNetwork, "narrow-layers", about) is None


@pytest.mark.parametrize(("parameters", "fewer"), [(4000, True), (5000, False)])
def test_parameters_beside_the_bits_of_the_labels(parameters: int, fewer: bool) -> None:
    # 1,440 labels of ten classes are 4,783 bits.
    about = case(net(parameters=parameters, training_images=1440))
    key = "fewer-parameters-than-the-labels-have-bits"
    assert present(TooSmallNetwork, key, about) is fewer


@pytest.mark.parametrize(("eigenvalues", "used"), [([1, 1, 1, 1], True), ([1, 0, 0, 0], False)])
def test_directions_in_use(eigenvalues: list[float], used: bool) -> None:
    own = net(4)
    seen = probe(
        "features.0",
        ChannelStructure,
        "post",
        (1000, structure(channels=4, eigenvalues=eigenvalues)),
    )
    about = case(plus(own, seen))
    assert present(TooSmallNetwork, "every-direction-is-used", about) is used
    assert present(TooSmallNetwork, "every-direction-is-used", case(own)) is None


@pytest.mark.parametrize(
    ("train", "stands"), [(FLAT, True), (FALLING, False), ([2.3] * 60, False), (None, None)]
)
def test_a_floor_is_between_guessing_and_nothing(
    train: list[float] | None, stands: bool | None
) -> None:
    about = case(net(train=train))  # type: ignore[arg-type]
    assert present(TooSmallNetwork, "loss-stands-above-its-floor", about) is stands


@pytest.mark.parametrize(("train", "guesses"), [(FLAT, False), ([2.3] * 60, True)])
def test_guessing_is_no_floor(train: list[float], guesses: bool) -> None:
    about = case(net(train=train))
    assert present(TooSmallNetwork, "no-better-than-guessing", about) is guesses


@pytest.mark.parametrize(("wrong", "missed"), [(96, True), (0, False)])
def test_training_images_are_missed(wrong: int, missed: bool) -> None:
    key = "trained-images-missed-as-often-as-new-ones"
    assert present(TooSmallNetwork, key, case(net(wrong=wrong))) is missed


@pytest.mark.parametrize(("silent", "dead"), [(3, False), (4, True)])
def test_dead_channels_speak_against_it(silent: int, dead: bool) -> None:
    seen = {}
    for layer in ("features.0", "features.2"):
        seen |= probe(layer, MapSummary, "post", (1000, maps(silent=range(silent))))
    about = case(plus(net(8), seen))
    assert present(TooSmallNetwork, "channels-are-dead", about) is dead


def test_doubtful_labels_speak_against_it() -> None:
    assert present(TooSmallNetwork, "labels-are-doubtful", case(net(), found("S44"))) is True
    assert present(TooSmallNetwork, "labels-are-doubtful", case(net(), clean=["S44"])) is False
    assert present(TooSmallNetwork, "labels-are-doubtful", case(net())) is None


@pytest.mark.parametrize(("size", "tiny"), [(1e-4, True), (1e-3, False)])
def test_tiny_updates_speak_against_it(size: float, tiny: bool) -> None:
    about = case(plus(net(), inline("features.0", WeightUpdate, "", (500, update(size=size)))))
    assert present(TooSmallNetwork, "every-update-is-tiny", about) is tiny


def test_a_small_network_is_believed_and_a_noisy_wide_one_is_not() -> None:
    small = case(net(2, parameters=186, training_images=1440), clean=["S44"])
    noisy = case(net(64, parameters=60_000, training_images=1440), found("S44"))
    assert belief(TooSmallNetwork, small) > 0.8
    assert belief(TooSmallNetwork, noisy) < 0.2


def test_the_remedy_widens_every_layer_and_leaves_the_answer() -> None:
    wider, deeper = remedies(TooSmallNetwork, case(net(2)))
    assert "from 2 to 16" in wider.title
    assert wider.code.splitlines() == [
        "model.features[0] = nn.Conv2d(1, 16, 3, padding=1)",
        "model.features[2] = nn.Conv2d(16, 16, 3, padding=1)",
        "model.fc = nn.Linear(16, 10)",
    ]
    assert "features.2" in deeper.title


def test_the_same_in_keras() -> None:
    wider, _ = remedies(TooSmallNetwork, case(net(2), keras=True))
    first = wider.code.splitlines()[0]
    assert first == (
        'x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)  # instead of features.0'
    )
    assert wider.code.splitlines()[-1] == "x = layers.Dense(10)(x)  # instead of fc"


def test_remedies_need_no_layers() -> None:
    remedies(TooSmallNetwork, case(subject()))
    remedies(TooSmallNetwork, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(TooSmallNetwork)
