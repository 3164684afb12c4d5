from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causes.cases import Said, belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.architecture.early_downsampling import EarlyDownsampling
from snellen.core import Window
from snellen.record import HELD_OUT
from snellen.stats import ImageAnswers
from symptoms.build import given, labels, probe, subject
from symptoms.geometric import max_pool, mean_pool, network, sliding
from symptoms.richer import image_answers


@pytest.mark.parametrize(
    ("image", "steps", "far"),
    [
        (32, (sliding(3, 2),), False),
        (32, (sliding(3, 3),), True),
        (32, (mean_pool(4), sliding(3)), True),
        (128, (sliding(7, 4, 3),), False),
        (128, (mean_pool(2), sliding(7, 4, 3)), True),
    ],
)
def test_the_first_step_beside_the_image(image: int, steps: tuple[Window, ...], far: bool) -> None:
    about = case(network(image, *steps, sliding(3)))
    assert present(EarlyDownsampling, "first-layer-steps-far", about) is far


@pytest.mark.parametrize(("stride", "every"), [(1, True), (2, False)])
def test_every_pixel_is_read(stride: int, every: bool) -> None:
    about = case(network(32, sliding(3, stride)))
    assert present(EarlyDownsampling, "first-layer-reads-every-pixel", about) is every


@pytest.mark.parametrize(
    ("key", "code"), [("maps-are-too-coarse", "S33"), ("answers-move-with-a-pixel", "S28")]
)
def test_what_symptoms_said(key: str, code: str) -> None:
    own = network(32, sliding(3))
    assert present(EarlyDownsampling, key, case(own, found(code))) is True
    assert present(EarlyDownsampling, key, case(own, clean=[code])) is False
    assert present(EarlyDownsampling, key, case(own)) is None


@pytest.mark.parametrize(("end", "nothing"), [(2.2, False), (2.3, True)])
def test_coarse_maps_still_tell_something(end: float, nothing: bool) -> None:
    facts = {"loss": {"name": "cross_entropy", "reduction": "mean"}}
    own = replace(
        plus(network(32, sliding(3)), given(labels(*[100] * 10))),
        losses=subject(train=[2.3] * 10 + [end] * 90).losses,
        facts=subject(facts=facts).facts,
    )
    assert present(EarlyDownsampling, "nothing-was-learnt", case(own)) is nothing


@pytest.mark.parametrize(("convolutions", "many"), [(1, False), (2, True)])
def test_convolutions_on_single_positions(convolutions: int, many: bool) -> None:
    about = case(network(8, mean_pool(8), *[sliding(3)] * convolutions))
    assert present(EarlyDownsampling, "convolutions-on-single-positions", about) is many


@pytest.mark.parametrize(
    ("steps", "once"),
    [
        ((sliding(4, 4, 0), sliding(3), max_pool(2)), True),
        ((sliding(3), max_pool(), sliding(3, 2), max_pool()), False),
    ],
)
def test_how_much_of_the_reduction_comes_first(steps: tuple[Window, ...], once: bool) -> None:
    about = case(network(32, *steps, sliding(3)))
    assert present(EarlyDownsampling, "half-of-the-reduction-at-once", about) is once


@pytest.mark.parametrize(("right", "known"), [(320, False), (160, True)])
def test_learning_by_heart_speaks_against_it(right: int, known: bool) -> None:
    truth = np.tile(np.arange(10), 32)
    wrong = np.where(np.arange(320) < right, truth, (truth + 1) % 10)
    own = plus(
        network(32, sliding(3)),
        probe("", ImageAnswers, "", (1000, image_answers(truth))),
        probe("", ImageAnswers, HELD_OUT, (1000, image_answers(truth, wrong))),
    )
    assert present(EarlyDownsampling, "training-images-known-by-heart", case(own)) is known


def test_a_large_stride_on_a_small_image_is_believed() -> None:
    bad = case(network(32, sliding(4, 4, 0)), found("S33", Said("coarse")), found("S28"))
    good = case(network(32, sliding(3), max_pool(), sliding(3)), clean=["S33", "S28"])
    assert belief(EarlyDownsampling, bad) > 0.9
    assert belief(EarlyDownsampling, good) < 0.01


def test_the_remedy_names_stride_and_pooling() -> None:
    finer, larger = remedies(EarlyDownsampling, case(network(32, mean_pool(2), sliding(4, 2, 0))))
    assert "stride 1 instead of 2 in conv0" in finer.title
    assert "no pooling before conv0" in finer.title
    assert finer.code.splitlines() == [
        "# remove the pooling (2×2) before conv0",
        "model.conv0 = nn.Sequential(nn.Conv2d(8, 8, 5, padding=2), nn.MaxPool2d(2))",
    ]
    assert "2 times as large" in larger.title


def test_a_stride_of_two_becomes_one() -> None:
    finer, _ = remedies(EarlyDownsampling, case(network(32, sliding(3, 2))))
    assert finer.code == "model.conv0 = nn.Conv2d(8, 8, 3, padding=1)"


def test_the_same_in_keras() -> None:
    finer, larger = remedies(EarlyDownsampling, case(network(32, sliding(3, 4, 1)), keras=True))
    assert "strides" not in finer.code.splitlines()[0]
    assert larger.code.startswith("x = layers.UpSampling2D(2)")


def test_remedies_need_no_layers() -> None:
    remedies(EarlyDownsampling, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(EarlyDownsampling)
