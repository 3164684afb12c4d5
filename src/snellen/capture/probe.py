"""The probe: a fixed set of training images, gathered as they pass by, looked at in chunks."""

from __future__ import annotations

from collections import Counter
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
MOST_KINDS = 16
"""Sizes of image that a probe holds, the most frequent ones: each takes a forward pass of its
own."""


@dataclass(frozen=True)
class Chunk:
    """Probe images that are looked at together."""

    inputs: Any
    labels: npt.NDArray[Any] | None
    images: int
    joins: Any = ()
    """Images that differ in this can't be looked at together."""


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
    batch_images: int = field(default=0, init=False)
    """Images in the training's own batches."""
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
        self.batch_images = max(self.batch_images, batch.images)
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
                joins = (batch.joins, labels.shape[1:] if labels is not None else None)
                store.append(Chunk(inputs, labels, len(index), joins))

    def settle(self, *, whole_set: bool) -> None:
        """Draw no more: fill up with spare images and cut into chunks."""
        parts = [*self._taken, *self._spare]
        total = min(self.draw.wanted, sum(part.images for part in parts))
        self.settled = True
        self.whole_set = whole_set and self.draw.distinct <= total
        self._taken, self._spare = [], []
        if not total:
            return
        kinds = Counter({part.joins: 0 for part in parts})
        for part in parts:
            kinds[part.joins] += part.images
        for joins, _ in kinds.most_common(MOST_KINDS):
            alike = [part for part in parts if part.joins == joins]
            count = min(sum(part.images for part in alike), total - self.images)
            if count:
                # Of one size where that divides: fewer shapes to compile.
                cuts = np.array_split(np.arange(count), -(-count // CHUNK_IMAGES))
                self.chunks += [self._cut(alike, index) for index in cuts]
        self.whole_set = self.whole_set and self.images == total

    def as_batches(self) -> None:
        """Cut anew into chunks of the training's own batch size, for a model that takes no other;
        what does not fill a batch is left out."""
        size, chunks = self.batch_images, self.chunks
        self.chunks = []
        for joins in dict.fromkeys(chunk.joins for chunk in chunks):
            alike = [chunk for chunk in chunks if chunk.joins == joins]
            count = sum(chunk.images for chunk in alike)
            starts = range(0, count - size + 1, size) if size else ()
            self.chunks += [self._cut(alike, np.arange(i, i + size)) for i in starts]
        self.whole_set = self.whole_set and self.images == sum(chunk.images for chunk in chunks)

    def abandon(self) -> None:
        """There is no looking at these images."""
        self.chunks, self.whole_set = [], False

    def _cut(self, parts: list[Chunk], index: npt.NDArray[np.int64]) -> Chunk:
        inputs = self.model.select([part.inputs for part in parts], index)
        known = [part.labels for part in parts if part.labels is not None]
        labels = np.concatenate(known)[index] if len(known) == len(parts) else None
        return Chunk(inputs, labels, len(index), parts[0].joins)

    @property
    def labels(self) -> npt.NDArray[Any] | None:
        """Of all images in the chunks' order; `None` where some have none."""
        known = [chunk.labels for chunk in self.chunks if chunk.labels is not None]
        alike = len({array.shape[1:] for array in known}) == 1
        return np.concatenate(known) if alike and len(known) == len(self.chunks) else None
