"""S28: answers that change with a pixel, where strides are to blame."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.symptoms.spatial.shift_variance import ShiftVariance
from symptoms.build import UNHARMED, grade, sentence, subject
from symptoms.geometric import network, seen, shift_response, sliding

STEM = sliding(3, 4)


def shifted(
    *answers: float, images: int = 400, maps: tuple[float, ...] = (), **changes: Any
) -> Subject:
    """A stem of stride 4 whose answers (and maps) stay so for moves by 1, 2, 3 and 4 pixels."""
    history = seen("", shift_response(*answers, images=images))
    if maps:
        history |= seen("conv0", shift_response(*maps))
    return network(32, STEM, sliding(3), history=history, **changes)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param((0.70, 0.6, 0.7, 0.95), "warning", id="back at the whole stride"),
        pytest.param((0.90, 0.6, 0.7, 0.99), "clear", id="a pixel changes little"),
        pytest.param((0.83, 0.6, 0.7, 0.99), "clear", id="below 0.85 within the error"),
        pytest.param((0.70, 0.6, 0.5, 0.40), "clear", id="the more the further: no stride"),
        pytest.param((0.70, 0.6, 0.7, 0.79), "clear", id="hardly back"),
        pytest.param((float("nan"),), "undecided", id="not measured"),
    ],
)
def test_needs_the_zigzag(answers: tuple[float, ...], expected: str) -> None:
    assert grade(ShiftVariance(), shifted(*answers), "") == expected


@pytest.mark.parametrize(
    ("answers", "maps", "expected"),
    [
        pytest.param((0.7, 0.6), (0.5, 0.4, 0.5, 0.98), "clear", id="0.48 more"),
        pytest.param((0.7, 0.6), (0.45, 0.4, 0.5, 0.98), "warning", id="0.53 more"),
        pytest.param((0.7, 0.6, 0.5, 0.4), (0.4, 0.4, 0.5, 0.98), "clear", id="answers tell more"),
    ],
)
def test_a_layer_s_maps_show_it_where_answers_were_not_asked_for_the_whole_stride(
    answers: tuple[float, ...], maps: tuple[float, ...], expected: str
) -> None:
    assert grade(ShiftVariance(), shifted(*answers, maps=maps), "") == expected


def test_sentence() -> None:
    watched = shifted(0.7, 0.6, 0.7, 0.95, maps=(0.4, 0.4, 0.5, 0.98))
    assert sentence(ShiftVariance(), watched) == (
        "70% of 400 confident answers stay when the image moves by 1 pixel (allowed: 85%), but 95% "
        "by 4 pixels, the stride of its coarsest maps; the maps of conv0 then correlate 0.40"
    )


def test_answers_by_luck_are_the_harm_itself() -> None:
    assert grade(ShiftVariance(), shifted(0.5, 0.5, 0.5, 0.9), "", UNHARMED) == "warning"
    assert grade(ShiftVariance(), shifted(0.7, 0.6, 0.7, 0.95), "", UNHARMED) == "note"


@pytest.mark.parametrize(("images", "expected"), [(49, "undecided"), (50, "warning")])
def test_needs_confident_answers(images: int, expected: str) -> None:
    watched = shifted(0.5, 0.4, 0.5, 0.98, images=images)
    assert grade(ShiftVariance(), watched, "") == expected


def test_a_network_without_strides_does_not_alias() -> None:
    history = seen("", shift_response(0.4, 0.4, 0.4, 0.9, images=400))
    watched = network(32, sliding(3), sliding(3), history=history)
    assert grade(ShiftVariance(), watched, "") == "clear"


def test_without_the_experiment_or_structure_nothing_is_said() -> None:
    assert grade(ShiftVariance(), network(32, STEM), "") == "silent"
    lost = seen("", shift_response(0.4, 0.4, 0.4, 0.9))
    assert grade(ShiftVariance(), subject(history=lost), "") == "silent"


@pytest.mark.parametrize(("side", "expected"), [(15, "silent"), (16, "warning")])
def test_a_pixel_of_a_small_image_is_a_large_part_of_it(side: int, expected: str) -> None:
    history = seen("", shift_response(0.5, 0.4, 0.5, 0.98, images=400))
    watched = network(side, sliding(3, 4), sliding(3), history=history)
    assert grade(ShiftVariance(), watched, "") == expected
