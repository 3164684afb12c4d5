"""The pictures that a run file holds of a layer's maps, or of the images themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snellen.record import Thumbnail, thumbnails
from snellen.record.pictures import LARGEST_SIDE

IMAGES = ""
"""The layer under which pictures of what enters the model are kept."""


PNG = b"\x89PNG\r\n\x1a\n"
PNG_HEADER_BYTES = 33


@dataclass(frozen=True)
class Pictures:
    """Of one layer: by step, then by image and channel."""

    steps: Mapping[int, Mapping[tuple[int, int], Thumbnail]]

    @property
    def images(self) -> tuple[int, ...]:
        """Numbers, in the probe, of the images that are shown at any step."""
        return tuple(sorted({image for shown in self.steps.values() for image, _ in shown}))

    @property
    def channels(self) -> tuple[int, ...]:
        return tuple(sorted({channel for shown in self.steps.values() for _, channel in shown}))


def pictures(path: Path, subject: str, layer: str) -> Pictures:
    """Empty where the run has none; what is no picture of a size that snellen writes is left out.
    Raises `RunFileError`."""
    steps: dict[int, dict[tuple[int, int], Thumbnail]] = {}
    for picture in thumbnails(path, subject, layer):
        if max(size(picture.png)) <= LARGEST_SIDE and min(size(picture.png)) > 0:
            steps.setdefault(picture.step, {})[picture.image, picture.channel] = picture
    return Pictures(steps)


def size(png: bytes) -> tuple[int, int]:
    """Width and height, which stand at a fixed place in every PNG; 0 and 0 of anything else."""
    if not png.startswith(PNG) or len(png) < PNG_HEADER_BYTES:
        return 0, 0
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
