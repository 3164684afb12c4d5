"""One model under watch: when to look, what to take, and where it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from snellen.adapters.contract import Batch, Glimpse, LossCall, Model
from snellen.capture import filters as filters_
from snellen.capture.budget import FIRST_SECONDS, Budget, Schedule
from snellen.capture.draw import ProbeDraw
from snellen.capture.filters import Filters
from snellen.capture.labels import predictions_of, strata, targets_of
from snellen.capture.look import Key, Look, Remembered, settled
from snellen.capture.nonfinite import Origin, examine
from snellen.capture.rounds import RoundCounter
from snellen.core import Layer
from snellen.record import Clock, Moment, RunWriter
from snellen.stats import MapSummary, Targets, rails

INITIAL_BYTES = 64 * 2**20
"""Largest model whose weights are kept so that step 0 can be looked at once the probe is drawn."""
PROBE_BYTES = 32 * 2**20
"""The probe holds fewer images than asked for where they are large."""
SURE_LOOKS = 4
"""Looks after the first that even a busy machine is not denied, where one is cheap."""
CHEAP_SECONDS = 0.15
"""Processor time of a cheap look; what others do on the machine does not count."""
CHUNK_IMAGES = 64
"""Images looked at in one forward pass."""
INPUT_IMAGES = 1000
"""Images over which the input's range is taken, as the model sees them."""


@dataclass(frozen=True)
class Chunk:
    """Probe images that are looked at together."""

    inputs: Any
    labels: Any
    images: int


class SubjectWatch:
    """Decides and records for one model; called by the session, always inside the boundary."""

    def __init__(
        self,
        model: Model,
        writer: RunWriter,
        *,
        probe_images: int,
        budget: Budget,
        clock: Callable[[], float],
        training_seconds: Callable[[], float],
    ) -> None:
        self.model, self.writer, self.budget = model, writer, budget
        self._clock, self._training_seconds = clock, training_seconds
        self.step = 0
        self.epochs: int | None = None
        self.layers: tuple[Layer, ...] = ()
        self.origins: list[Origin] = []
        self._id = writer.add_subject(model.name, model.framework, {})
        self._wanted = probe_images
        self._loss: dict[str, Any] = {}
        self._losses: dict[str, list[tuple[int, float]]] = {}
        self._targets = Targets.none()
        self._input: MapSummary | None = None
        self._draw: ProbeDraw | None = ProbeDraw(probe_images)
        self._taken: list[Chunk] = []
        self._spare: list[Chunk] = []
        self._probe: list[Chunk] = []
        self._whole_set = False
        self._filters: Filters | None = None
        self._keeps_initial = False
        self._previous: dict[Key, Remembered] = {}
        self._means: dict[str, Any] = {}
        self._spreads: dict[str, Any] = {}
        self._inline: dict[Key, MapSummary] = {}
        self._before: dict[str, filters_.Before] = {}
        self._probes = Schedule(ratio=1.5, dense=3, every=2000)
        self._inlines = Schedule(ratio=1.15, dense=4, every=200)
        self._updates = Schedule(ratio=1.5, dense=4, every=1000)
        """Weights and gradients alone: cheap, and taken whatever the budget."""
        self._sees_maps = False
        self._looks = 0
        self._look_processor_seconds = 0.0
        self._probe_seconds = self._inline_seconds = 0.0
        self._inline_spent = 0.0
        self._captures = True
        self._rounds = RoundCounter()
        self._epochs_known = False
        self._last_pictured = -1
        self._last_probed = -1
        self._suspicious = False
        self._seconds_flushed = 0.0

    # -- what the adapter tells ----------------------------------------------------------------------

    def begin(self) -> None:
        with self._costing():
            facts = self.model.facts()
            if facts.get("parameter_bytes", 0) <= INITIAL_BYTES:
                self.model.keep_initial()
                self._keeps_initial = True
            self._learn_loss(facts)
            if self._draw is not None and isinstance(facts.get("training_images"), int):
                self._draw.population = facts["training_images"]
            self._epochs_known = "steps_per_epoch" in facts or "planned_epochs" in facts
            self._write_facts()

    def wants_batch(self) -> bool:
        return self._draw is not None or self._suspicious or self._searches_rounds()

    def _searches_rounds(self) -> bool:
        return not self._epochs_known and self._rounds.searching

    def batch(self, batch: Batch) -> None:
        with self._costing():
            if self._suspicious:
                self._diagnose(batch.inputs, batch.labels)
            if self._searches_rounds() and batch.first_input is not None:
                self._rounds.offer(batch.first_input)
            if self._draw is not None:
                self._collect(batch)

    def probe_from(self, batch: Batch, complete: bool) -> None:
        with self._costing():
            draw = self._draw = ProbeDraw(self._wanted, int(self._loss.get("units", 0) or 0))
            self._collect(batch)
            if self._draw is draw and self._draw is not None:
                self._finish_draw(whole=complete and draw.distinct <= self._wanted)

    def wants_maps(self) -> bool:
        return self._sees_maps

    def wants_update(self) -> bool:
        return self._captures

    def glimpse(self, glimpse: Glimpse) -> None:
        with self._costing(inline=True):
            if glimpse.part == "in":
                summary = MapSummary.of(glimpse.table(-np.inf, 0.0), glimpse.positions)
                self._means[glimpse.layer.name] = summary.mean
                return
            limits = rails(glimpse.layer.activation if glimpse.part == "post" else "linear")
            table = glimpse.table(limits.low, limits.high)
            key = (glimpse.layer.name, glimpse.part)
            summary = MapSummary.of(table, glimpse.positions)
            known = self._inline.get(key)
            self._inline[key] = summary if known is None else known + summary
            if glimpse.part == "pre":
                self._spreads[glimpse.layer.name] = np.sqrt(summary.variance)

    def maps_done(self, layers: tuple[Layer, ...]) -> None:
        if not self.layers:
            self._know_layers(layers)

    def before_update(self) -> None:
        with self._costing(inline=True):
            weights = self.model.weights()
            shown = all(w.gradient is None for w in weights.values())
            estimated = self._estimated_gradients() if shown else {}
            self._before = {
                name: filters_.before_update(
                    w, w.gradient if w.gradient is not None else estimated.get(name)
                )
                for name, w in weights.items()
                if w.trainable
            }

    def after_update(self) -> None:
        with self._costing(inline=True):
            weights = self.model.weights()
            known = {layer.name: layer for layer in self.layers}
            for name, before in self._before.items():
                layer = known.get(name)
                if layer is None or name not in weights:
                    continue
                update = filters_.after_update(
                    before,
                    weights[name],
                    self._means.get(name),
                    self._spreads.get(name),
                    layer.groups,
                    layer.transposed,
                )
                self.writer.add_statistic(self._id, self.step, Clock.INLINE, name, "", update)
            self._before = {}

    def stepped(self) -> None:
        if self._captures:
            self._end_capture()
        self.step += 1
        if self._suspicious and not self.origins:
            with self._costing():
                self._diagnose(self._probe[0].inputs if self._probe else None, None)
        if self._probe and self._probes.due(self.step) and self._may_look():
            self._look_now()
        self._sees_maps = self._inlines.due(self.step) and self._affords(self._inline_seconds)
        self._captures = self._sees_maps or self._updates.due(self.step)
        if self._training_seconds() - self._seconds_flushed > 2.0:
            self._flush()

    def loss(self, call: LossCall) -> None:
        kind = "objective" if call.name == "objective" else "train" if call.training else "eval"
        self._losses.setdefault(kind, []).append((self.step, call.value))
        if call.training and call.name != "objective":
            self._loss = {
                "name": call.name,
                "expects": call.expects,
                **{k: v for k, v in call.facts.items() if v is not None or k not in self._loss},
            }
            if self._draw is not None and not self._draw.classes:
                self._draw.classes = int(call.facts.get("units", 0) or 0)
        if call.training and not np.isfinite(call.value) and not self.origins:
            self._suspicious = True

    def logged(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._losses.setdefault(name, []).append((self.step, float(value)))

    def epoch(self, done: int) -> None:
        self.epochs = done
        if self._draw is not None and self._taken and self.step > 0 and done >= 1:
            with self._costing():
                self._finish_draw(whole=self._draw.distinct <= self._wanted)
        self._probes.ask()
        if self._probe and self._may_look() and self.step > self._last_probed:
            self._look_now()

    def finish(self, *, look: bool) -> None:
        """The last look, where the model is still as training left it, and the last facts."""
        with self._costing():
            if self._draw is not None and self._taken:
                self._finish_draw(whole=self._draw.whole_set_seen and self._draw.distinct <= self._wanted)
        self.budget.reserve(self, 0.0)
        if look and self._probe and self.step > self._last_probed:
            self._look_now(last=True)
        self._flush()

    # -- the probe -----------------------------------------------------------------------------------

    def _collect(self, batch: Batch) -> None:
        draw = self._draw
        assert draw is not None
        axis = self._class_axis()
        self._count_labels(batch, axis)
        if not self.layers:
            self._meet(batch)
        if batch.first_input is not None and batch.images:
            image_bytes = batch.first_input.nbytes // batch.images
            draw.wanted = min(draw.wanted, max(8, PROBE_BYTES // max(image_bytes, 1)))
        take, spare = draw.offer(batch.first_input, strata(batch.labels, self._loss, axis), batch.images)
        for index, store in ((take, self._taken), (spare, self._spare)):
            room = draw.wanted - sum(chunk.images for chunk in store)
            index = index[: max(room, 0)]
            if len(index):
                inputs = self.model.select([batch.inputs], index)
                labels = batch.labels[index].copy() if batch.labels is not None else None
                store.append(Chunk(inputs, labels, len(index)))
        if batch.first_input is not None:
            self._see_input(batch.first_input)
        if draw.complete:
            self._finish_draw(whole=draw.whole_set_seen and draw.distinct <= draw.wanted)

    def _count_labels(self, batch: Batch, axis: int) -> None:
        targets = targets_of(batch.labels, self._loss, axis)
        if targets.images and (not self._targets.images or self._targets.kind == targets.kind):
            self._targets = self._targets + targets

    def _see_input(self, images: Any) -> None:
        if self._input is not None and self._input.images >= INPUT_IMAGES:
            return
        from snellen.stats.kernels import map_table

        shaped = images if images.ndim > 1 else images[:, None]
        positions = int(np.prod(shaped.shape[2:]))
        summary = MapSummary.of(map_table(shaped, -np.inf, 0.0), positions)
        if self._input is None or self._input.channels == summary.channels:
            self._input = summary if self._input is None else self._input + summary
        self.writer.add_statistic(self._id, 0, Clock.INLINE, "", "input", self._input)

    def _meet(self, batch: Batch) -> None:
        """The first look, at a few images: which layers there are, and the weights they begin with."""
        # As many as in a chunk of the probe: on JAX every new shape is compiled anew.
        index = np.arange(min(batch.images, CHUNK_IMAGES))
        look = Look(self.step)
        seen = self.model.look(self.model.select([batch.inputs], index), None, look.see)
        self._know_layers(seen.layers)
        self._take_spreads(look)
        self._filters = Filters.of(self.model.weights())

    def _know_layers(self, layers: tuple[Layer, ...]) -> None:
        self.layers = layers
        self.writer.set_layers(self._id, layers)

    def _finish_draw(self, *, whole: bool) -> None:
        self._draw = None
        self._probe = self._in_chunks([*self._taken, *self._spare])
        self._taken, self._spare = [], []
        self._whole_set = whole
        self._write_facts()
        self.writer.add_statistic(self._id, self.step, Clock.INLINE, "", "", self._targets)
        if not self._probe:
            return
        if self._keeps_initial and self.step > 0:
            with self.model.initial():
                self._look(0)
        else:
            self._look(self.step)
        self.model.drop_initial()
        self._keeps_initial = False
        self.budget.reserve(self, self._probe_seconds)

    def _in_chunks(self, parts: list[Chunk]) -> list[Chunk]:
        total = min(self._wanted, sum(part.images for part in parts))
        inputs = [part.inputs for part in parts]
        labels = None
        if parts and all(part.labels is not None for part in parts):
            labels = np.concatenate([part.labels for part in parts])
        chunks: list[Chunk] = []
        if not total:
            return chunks
        # Of one size where that divides: fewer shapes to compile.
        for index in np.array_split(np.arange(total), -(-total // CHUNK_IMAGES)):
            cut = labels[index] if labels is not None else None
            chunks.append(Chunk(self.model.select(inputs, index), cut, len(index)))
        return chunks

    # -- looking -------------------------------------------------------------------------------------

    def _look_now(self, *, last: bool = False) -> None:
        with self._costing():
            self._look(self.step, last=last)
            self._flush()

    def _look(self, step: int, *, last: bool = False) -> None:
        started, processor = self._clock(), time.thread_time()
        pictured = last or self._last_pictured < 0 or step >= 2 * max(self._last_pictured, 1)
        look = Look(step, pictured=pictured)
        outputs: list[Any] = []
        losses: list[tuple[float, int]] = []
        seen = None
        for chunk in self._probe:
            seen = self.model.look(chunk.inputs, chunk.labels, look.see)
            if seen.output is not None:
                outputs.append(seen.output)
                losses.append((seen.loss, len(seen.output)))
        if seen is None:
            return
        if [layer.name for layer in seen.layers] != [layer.name for layer in self.layers] or step == 0:
            self._know_layers(seen.layers)
        self._take_spreads(look)
        self._record(look, step)
        self._record_weights(step)
        self._record_answers(step, outputs, losses)
        if pictured:
            self._last_pictured = step
            for p in look.pictures():
                self.writer.add_thumbnail(
                    self._id, p.layer, step, p.image, p.channel, p.low, p.high, p.png
                )
        cost = self._clock() - started
        self._probe_seconds = cost if self._last_probed >= 0 else min(cost, FIRST_SECONDS)
        self._look_processor_seconds = time.thread_time() - processor
        self._looks += 1
        self._last_probed = step
        self._probes.taken(step)
        self._moment(step, Clock.PROBE, cost)
        self.writer.thin(self._id)

    def _record(self, look: Look, step: int) -> None:
        for (layer, part), summary in look.summaries.items():
            self.writer.add_statistic(self._id, step, Clock.PROBE, layer, part, summary)
        for (layer, part), dependence in look.dependence():
            self.writer.add_statistic(self._id, step, Clock.PROBE, layer, part, dependence)
        now = look.remembered(settled(self.layers, look.summaries))
        for (layer, part), similarity in look.similarity(now, self._previous):
            self.writer.add_statistic(self._id, step, Clock.PROBE, layer, part, similarity)
        self._previous = now

    def _record_weights(self, step: int) -> None:
        if self._filters is None:
            self._filters = Filters.of(self.model.weights())
        for name, weights in self.model.weights().items():
            if name not in self._filters.initial:
                self._filters.add(name, weights)
            if step == 0 and self.step > 0:
                # Looked at in hindsight: the weights at hand are not those of step 0.
                continue
            state = self._filters.state(name, weights)
            self.writer.add_statistic(self._id, step, Clock.PROBE, name, "", state)

    def _record_answers(self, step: int, outputs: list[Any], losses: list[tuple[float, int]]) -> None:
        if not outputs or any(o.shape[1:] != outputs[0].shape[1:] for o in outputs):
            return
        images = sum(count for _, count in losses)
        value = sum(loss * count for loss, count in losses) / max(images, 1)
        known = [chunk.labels for chunk in self._probe]
        labels = np.concatenate(known) if all(k is not None for k in known) else None
        output = np.concatenate(outputs)
        predictions = predictions_of(output, labels, self._loss, self._class_axis(), value)
        self.writer.add_statistic(self._id, step, Clock.PROBE, "", "", predictions)

    def _take_spreads(self, look: Look) -> None:
        self._means.update(look.input_means)
        for (layer, part), summary in look.summaries.items():
            if part == "pre":
                self._spreads[layer] = np.sqrt(summary.variance)

    def _estimated_gradients(self) -> Mapping[str, Any]:
        if not self._probe:
            return {}
        first = self._probe[0]
        return self.model.gradients(first.inputs, first.labels) or {}

    def _diagnose(self, inputs: Any, labels: Any) -> None:
        self._suspicious = False
        self.origins = examine(self.model, self.layers, inputs, labels, self.step)
        self._write_facts()

    # -- records -------------------------------------------------------------------------------------

    def _end_capture(self) -> None:
        with self._costing(inline=True):
            for (layer, part), summary in self._inline.items():
                self.writer.add_statistic(self._id, self.step, Clock.INLINE, layer, part, summary)
            self._inline = {}
            if self._sees_maps:
                self._inlines.taken(self.step)
            self._updates.taken(self.step)
        # The first one met every operation for the first time.
        first = self._inline_seconds == 0.0
        if self._sees_maps:
            spent = self._inline_spent
            self._inline_seconds = min(spent, FIRST_SECONDS) if first else spent
        self._moment(self.step, Clock.INLINE, self._inline_spent)
        self._inline_spent = 0.0

    def _moment(self, step: int, clock: Clock, cost: float) -> None:
        facts = self.model.facts()
        moving = {k: facts[k] for k in ("learning_rate", "weight_decay", "momentum") if k in facts}
        moment = Moment(step, clock, self.epochs, self._training_seconds(), cost, moving)
        self.writer.add_moment(self._id, moment)

    def _write_facts(self) -> None:
        facts = self.model.facts()
        self._learn_loss(facts)
        if self._rounds.steps_per_epoch is not None:
            facts.setdefault("steps_per_epoch", self._rounds.steps_per_epoch)
        self.writer.update_facts(
            self._id,
            {
                **facts,
                "loss": self._loss,
                "steps": self.step,
                "epochs": self._epochs_done(facts),
                "probe": {
                    "images": sum(chunk.images for chunk in self._probe),
                    "whole_training_set": self._whole_set,
                },
                "nonfinite": [asdict(origin) for origin in self.origins],
                "training_seconds": self._training_seconds(),
                "watching_seconds": self.budget.spent_seconds,
            },
        )

    def _epochs_done(self, facts: Mapping[str, Any]) -> int | None:
        """As the script showed them, or by the steps: a last epoch has no successor to show its end."""
        per_epoch = facts.get("steps_per_epoch")
        counted = self.step // int(per_epoch) if per_epoch else None
        return max((n for n in (self.epochs, counted) if n is not None), default=None)

    def _learn_loss(self, facts: Mapping[str, Any]) -> None:
        configured = facts.get("loss")
        if isinstance(configured, Mapping):
            self._loss = {**configured, **self._loss}

    def _flush(self) -> None:
        for kind, points in self._losses.items():
            if points:
                self.writer.add_losses(self._id, kind, points)
        self._losses = {}
        self._write_facts()
        self.writer.flush()
        self._seconds_flushed = self._training_seconds()

    def _class_axis(self) -> int:
        return 1 if self.model.framework == "torch" else -1

    def _may_look(self) -> bool:
        sure = self._looks <= SURE_LOOKS and self._look_processor_seconds <= CHEAP_SECONDS
        return sure or self._affords(self._probe_seconds)

    def _affords(self, seconds: float) -> bool:
        return self.budget.affords(seconds, self._training_seconds())

    @contextmanager
    def _costing(self, *, inline: bool = False) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - started
            self.budget.spend(seconds, first=self.step == 0 or self._last_probed < 0)
            self._inline_spent += seconds if inline else 0.0
