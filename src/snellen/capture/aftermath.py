"""What is done once a training has ended, with the model as it left it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array, Model, ModelRefusedError
from snellen.capture.audit import Audit
from snellen.capture.examination import examination
from snellen.capture.experiments.asked import Asked
from snellen.capture.held_out import HeldOut, Training
from snellen.capture.labels import answers_of, predictions_of, strata
from snellen.capture.masks import mask_fit
from snellen.capture.probe import Chunk, Probe
from snellen.capture.records import Records
from snellen.capture.shown_images import shown_images
from snellen.core import Layer
from snellen.record import HELD_OUT, Clock
from snellen.stats import ImageAnswers, MaskFit


@dataclass
class Aftermath:
    """Of one model, at its last step."""

    model: Model
    records: Records
    layers: tuple[Layer, ...]
    step: int
    probe: Probe
    loss: Mapping[str, Any]
    class_axis: int
    batch_images: int = 0
    """Images in the training's own batches."""
    fine_tuned: bool = False
    """The training began with weights of another."""
    look_seconds: float = 0.0
    """See `Asked`."""
    not_measured: dict[str, str] = field(default_factory=dict[str, str])

    def images(self, audit: Audit, held_out: HeldOut, steps_per_pass: int | None) -> None:
        """What the images themselves are like. Asks the model nothing."""
        training = self.training(audit, steps_per_pass)
        with np.errstate(over="ignore", invalid="ignore"):
            seen = audit.statistic(steps_per_pass)
            if seen is not None:
                self.records.add(self.step, Clock.INLINE, "", "", seen)
            found = held_out.audit(training, self.probe.chunks, self._strata)
            if found is not None:
                self.records.add(self.step, Clock.INLINE, "", "", found)
            fit = self._mask_fit()
            if fit is not None:
                self.records.add(self.step, Clock.INLINE, "", "", fit)

    def _mask_fit(self) -> MaskFit | None:
        """Of the first of the probe's chunks, which are drawn at random."""
        chunk = self.probe.chunks[0] if self.probe.chunks else None
        if chunk is None or chunk.labels is None:
            return None
        images = self.model.images_of(chunk.inputs)
        if images is None:
            return None
        return mask_fit(images, chunk.labels, self.loss, self.class_axis)

    def training(self, audit: Audit, steps_per_pass: int | None) -> Training:
        return Training(*audit.training(steps_per_pass), self.probe.draw.population)

    def held_out(self, chunks: list[Chunk]) -> None:
        """What the model answers for held-out images."""
        outputs: list[Array] = []
        losses: list[float] = []
        try:
            for chunk in chunks:
                output, loss = self.model.answer(chunk.inputs, chunk.labels)
                losses.append(loss * chunk.images)
                if output is not None:
                    outputs.append(output)
        except ModelRefusedError as error:
            self.not_measured["held-out"] = str(error)
            return
        if not outputs or any(x.shape[1:] != outputs[0].shape[1:] for x in outputs):
            return
        labels = [chunk.labels for chunk in chunks if chunk.labels is not None]
        every = np.concatenate(labels) if len(labels) == len(chunks) else None
        loss = sum(losses) / sum(chunk.images for chunk in chunks)
        self.answers(self.step, np.concatenate(outputs), every, loss, HELD_OUT)

    def pictures(self, answers: ImageAnswers | None) -> None:
        """Of probe images; `answers` are the model's last ones for them."""
        self.records.pictures(self.step, shown_images(self.model, self.probe.chunks, answers))

    def answers(
        self, step: int, output: Array, labels: Array | None, loss: float, part: str = ""
    ) -> ImageAnswers | None:
        predictions = predictions_of(output, labels, self.loss, self.class_axis, loss)
        self.records.add(step, Clock.PROBE, "", part, predictions)
        answers = answers_of(output, labels, self.loss, self.class_axis)
        if answers is not None:
            self.records.add(step, Clock.PROBE, "", part, answers)
        return answers

    def experiments(
        self,
        seconds: float,
        clock: Callable[[], float],
        spreads: Mapping[tuple[str, str], npt.NDArray[np.float64]],
        change: Mapping[str, Array],
    ) -> None:
        """Questions to the model, within so many seconds by `clock`."""
        asked = Asked(
            self.model,
            self.layers,
            _alike(self.probe.chunks),
            self.loss,
            self.class_axis,
            self.batch_images,
            spreads,
            change,
            self.fine_tuned,
            self.look_seconds,
            clock=clock,
        )
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for layer, statistic in examination(asked, seconds, self.not_measured):
                self.records.add(self.step, Clock.PROBE, layer, "", statistic)

    def _strata(self, labels: Any) -> npt.NDArray[np.int64] | None:
        return strata(labels, self.loss, self.class_axis)


def _alike(chunks: list[Chunk]) -> list[Chunk]:
    """Those of the most frequent kind of image."""
    kinds = Counter[Any]()
    for chunk in chunks:
        kinds[chunk.joins] += chunk.images
    return [chunk for chunk in chunks if chunk.joins == kinds.most_common(1)[0][0]]
