"""An observer that looks often and writes down what it is told, and its boundary."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from snellen.adapters.contract import Batch, Glimpse, LossCall, Pass
from snellen.adapters.keras import BOUNDARIES, KerasAdapter


@dataclass
class Told:
    """Everything one model's training has told."""

    model: Any
    steps: int = 0
    epochs: int = 0
    losses: list[LossCall] = field(default_factory=list)
    logged: list[dict[str, float]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    held_out: list[Batch] = field(default_factory=list)
    probe: Batch | None = None
    complete: bool | None = None
    updates: list[tuple[int, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    passes: list[tuple[int, Pass, list[Glimpse]]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)

    @property
    def layers(self) -> tuple[Any, ...]:
        return self.passes[-1][1].layers


class Watcher:
    """Draws a probe of `images`, looks at it every `every` steps and at every update."""

    def __init__(self, images: int = 24, every: int = 2, batches: int = 2) -> None:
        self.probe_images = images
        self.every, self.batches = every, batches
        self.told: dict[Any, Told] = {}
        self.notes: list[tuple[str, str]] = []
        self.errors: list[tuple[str, Exception]] = []
        self.crossed: set[str] = set()
        self.looking = True
        self._before: dict[str, Any] = {}
        self._updating: set[Any] = set()

    @property
    def only(self) -> Told:
        (told,) = self.told.values()
        return told

    def guard(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        assert name in BOUNDARIES
        self.crossed.add(name)
        try:
            return function(*args)
        except Exception as error:
            self.errors.append((name, error))
            return None

    def begin(self, key: Any, model: Any) -> None:
        assert key not in self.told
        self.told[key] = Told(model)
        model.keep_initial()
        self.told[key].facts.append(model.facts())

    def wants_batch(self, key: Any) -> bool:
        told = self.told[key]
        return told.probe is None and len(told.batches) < self.batches

    def batch(self, key: Any, batch: Batch) -> None:
        told = self.told[key]
        told.batches.append(batch)
        if len(told.batches) == self.batches:
            self._look_at_start(told)

    def wants_held_out(self, key: Any) -> bool:
        return not self.told[key].held_out

    def held_out(self, key: Any, batch: Batch) -> None:
        self.told[key].held_out.append(batch)

    def probe_from(self, key: Any, batch: Batch, *, complete: bool) -> None:
        told = self.told[key]
        told.probe, told.complete = batch, complete
        self._look_at_start(told)

    def _look_at_start(self, told: Told) -> None:
        if not self.looking:
            return
        with told.model.initial():
            self.look(told, step=0)
        told.model.drop_initial()

    def look(self, told: Told, step: int | None = None) -> None:
        parts = [told.probe] if told.probe is not None else told.batches
        if not parts:
            return
        index = np.arange(min(self.probe_images, sum(part.images for part in parts)))
        inputs = told.model.select([part.inputs for part in parts], index)
        labels = None
        if parts[0].labels is not None:
            labels = np.concatenate([part.labels for part in parts])[index]
        glimpses: list[Glimpse] = []

        def see(glimpse: Glimpse) -> None:
            table = glimpse.table(-np.inf, 0.0)
            host = glimpse.host()
            assert table.shape == (*host.shape[:2], 8)
            assert host[0, 0].size == glimpse.positions
            glimpses.append(glimpse)

        seen = told.model.look(inputs, labels, see)
        told.passes.append((told.steps if step is None else step, seen, glimpses))
        told.gradients.append(told.model.gradients(inputs, labels))
        told.facts.append(told.model.facts())

    def wants_maps(self, key: Any) -> bool:
        return False

    def wants_update(self, key: Any) -> bool:
        return self.told[key].steps % self.every == 0

    def before_update(self, key: Any) -> None:
        assert key not in self._updating
        self._updating.add(key)
        told = self.told[key]
        if told.passes:
            self._before = {
                name: (w.kernel.copy(), None if w.gradient is None else w.gradient.copy())
                for name, w in told.model.weights().items()
            }

    def after_update(self, key: Any) -> None:
        self._updating.remove(key)
        told = self.told[key]
        if self._before:
            after = {name: w.kernel.copy() for name, w in told.model.weights().items()}
            told.updates.append((told.steps, self._before, after))
        self._before = {}

    def stepped(self, key: Any) -> None:
        told = self.told[key]
        told.steps += 1
        if self.looking and told.steps % self.every == 0:
            self.look(told)

    def loss(self, key: Any, call: LossCall) -> None:
        self.told[key].losses.append(call)

    def logged(self, key: Any, values: Any) -> None:
        self.told[key].logged.append(dict(values))

    def epoch(self, key: Any, done: int) -> None:
        self.told[key].epochs = done

    def note(self, kind: str, text: str, key: Any = None) -> None:
        self.notes.append((kind, text))


@contextlib.contextmanager
def watched(watcher: Watcher) -> Iterator[KerasAdapter]:
    """Inside the block trainings are watched; afterwards nothing of ours may have gone wrong."""
    adapter = KerasAdapter(watcher, watcher.guard)
    adapter.arm()
    try:
        yield adapter
    finally:
        adapter.disarm()
        adapter.forget()
    for _, error in watcher.errors:
        raise error
