from __future__ import annotations

from dataclasses import replace

import pytest

from causes.cases import belief, case, found, nothing_seen, present, remedies
from snellen.causes.architecture.too_many_layers import TooManyLayers
from snellen.core import Severity
from snellen.record import Subject
from snellen.symptoms.representation.unproductive_layers import Plateau
from snellen.symptoms.spatial.receptive_field_mismatch import Nearsighted, Overshoot
from symptoms.build import UNHARMED, UNKNOWN, subject
from symptoms.geometric import network, sliding

IDLE = Plateau(3, 6, "conv2", 0.95, 0.94, 0.01, 0.2, 0.8, 320)
LOST = Overshoot("conv0", 4, 0.9, 0.8, 0.001)
NEAR = Nearsighted(5, 40, 0.2, float("nan"))


def tower(layers: int, image: int = 8) -> Subject:
    return network(image, *[sliding(3)] * layers)


def test_idle_layers_come_from_the_symptom() -> None:
    key = "last-layers-add-nothing"
    noted = found("S14", IDLE, severity=Severity.NOTE)
    assert present(TooManyLayers, key, case(tower(6), noted)) is True
    assert present(TooManyLayers, key, case(tower(6), clean=["S14"])) is False
    assert present(TooManyLayers, key, case(tower(6))) is None


def test_only_one_kind_of_mismatch_counts() -> None:
    key = "knowledge-is-lost-behind-the-border"
    assert present(TooManyLayers, key, case(tower(6), found("S31", LOST))) is True
    assert present(TooManyLayers, key, case(tower(6), found("S31", NEAR))) is False
    assert present(TooManyLayers, key, case(tower(6))) is None


@pytest.mark.parametrize(("layers", "many"), [(6, False), (7, True)])
def test_layers_behind_the_border(layers: int, many: bool) -> None:
    # The fourth of them is the first to see 9 of 8 pixels; three more are spare.
    about = case(tower(layers))
    assert present(TooManyLayers, "layers-behind-the-border", about) is many


@pytest.mark.parametrize(("layers", "deep"), [(7, False), (8, True)])
def test_depth_beside_the_image(layers: int, deep: bool) -> None:
    # log2(8) is 3, and 2.5 times as many are 7.5.
    assert present(TooManyLayers, "deep-for-the-image", case(tower(layers))) is deep


def test_the_outcome() -> None:
    fine = case(tower(8), outcome=replace(UNHARMED, loss=0.1))
    harmed = case(tower(8), outcome=replace(UNHARMED, harmed=True, loss=2.3))
    key = "training-came-to-something"
    assert present(TooManyLayers, key, fine) is True
    assert present(TooManyLayers, key, harmed) is False
    assert present(TooManyLayers, key, case(tower(8), outcome=UNKNOWN)) is None


@pytest.mark.parametrize("code", ["S08", "S09", "S10"])
def test_a_failing_signal_speaks_against_it(code: str) -> None:
    key = "signal-failed-before-training"
    assert present(TooManyLayers, key, case(tower(8), found(code), clean=["S08"])) is True
    note = found(code, severity=Severity.NOTE)
    assert present(TooManyLayers, key, case(tower(8), note, clean=["S08"])) is False


def test_belief() -> None:
    fine = replace(UNHARMED, loss=0.1)
    idle = case(tower(12), found("S14", IDLE), clean=["S08"], outcome=fine)
    short = case(tower(3), clean=["S14", "S08", "S31"])
    assert belief(TooManyLayers, idle) > 0.7
    assert belief(TooManyLayers, short) < 0.01


def test_the_remedy_leaves_out_what_adds_nothing() -> None:
    cut, larger = remedies(TooManyLayers, case(tower(6), found("S14", IDLE)))
    assert cut.title == "Leave out the 3 layers behind conv2"
    assert cut.code.splitlines() == [f"model.conv{i} = nn.Identity()" for i in (3, 4, 5)]
    assert "16 pixels" in larger.title


def test_layers_that_change_the_size_are_not_simply_left_out() -> None:
    own = network(64, *[sliding(3)] * 4, sliding(3, 2))
    half, _ = remedies(TooManyLayers, case(own))
    assert "model.conv4 = nn.Identity()" not in half.code
    assert "conv4" in half.code


def test_the_same_in_keras() -> None:
    cut, _ = remedies(TooManyLayers, case(tower(6), found("S14", IDLE), keras=True))
    assert 'x = model.get_layer("conv2").output' in cut.code
    remedies(TooManyLayers, case(subject()))
    remedies(TooManyLayers, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(TooManyLayers)
