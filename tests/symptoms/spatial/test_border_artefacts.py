"""S29: frames that rule the maps, not those that every padded network has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snellen.record import Subject
from snellen.symptoms.spatial.border_artefacts import BorderArtefacts
from symptoms.build import UNHARMED, grade, sentence, subject
from symptoms.geometric import ACTIVATION, UNKNOWN, constant_response, network, seen, sliding
from symptoms.richer import profile


def framed(border: float, real: float) -> Subject:
    """Last maps whose rim differs for a constant image and on the probe, in standard deviations."""
    history = seen("conv1", constant_response(border))
    history |= seen("conv1", profile(ring=real, centre=0.0, varying=1.0), "post")
    return network(16, sliding(3), sliding(3), history=history)


@pytest.mark.parametrize(
    ("border", "real", "expected"),
    [
        pytest.param(0.66, 0.5, "clear", id="what every padded network has"),
        pytest.param(2.9, 2.5, "clear", id="below"),
        pytest.param(3.0, 2.0, "warning", id="at both limits"),
        pytest.param(9.0, 1.9, "clear", id="outshone by the images"),
        pytest.param(0.5, 9.0, "clear", id="objects in the middle"),
        pytest.param(float("nan"), 9.0, "undecided", id="not measured"),
    ],
)
def test_needs_a_frame_on_a_constant_image_and_on_the_probe(
    border: float, real: float, expected: str
) -> None:
    assert grade(BorderArtefacts(), framed(border, real), "conv1") == expected
    assert grade(BorderArtefacts(), framed(border, real), "conv0") == "silent"


def test_sentence() -> None:
    assert sentence(BorderArtefacts(), framed(4, 2.5)) == (
        "for a constant image the rim of the maps differs from their centre by 4 standard "
        "deviations (allowed: 3), on the probe by 2.5; padding reaches 40% of positions"
    )


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        pytest.param(1, "silent", id="half the kernel"),
        pytest.param(2, "silent", id="full padding still sees a pixel everywhere"),
        pytest.param(3, "warning", id="a frame of 36 of 144 that sees nothing"),
    ],
)
def test_positions_that_see_nothing(padding: int, expected: str) -> None:
    watched = network(8, sliding(3, padding=padding), sliding(3))
    assert grade(BorderArtefacts(), watched, "conv0") == expected
    assert grade(BorderArtefacts(), watched, "conv0", UNHARMED) in (expected, "note")


def test_sentence_of_a_blind_frame_holds_both_what_was_computed_and_measured() -> None:
    history = seen("conv0", constant_response(1.5))
    watched = network(8, sliding(3, padding=3), sliding(3, padding=1), history=history)
    assert sentence(BorderArtefacts(), watched) == (
        "44 of 144 positions (31%) see nothing but padding (allowed: 10%); for a constant image "
        "their rim differs from the centre by 1.5 standard deviations"
    )


def test_a_blind_frame_is_told_of_once() -> None:
    watched = network(8, sliding(3, padding=4), sliding(1), sliding(1))
    assert grade(BorderArtefacts(), watched, "conv0") == "warning"
    assert grade(BorderArtefacts(), watched, "conv1") == "silent"


def test_unknown_structure_is_not_judged() -> None:
    assert grade(BorderArtefacts(), network(8, UNKNOWN, sliding(3, padding=4)), "conv0") == "silent"
    assert grade(BorderArtefacts(), subject(), "") == "silent"


@pytest.mark.parametrize(("side", "expected"), [(3, "silent"), (4, "undecided")])
def test_small_maps_are_all_border(side: int, expected: str) -> None:
    assert grade(BorderArtefacts(), network(side, sliding(3)), "conv0") == expected


def test_of_a_sum_a_branch_that_was_measured_stands_for_it() -> None:
    chain = network(16, sliding(3), sliding(3)).layers
    summed = replace(chain[1], kind=ACTIVATION, window=None, weight_shape=())
    history = seen("conv0", constant_response(4))
    history |= seen("conv1", profile(ring=3.0, centre=0.0, varying=1.0), "post")
    facts = {"image_shape": [1, 16, 16]}
    watched = subject(chain[0], summed, chain[2], history=history, facts=facts)
    assert grade(BorderArtefacts(), watched, "conv1") == "warning"
