"""Pictures of a run file, and what only pretends to be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from snellen.record import RunWriter
from snellen.record.pictures import LARGEST_SIDE, png
from snellen.report.parts.pictures import IMAGES, pictures, size

GREY = png(np.zeros((3, 5)), 0.0, 1.0)


def sized(width: int, height: int) -> bytes:
    """A picture that says to be of this size."""
    return GREY[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + GREY[24:]


def kept(tmp_path: Path, picture: bytes) -> bool:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        writer.add_thumbnail(
            writer.add_subject("Net", "torch", {}), "c", 0, 0, 0, 0.0, 1.0, picture
        )
    return bool(pictures(tmp_path / "run", "Net", "c").steps)


def test_pictures_go_by_step_image_and_channel(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        number = writer.add_subject("Net", "torch", {})
        for step, image, channel in [(8, 0, 1), (0, 0, 0), (0, 2, 1)]:
            writer.add_thumbnail(number, "c", step, image, channel, 0.0, 1.0, GREY)
        writer.add_thumbnail(number, IMAGES, 8, 5, 0, 0.0, 1.0, GREY)
    found = pictures(tmp_path / "run", "Net", "c")
    assert {step: set(shown) for step, shown in found.steps.items()} == {
        0: {(0, 0), (2, 1)},
        8: {(0, 1)},
    }
    assert (found.images, found.channels) == ((0, 2), (0, 1))
    assert pictures(tmp_path / "run", "Net", IMAGES).images == (5,)
    assert pictures(tmp_path / "run", "Net", "d").steps == {}


def test_the_size_is_that_of_the_map() -> None:
    assert size(GREY) == (5, 3)


@pytest.mark.parametrize(
    ("picture", "keeps"),
    [
        (GREY, True),
        (sized(LARGEST_SIDE, 1), True),
        (sized(LARGEST_SIDE + 1, 1), False),
        (sized(1, 2**31), False),
        (sized(0, 4), False),
        (b"", False),
        (GREY[:20], False),
        (b"GIF89a" + GREY[6:], False),
    ],
)
def test_what_is_no_picture_of_ours_is_left_out(
    tmp_path: Path, picture: bytes, keeps: bool
) -> None:
    assert kept(tmp_path, picture) is keeps
