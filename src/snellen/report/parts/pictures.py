"""The pictures that a run file holds of a layer's maps, or of the images themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snellen.record import Thumbnail, thumbnails

IMAGES = ""
"""The layer under which pictures of what enters the model are kept."""


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
    """Empty where the run has none. Raises `RunFileError`."""
    steps: dict[int, dict[tuple[int, int], Thumbnail]] = {}
    for picture in thumbnails(path, subject, layer):
        steps.setdefault(picture.step, {})[picture.image, picture.channel] = picture
    return Pictures(steps)
