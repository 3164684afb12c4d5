"""One model under watch: when to look, what to take, and where it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Batch, Glimpse, LossCall, Model, ModelRefusedError
from snellen.capture import filters
from snellen.capture.aftermath import Aftermath
from snellen.capture.budget import FIRST_SECONDS, Budget, OwnTime, Pairs, Schedule
from snellen.capture.draw import ProbeDraw
from snellen.capture.evaluations import EvaluationPass
from snellen.capture.examination import allowed_seconds
from snellen.capture.examined import Examined, Key, parts_of
from snellen.capture.labels import strata, targets_of
from snellen.capture.look import Look, table_of
from snellen.capture.nonfinite import Origin, examine
from snellen.capture.probe import CHUNK_IMAGES, Probe
from snellen.capture.records import Records
from snellen.capture.rounds import RoundCounter
from snellen.capture.seen_images import SeenImages
from snellen.capture.updates import Updates
from snellen.core import Layer
from snellen.record import Clock
from snellen.stats import ImageAnswers, MapSummary, Targets

INITIAL_BYTES = 64 * 2**20
"""Largest model whose weights are kept so that step 0 can be looked at once the probe is drawn."""
SURE_LOOKS = 4
"""Looks after the first that even a busy machine is not denied, where one is cheap."""
CHEAP_SECONDS = 0.15
"""Processor time of a cheap look; what others do on the machine does not count."""
EXAMINED_FROM = 64
"""Steps before which no look but the first is examined: plain ones tell more of a beginning."""
EXAMINED_RATIO = 4
"""Each examined look between the first and the last is at least so many times later than the one
before."""
FLUSH_SECONDS = 2.0
"""Training time after which what was seen goes to the file: what a kill can lose."""


class SubjectWatch:
    """Decides and records for one model; called by the session, always inside the boundary."""

    def __init__(
        self,
        model: Model,
        records: Records,
        *,
        probe_images: int,
        budget: Budget,
        clock: Callable[[], float],
        training_seconds: Callable[[], float],
        note: Callable[[str, str], None] = lambda kind, text: None,
    ) -> None:
        self.model, self.records, self.budget = model, records, budget
        self._clock, self._training_seconds = clock, training_seconds
        self._note = note
        self.step = 0
        self.epochs: int | None = None
        self.layers: tuple[Layer, ...] = ()
        self._origins: list[Origin] = []
        self._suspicious = False
        """The loss was not finite, and where that came from is still to be found."""
        self._loss: dict[str, Any] = {}
        self._facts_heard: Mapping[str, Any] | None = None
        self._targets = Targets.none()
        self._probe = Probe(model, ProbeDraw(probe_images))
        self._rounds = RoundCounter()
        self._images = SeenImages(model)
        self._evaluation = EvaluationPass()
        self._epochs_known = False
        self._filters: filters.Filters | None = None
        self._updates = Updates()
        self._keeps_initial = False
        self._means: dict[str, npt.NDArray[np.float64]] = {}
        """Mean of each input channel of a weight layer, by its name, when last seen."""
        self._spreads: dict[str, npt.NDArray[np.float64]] = {}
        """Standard deviation of each pre-activation channel, when last seen."""
        self._map_spreads: dict[Key, npt.NDArray[np.float64]] = {}
        """The same of every map, of the probe alone."""
        self._not_measured: dict[str, str] = {}
        self._answers: ImageAnswers | None = None
        """The model's last ones for the probe."""
        self._inline: dict[Key, MapSummary] = {}
        self._looks_due = Schedule(ratio=1.5, dense=3, every=2000)
        self._maps_due = Schedule(ratio=1.15, dense=4, every=200)
        self._pairs = Pairs()
        self._updates_due = Schedule(ratio=1.5, dense=4, every=1000)
        """Weights and gradients alone: cheap, and taken whatever the budget."""
        self._sees_update, self._sees_maps = True, False
        self._look_seconds = self._inline_seconds = 0.0
        self._look_processor_seconds = 0.0
        self._inline_spent = 0.0
        self._looks = 0
        self._last_look = self._last_pictured = self._last_examined = -1
        self._examining_seconds = 0.0
        self._flushed = 0.0
        self._epoch_steps: int | None = None
        """Steps of an epoch, as far as they were known when facts were last written."""

    # -- what the adapter tells --------------------------------------------------------------------

    def begin(self) -> None:
        with self._costing():
            facts = self.model.facts()
            if facts.get("parameter_bytes", 0) <= INITIAL_BYTES:
                self.model.keep_initial()
                self._keeps_initial = True
            self._learn_loss(facts)
            if isinstance(facts.get("training_images"), int):
                self._probe.draw.population = facts["training_images"]
            self._epochs_known = "steps_per_epoch" in facts or "planned_epochs" in facts
            self._write_facts()

    def wants_batch(self) -> bool:
        return (
            not self._probe.settled
            or self._suspicious
            or self._seeks_rounds()
            or self._images.wants_training(self._affords)
        )

    def batch(self, batch: Batch) -> None:
        with self._costing():
            if self._suspicious:
                self._diagnose(batch.inputs, batch.labels)
            if self._seeks_rounds() and batch.first_input is not None:
                self._rounds.offer(batch.first_input, self.step)
            self._images.training(batch.first_input, self._strata(batch), self.step)
            if not self._probe.settled:
                self._collect(batch)
                if self._probe.draw.complete:
                    self._settle_probe(whole_set=self._probe.draw.whole_set_seen)

    def probe_from(self, batch: Batch, complete: bool) -> None:
        with self._costing():
            self._images.whole(batch, self._strata(batch), complete)
            if not self._probe.settled:
                self._collect(batch)
                self._settle_probe(whole_set=complete)

    def wants_held_out(self) -> bool:
        return self._images.wants_held_out(self._affords)

    def held_out(self, batch: Batch) -> None:
        with self._costing():
            self._images.evaluation(batch, self._strata(batch))

    def wants_maps(self) -> bool:
        return self._sees_maps

    def wants_update(self) -> bool:
        return self._sees_update

    def glimpse(self, glimpse: Glimpse) -> None:
        with self._costing(inline=True):
            name, part = glimpse.layer.name, glimpse.part
            summary = MapSummary.of(table_of(glimpse), glimpse.positions)
            if part == "in":
                self._means[name] = summary.mean
                return
            known = self._inline.get((name, part))
            self._inline[name, part] = summary if known is None else known + summary
            if part == "pre":
                self._spreads[name] = np.sqrt(summary.variance)

    def maps_done(self, layers: tuple[Layer, ...]) -> None:
        if not self.layers:
            self._know_layers(layers)

    def before_update(self) -> None:
        with self._costing(inline=True):
            weights = self.model.weights()
            unseen = not self.model.shows_gradients and all(
                w.gradient is None for w in weights.values()
            )
            self._updates.before(weights, self._estimated_gradients() if unseen else None)

    def after_update(self) -> None:
        with self._costing(inline=True):
            found = self._updates.after(
                self.model.weights(), self.layers, self._means, self._spreads
            )
            for layer, update in found:
                self.records.add(self.step, Clock.INLINE, layer, "", update)

    def stepped(self) -> None:
        self._end_evaluation()
        if self._sees_update:
            self._end_capture()
        self.step += 1
        if self._suspicious and not self._origins:
            with self._costing():
                chunks = self._probe.chunks
                self._diagnose(chunks[0].inputs if chunks else None, None)
        if self._looks_due.due(self.step) and self._may_look():
            self._look_now()
        elif self._pair_due():
            self._look_now()
            self._pairs.taken(self._look_seconds)
        self._sees_maps = self._maps_due.due(self.step) and self._affords(self._inline_seconds)
        self._sees_update = self._sees_maps or self._updates_due.due(self.step)
        if self._training_seconds() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def loss(self, call: LossCall) -> None:
        scalar = call.name == "objective"
        if call.facts.get("auxiliary"):
            # Not the one about the labels: the outcome is not read from it.
            self.records.loss("auxiliary", self.step, call.value)
            return
        if not scalar and not call.training:
            images = call.facts.get("images")
            self._evaluation.add(call.value, images if isinstance(images, int) else None)
            return
        self._end_evaluation()
        self.records.loss("objective" if scalar else "train", self.step, call.value)
        if call.training and not scalar and call.facts is not self._facts_heard:
            self._facts_heard = call.facts
            known = {k: v for k, v in call.facts.items() if v is not None or k not in self._loss}
            self._loss |= {"name": call.name, "expects": call.expects, **known}
            draw = self._probe.draw
            draw.classes = draw.classes or int(call.facts.get("units", 0) or 0)
        if call.training and not np.isfinite(call.value) and not self._origins:
            self._suspicious = True

    def logged(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.records.loss(name, self.step, float(value))

    def epoch(self, done: int) -> None:
        self.epochs = done
        self._images.pass_ended(self.step)
        if not self._probe.settled and self._probe.started:
            with self._costing():
                # A whole epoch has gone by: there are no other images.
                self._settle_probe(whole_set=True)
        self._looks_due.ask()
        if self.step > self._last_look and self._may_look():
            self._look_now()

    def finish(self, *, look: bool, examine: bool = True, share: float = 1.0) -> None:
        """The last look, where the model is still as training left it, and the last facts.

        `examine`: questions are put to the model too, in this share of the time that is left for
        it.
        """
        self._end_evaluation()
        if not self._probe.settled and self._probe.started and look:
            with self._costing():
                self._settle_probe(whole_set=self._probe.draw.whole_set_seen)
        self.budget.reserve(self, 0.0)
        if look and self._probe.chunks and self.step > min(self._last_look, self._last_examined):
            self._look_now(last=True)
        if examine:
            self._flush()
            with self._costing():
                self._examine(share, ask=look and bool(self._probe.chunks))
        self._flush()

    def _examine(self, share: float, *, ask: bool) -> None:
        started, own = self._clock(), OwnTime(self._clock, time.process_time)
        aftermath = self._aftermath()
        images, steps = self._images, self._steps_per_pass()
        if ask:
            aftermath.held_out(images.held_out.chunks(aftermath.training(images.audit, steps)))
            began = own()
            left = allowed_seconds(self._training_seconds()) - self.budget.asking_seconds
            aftermath.experiments(left * share, own, self._map_spreads, self._updates.change)
            self.budget.asking_seconds += own() - began
        aftermath.images(images.audit, images.held_out, steps)
        aftermath.pictures(self._answers)
        self._not_measured = aftermath.not_measured
        self.budget.examining_seconds += self._clock() - started

    def _aftermath(self) -> Aftermath:
        facts = self.model.facts()
        batch = facts.get("batch_size")
        return Aftermath(
            self.model,
            self.records,
            self.layers,
            self.step,
            self._probe,
            self._loss,
            self._class_axis(),
            int(batch) if isinstance(batch, int) else self._probe.batch_images,
            facts.get("loaded_weights") is True,
            # The first look paid for what frameworks prepare.
            self._look_seconds / max(self._probe.images, 1) if self._looks > 1 else 0.0,
        )

    # -- the probe ---------------------------------------------------------------------------------

    def _steps_per_pass(self) -> int | None:
        known = self.model.facts().get("steps_per_epoch") or self._rounds.steps_per_epoch
        return int(known) if known else None

    def _strata(self, batch: Batch) -> npt.NDArray[np.int64] | None:
        return strata(batch.labels, self._loss, self._class_axis())

    def _end_evaluation(self) -> None:
        mean = self._evaluation.end()
        if mean is not None:
            self.records.loss("eval", self.step, mean)

    def _seeks_rounds(self) -> bool:
        return not self._epochs_known and self._rounds.searching

    def _collect(self, batch: Batch) -> None:
        axis = self._class_axis()
        targets = targets_of(batch.labels, self._loss, axis)
        if targets.images and (not self._targets.images or self._targets.kind == targets.kind):
            self._targets = self._targets + targets
        if not self.layers:
            self._meet(batch)
        self._probe.collect(batch, strata(batch.labels, self._loss, axis))
        if batch.first_input is not None:
            summary = self._images.input_summary(batch.first_input)
            if summary is not None:
                self.records.add(0, Clock.INLINE, "", "input", summary)

    def _meet(self, batch: Batch) -> None:
        """The first look, at a few images: which layers there are, and what they begin with."""
        # As many as in a chunk of the probe: on JAX every new shape is compiled anew.
        index = np.arange(min(batch.images, CHUNK_IMAGES))
        look = Look(self.step)
        try:
            seen = self.model.look(self.model.select([batch.inputs], index), None, look.see)
        except ModelRefusedError:
            # Settling the probe finds out whether it takes anything at all, and says so.
            return
        self._know_layers(seen.layers)
        self._take_spreads(look)
        self._filters = filters.Filters.of(self.model.weights())

    def _know_layers(self, layers: tuple[Layer, ...]) -> None:
        self.layers = layers
        self.records.layers(layers)

    def _settle_probe(self, *, whole_set: bool) -> None:
        self._probe.settle(whole_set=whole_set)
        self.records.add(self.step, Clock.INLINE, "", "", self._targets)
        if self._probe.chunks:
            try:
                self._first_look()
            except ModelRefusedError:
                self._probe.as_batches()
                self._first_look_or_none()
            self.budget.reserve(self, self._look_seconds)
        self.model.drop_initial()
        self._keeps_initial = False
        self._write_facts()

    def _first_look(self) -> None:
        if self._keeps_initial and self.step > 0:
            with self.model.initial():
                self._look(0)
        else:
            self._look(self.step)

    def _first_look_or_none(self) -> None:
        """For a model that takes batches of one size alone, if any of ours."""
        try:
            if self._probe.chunks:
                self._first_look()
        except ModelRefusedError as error:
            self._probe.abandon()
            self._note(
                "no-probe",
                f"{self.model.name} can't be run on images of its own training in evaluation mode, "
                f"so it is watched on its training batches alone: {error}",
            )

    # -- looking -----------------------------------------------------------------------------------

    def _look_now(self, *, last: bool = False) -> None:
        with self._costing():
            self._look(self.step, last=last)
            self._flush()

    def _look(self, step: int, *, last: bool = False) -> None:
        started, processor = self._clock(), time.thread_time()
        pictured = last or self._last_pictured < 0 or step >= 2 * max(self._last_pictured, 1)
        look = Look(step, pictured=pictured)
        if last or self._examines(step):
            look.examined = Examined(self._probe.images, parts_of(self.layers), self._classes())
        outputs: list[npt.NDArray[Any]] = []
        losses: list[float] = []
        layers = self.layers
        for chunk in self._probe.chunks:
            if look.examined is not None and look.examined.classes:
                look.examined.labels = strata(chunk.labels, self._loss, self._class_axis())
            seen = self.model.look(chunk.inputs, chunk.labels, look.see)
            layers = seen.layers
            losses.append(seen.loss * chunk.images)
            if seen.output is not None:
                outputs.append(seen.output)
        if step == 0 or [x.name for x in layers] != [x.name for x in self.layers]:
            self._know_layers(layers)
        self._take_spreads(look)
        self.records.look(look, step, self.layers)
        self._record_weights(step, look)
        if look.examined is not None:
            self._last_examined = step
        self._record_answers(step, outputs, sum(losses) / self._probe.images)
        if pictured:
            self._last_pictured = step
        first = self._looks == 0
        cost = self._clock() - started
        plain = cost - look.examining_seconds
        self._examining_seconds = look.examining_seconds or self._examining_seconds
        self._look_seconds = min(plain, FIRST_SECONDS) if first else plain
        self._look_processor_seconds = time.thread_time() - processor - look.examining_seconds
        self._looks += 1
        self._last_look = step
        self._looks_due.taken(step)
        self._moment(step, Clock.PROBE, cost)

    def _examines(self, step: int) -> bool:
        """The first look, and later ones further and further apart where that is affordable."""
        if self._last_examined < 0:
            return True
        due = step >= max(EXAMINED_FROM, EXAMINED_RATIO * self._last_examined)
        return due and self._affords(self._look_seconds + self._examining_seconds)

    def _classes(self) -> int:
        """Classes that an image has one of; 0 where it has not."""
        known = [strata(c.labels, self._loss, self._class_axis()) for c in self._probe.chunks]
        labels = [x for x in known if x is not None and x.size]
        if len(labels) < len(known) or not labels:
            return 0
        return max(int(x.max()) for x in labels) + 1

    def _record_weights(self, step: int, look: Look) -> None:
        if step == 0 and self.step > 0:
            # Looked at in hindsight: the weights at hand are not those of step 0.
            return
        weights = self.model.weights()
        if self._filters is None:
            self._filters = filters.Filters.of(weights)
        for name, now in weights.items():
            if name not in self._filters.initial:
                self._filters.add(name, now)
            self.records.add(step, Clock.PROBE, name, "", self._filters.state(name, now))
        if look.examined is not None:
            self.records.filter_image(step, self.layers, weights, self._filters)
            self.records.normalisations(step, self.model.normalisations(), look)

    def _record_answers(self, step: int, outputs: list[npt.NDArray[Any]], loss: float) -> None:
        if not outputs or any(o.shape[1:] != outputs[0].shape[1:] for o in outputs):
            return
        output = np.concatenate(outputs)
        self._answers = self._aftermath().answers(step, output, self._probe.labels, loss)

    def _take_spreads(self, look: Look) -> None:
        self._means.update(look.input_means)
        for (layer, part), summary in look.summaries.items():
            self._map_spreads[layer, part] = np.sqrt(summary.variance)
            if part == "pre":
                self._spreads[layer] = np.sqrt(summary.variance)

    def _estimated_gradients(self) -> Mapping[str, npt.NDArray[Any]] | None:
        """On the probe, for frameworks that do not show the training's own."""
        if not self._probe.chunks:
            return None
        first = self._probe.chunks[0]
        return self.model.gradients(first.inputs, first.labels)

    def _diagnose(self, inputs: Any, labels: npt.NDArray[Any] | None) -> None:
        self._suspicious = False
        self._origins = examine(self.model, self.layers, inputs, labels, self.step)
        self._write_facts()

    def _end_capture(self) -> None:
        with self._costing(inline=True):
            self.records.maps(self.step, self._inline)
            self._inline = {}
            self._updates_due.taken(self.step)
        spent, self._inline_spent = self._inline_spent, 0.0
        if self._sees_maps:
            self._maps_due.taken(self.step)
            # The first one met every operation for the first time.
            first = self._inline_seconds == 0.0
            self._inline_seconds = min(spent, FIRST_SECONDS) if first else spent
        self._moment(self.step, Clock.INLINE, spent)

    # -- records -----------------------------------------------------------------------------------

    def _moment(self, step: int, clock: Clock, cost: float) -> None:
        seconds, facts = self._training_seconds(), self.model.facts()
        self.records.moment(step, clock, self.epochs, seconds, cost, facts)

    def _write_facts(self) -> None:
        facts = self.model.facts()
        self._learn_loss(facts)
        if self._rounds.steps_per_epoch is not None:
            facts.setdefault("steps_per_epoch", self._rounds.steps_per_epoch)
        known = facts.get("steps_per_epoch")
        self._epoch_steps = int(known) if known else None
        self.records.facts(
            {
                **facts,
                "loss": self._loss,
                "steps": self.step,
                "epochs": self._epochs_done(facts),
                "probe": {
                    "images": self._probe.images,
                    "whole_training_set": self._probe.whole_set,
                },
                "not_measured": self._not_measured,
                "examining_seconds": self.budget.examining_seconds,
                "nonfinite": [asdict(origin) for origin in self._origins],
                "training_seconds": self._training_seconds(),
                "watching_seconds": self.budget.spent_seconds,
            }
        )

    def _epochs_done(self, facts: Mapping[str, Any]) -> int | None:
        """As the script showed them, or by the steps: the last epoch has no next to show its
        end."""
        per_epoch = facts.get("steps_per_epoch")
        counted = self.step // int(per_epoch) if per_epoch else None
        return max((n for n in (self.epochs, counted) if n is not None), default=None)

    def _learn_loss(self, facts: Mapping[str, Any]) -> None:
        configured = facts.get("loss")
        if isinstance(configured, Mapping):
            self._loss = {**configured, **self._loss}

    def _flush(self) -> None:
        self._write_facts()
        self.records.flush()
        self._flushed = self._training_seconds()

    def _class_axis(self) -> int:
        return 1 if self.model.framework == "torch" else -1

    def _may_look(self) -> bool:
        if not self._probe.chunks:
            return False
        sure = self._looks <= SURE_LOOKS and self._look_processor_seconds <= CHEAP_SECONDS
        return sure or self._affords(self._look_seconds)

    def _pair_due(self) -> bool:
        """Whether an epoch has just ended after which a look makes a pair."""
        steps = self._epoch_steps or self._rounds.steps_per_epoch
        if not steps or self.step % steps or not self._probe.chunks:
            return False
        seconds, trained = self._look_processor_seconds, self._training_seconds()
        return self._pairs.due(self.step // steps, seconds, trained)

    def _affords(self, seconds: float) -> bool:
        return self.budget.affords(seconds, self._training_seconds())

    @contextmanager
    def _costing(self, *, inline: bool = False) -> Generator[None]:
        started, first = self._clock(), self.step == 0 or self._looks == 0
        try:
            yield
        finally:
            seconds = self._clock() - started
            self.budget.spend(seconds, first=first)
            self._inline_spent += seconds if inline else 0.0
