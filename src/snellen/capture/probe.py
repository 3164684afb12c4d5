"""The probe: a fixed set of training images, gathered as they pass by, looked at in chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Batch, Model
from snellen.capture.draw import ProbeDraw

PROBE_BYTES = 32 * 2**20
"""The probe holds fewer images than asked for where they are large."""
CHUNK_IMAGES = 64
"""Images looked at in one forward pass."""


@dataclass(frozen=True)
class Chunk:
    """Probe images that are looked at together."""

    inputs: Any
    labels: npt.NDArray[Any] | None
    images: int


@dataclass
class Probe:
    """Copies of the images that the draw chose; nothing else of a batch is kept."""

    model: Model
    draw: ProbeDraw
    chunks: list[Chunk] = field(default_factory=list[Chunk], init=False)
    """What is looked at; empty until `settle`."""
    whole_set: bool = field(default=False, init=False)
    """It holds every training image there is."""
    settled: bool = field(default=False, init=False)
    _taken: list[Chunk] = field(default_factory=list[Chunk], init=False)
    _spare: list[Chunk] = field(default_factory=list[Chunk], init=False)

    @property
    def images(self) -> int:
        return sum(chunk.images for chunk in self.chunks)

    @property
    def started(self) -> bool:
        """Some images are there, chosen or spare."""
        return bool(self._taken or self._spare)

    def collect(self, batch: Batch, strata: npt.NDArray[np.int64] | None) -> None:
        """Copy what the draw takes of this batch; `strata` are its images' classes, if known."""
        draw = self.draw
        if batch.first_input is not None and batch.images:
            image_bytes = batch.first_input.nbytes // batch.images
            draw.wanted = min(draw.wanted, max(8, PROBE_BYTES // max(image_bytes, 1)))
        take, spare = draw.offer(batch.first_input, strata, batch.images)
        for index, store in ((take, self._taken), (spare, self._spare)):
            room = draw.wanted - sum(chunk.images for chunk in store)
            index = index[: max(room, 0)]
            if len(index):
                labels = batch.labels[index].copy() if batch.labels is not None else None
                inputs = self.model.select([batch.inputs], index)
                store.append(Chunk(inputs, labels, len(index)))

    def settle(self, *, whole_set: bool) -> None:
        """Draw no more: fill up with spare images and cut into chunks."""
        parts = [*self._taken, *self._spare]
        total = min(self.draw.wanted, sum(part.images for part in parts))
        self.settled = True
        self.whole_set = whole_set and self.draw.distinct <= total
        self._taken, self._spare = [], []
        if not total:
            return
        inputs = [part.inputs for part in parts]
        known = [part.labels for part in parts if part.labels is not None]
        labels = np.concatenate(known) if len(known) == len(parts) else None
        # Of one size where that divides: fewer shapes to compile.
        for index in np.array_split(np.arange(total), -(-total // CHUNK_IMAGES)):
            cut = labels[index] if labels is not None else None
            self.chunks.append(Chunk(self.model.select(inputs, index), cut, len(index)))

    @property
    def labels(self) -> npt.NDArray[Any] | None:
        """Of all images in the chunks' order; `None` where some have none."""
        known = [chunk.labels for chunk in self.chunks if chunk.labels is not None]
        return np.concatenate(known) if known and len(known) == len(self.chunks) else None
