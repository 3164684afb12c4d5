"""The images that a training shows, training and held-out ones, and what looking at them costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Batch, Model
from snellen.capture.audit import Audit
from snellen.capture.held_out import HeldOut
from snellen.stats import MapSummary
from snellen.stats.kernels import map_table

INPUT_IMAGES = 1000
"""Images over which the input's range is taken, as the model sees them."""
SURE_SECONDS = 0.25
"""Processor time for the images themselves that even a busy machine is not denied."""

Labels = npt.NDArray[np.int64]
Affords = Callable[[float], bool]
"""Whether the budget has so many seconds."""


class SeenImages:
    """Hands batches to the audit and to the collection of held-out images, within the budget."""

    def __init__(self, model: Model) -> None:
        self.audit = Audit()
        self.held_out = HeldOut(model)
        self._input: MapSummary | None = None
        self._seconds = self._last_seconds = 0.0
        """Processor time in all, and of the last batch."""
        self._gave_way = False
        """Some batches of the first pass were not looked at, for want of time."""

    def wants_training(self, affords: Affords) -> bool:
        if not self.audit.wants:
            return False
        wanted = self._seconds < SURE_SECONDS or affords(self._last_seconds)
        self._gave_way = self._gave_way or not wanted
        return wanted

    def wants_held_out(self, affords: Affords) -> bool:
        return self.held_out.wants and (self._seconds < SURE_SECONDS or affords(self._last_seconds))

    def training(self, images: npt.NDArray[Any] | None, labels: Labels | None, step: int) -> None:
        """A batch on its way to update number `step`."""
        if self.audit.wants:
            with self._timing():
                self.audit.offer(images, labels, step)

    def whole(self, batch: Batch, labels: Labels | None, complete: bool) -> None:
        """All training images, or a fair sample of them."""
        with self._timing():
            self.audit.take_all(batch.first_input, labels, complete)

    def evaluation(self, batch: Batch, labels: Labels | None) -> None:
        with self._timing():
            self.held_out.offer(batch, labels)

    def input_summary(self, images: npt.NDArray[Any]) -> MapSummary | None:
        """The range of all images so far; `None` once enough were seen."""
        if self._input is not None and self._input.images >= INPUT_IMAGES:
            return None
        shaped = images if images.ndim > 1 else images[:, None]
        positions = int(np.prod(shaped.shape[2:]))
        summary = MapSummary.of(map_table(shaped, -np.inf, 0.0), positions)
        if self._input is None or self._input.channels == summary.channels:
            self._input = summary if self._input is None else self._input + summary
        return self._input

    def pass_ended(self, steps: int) -> None:
        self.audit.pass_ended(steps, complete=not self._gave_way)

    @contextmanager
    def _timing(self) -> Generator[None]:
        started = time.thread_time()
        with np.errstate(over="ignore", invalid="ignore"):
            yield
        self._last_seconds = time.thread_time() - started
        self._seconds += self._last_seconds
