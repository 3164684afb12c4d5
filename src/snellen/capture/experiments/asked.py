"""The model that is asked, its probe images, and what asking costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array, Glimpse, Model, Pass
from snellen.capture.held_out import cut
from snellen.capture.labels import answers_of, shares_of
from snellen.capture.probe import CHUNK_IMAGES, Chunk
from snellen.core import Layer
from snellen.stats import ImageAnswers

Floats = npt.NDArray[np.float64]

DEARER = {"answer": 1.0, "look": 3.0, "gradients": 3.0, "input_gradients": 3.0}
"""What asking in each way costs before it was measured, in plain forward passes."""


class OutOfTimeError(Exception):
    """An experiment was dearer than it was thought, and has come to nothing."""


@dataclass
class Asked:
    """One trained model and some of its probe images, all of one kind. Times whatever is asked."""

    model: Model
    layers: tuple[Layer, ...]
    chunks: list[Chunk]
    loss: Mapping[str, Any]
    class_axis: int
    batch_images: int
    """Images in the training's own batches."""
    spreads: Mapping[tuple[str, str], Floats] = field(default_factory=dict[tuple[str, str], Floats])
    """Standard deviation of each channel on the probe, by layer and part."""
    change: Mapping[str, Array] = field(default_factory=dict[str, Array])
    """The last update of each kernel that was recorded."""
    fine_tuned: bool = False
    """The training began with weights of another."""
    look_seconds: float = 0.0
    """What a look at one image has cost, where frameworks had prepared for it; 0 where unknown."""
    deadline: float = float("inf")
    last_moment: float = float("inf")
    """After the deadline: whatever is asked from then on raises `OutOfTimeError`."""
    clock: Callable[[], float] = time.perf_counter
    _seconds: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def images(self) -> int:
        return sum(chunk.images for chunk in self.chunks)

    @property
    def late(self) -> bool:
        """The time is up: whatever goes on for long should end."""
        return self.clock() > self.deadline

    def hurry(self) -> None:
        """Raise `OutOfTimeError` where the time is up."""
        if self.late:
            raise OutOfTimeError

    def price(self, way: str) -> float:
        """Seconds per image, the least that asking in this way has taken; guessed before."""
        return self._seconds.get(way, DEARER[way] * self._seconds.get("answer", 0.0))

    # -- images ------------------------------------------------------------------------------------

    def take(self, index: npt.NDArray[np.int64]) -> Chunk:
        """Probe images by number, in ascending order."""
        return cut(self.model, self.chunks, np.sort(index))

    def some(self, images: int) -> list[Chunk]:
        """The first images of the probe in chunks of the usual size."""
        if images >= self.images:
            return self.chunks
        cuts = np.array_split(np.arange(images), -(-images // CHUNK_IMAGES))
        return [self.take(index) for index in cuts]

    def first(self, images: int) -> Chunk:
        return self.take(np.arange(min(images, self.images)))

    def pixels(self, chunk: Chunk) -> Array | None:
        """The images `(images, channels, *positions)`; `None` where there is no such tensor."""
        images = self.model.images_of(chunk.inputs)
        return images if images is not None and images.ndim >= 3 else None

    def instead(self, chunk: Chunk, images: Array) -> Any:
        return self.model.with_images(chunk.inputs, images)

    # -- asking ------------------------------------------------------------------------------------

    def answer(
        self, chunk: Chunk, inputs: Any = None, *, batch_statistics: bool = False
    ) -> tuple[Array | None, float]:
        """The output and the loss, of these images or of `inputs` in their place."""
        asked = chunk.inputs if inputs is None else inputs
        return self._timed(
            "answer",
            chunk.images,
            lambda: self.model.answer(asked, chunk.labels, batch_statistics=batch_statistics),
        )

    def look(self, chunk: Chunk, see: Callable[[Glimpse], None], inputs: Any = None) -> Pass:
        asked = chunk.inputs if inputs is None else inputs
        return self._timed("look", chunk.images, lambda: self.model.look(asked, chunk.labels, see))

    def gradients(self, chunk: Chunk) -> Mapping[str, Array] | None:
        return self._timed(
            "gradients",
            chunk.images,
            lambda: self.model.gradients(chunk.inputs, chunk.labels),
        )

    def input_gradients(
        self, chunk: Chunk, pull: Callable[[Array], Array] | None = None, *, layer: str = ""
    ) -> Array | None:
        return self._timed(
            "input_gradients",
            chunk.images,
            lambda: self.model.input_gradients(chunk.inputs, pull, layer=layer),
        )

    def shares(self, output: Array | None, chunk: Chunk) -> Floats | None:
        """Probabilities `(images, classes)`; `None` where an image has not one answer."""
        if output is None:
            return None
        return shares_of(output, chunk.labels, self.loss, self.class_axis)

    def answers(self, output: Array | None, chunk: Chunk) -> ImageAnswers | None:
        if output is None:
            return None
        return answers_of(output, chunk.labels, self.loss, self.class_axis)

    def _timed(self, way: str, images: int, ask: Callable[[], Any]) -> Any:
        started = self.clock()
        if started > self.last_moment:
            raise OutOfTimeError
        found = ask()
        seconds = (self.clock() - started) / max(images, 1)
        # The first time of each kind is dearer: frameworks prepare for it.
        self._seconds[way] = min(seconds, self._seconds.get(way, seconds))
        return found


def right(answers: ImageAnswers | None) -> npt.NDArray[np.bool_] | None:
    """Which images were answered rightly; `None` where that is not known."""
    if answers is None or not (answers.label >= 0).all():
        return None
    return answers.chosen == answers.label
