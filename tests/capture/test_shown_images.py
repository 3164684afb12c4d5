"""Which probe images are kept as pictures, and that they are those images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from capture.fakes import FakeModel
from snellen.capture.probe import Chunk
from snellen.capture.shown_images import MOST_SUSPECTS, chosen, shown_images
from snellen.stats import ImageAnswers


def answers(label: list[int], chosen: list[int], against: list[float]) -> ImageAnswers:
    """`against`: by how much the label is believed less than another class."""
    surely = np.array(against, np.float32)
    return ImageAnswers(np.array(label), np.array(chosen), np.zeros_like(surely), surely)


def test_the_first_images_are_shown_whatever_is_answered() -> None:
    assert chosen(5, None) == [0, 1]
    assert chosen(1, None) == [0]
    assert chosen(0, None) == []


def test_images_answered_against_their_label_are_shown_the_surest_first() -> None:
    many = 40
    label, other = [0] * many, [1] * many
    against = [i / many for i in range(many)]
    against[7], against[9], label[11], other[30] = 2.0, float("nan"), -1, 0
    shown = chosen(many, answers(label, other, against))
    assert len(shown) == 2 + MOST_SUSPECTS
    # Not the one without a label (11), nor the one that is answered rightly (30).
    assert shown == [0, 1, 7, *(i for i in range(28, many) if i != 30)]


def test_answers_for_other_images_choose_nothing() -> None:
    assert chosen(4, answers([0], [1], [1.0])) == [0, 1]


def test_pictures_are_of_the_images_across_chunks(rng: np.random.Generator) -> None:
    images = rng.random((5, 3, 4, 4)).astype(np.float32)
    chunks = [Chunk(images[:3], None, 3), Chunk(images[3:], None, 2)]
    told = answers([0] * 5, [0, 0, 0, 0, 1], [1.0] * 5)
    found = list(shown_images(FakeModel(), chunks, told))
    assert {(p.image, p.channel) for p in found} == {(i, c) for i in (0, 1, 4) for c in range(3)}
    low, high = images[[0, 1, 4]].min(), images[[0, 1, 4]].max()
    for picture in found:
        assert picture.layer == ""
        assert (picture.low, picture.high) == (low, high)
        values = images[picture.image, picture.channel]
        expected = np.rint((values - low) / (high - low) * 255)
        assert np.abs(np.array(Image.open(io.BytesIO(picture.png))) - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_images_that_are_not_of_three_colours_show_one_channel(channels: int) -> None:
    images = np.ones((2, channels, 4, 4), np.float32)
    found = list(shown_images(FakeModel(), [Chunk(images, None, 2)], None))
    assert [(p.image, p.channel) for p in found] == [(0, 0), (1, 0)]


@pytest.mark.parametrize("images", [None, np.ones((2, 8), np.float32)])
def test_what_is_no_picture_is_not_shown(images: Any) -> None:
    class Other(FakeModel):
        def images_of(self, inputs: Any) -> Any:
            return images

    assert list(shown_images(Other(), [Chunk(None, None, 2)], None)) == []
