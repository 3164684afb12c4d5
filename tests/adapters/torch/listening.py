"""An observer that wants everything and keeps what it is told, in place of a whole session."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from snellen.adapters.contract import Batch, Glimpse, LossCall, Model
from snellen.adapters.torch import TorchAdapter
from snellen.core import Layer


class Listener:
    """Copies what it is told: nothing that it keeps may hold a batch."""

    def __init__(self, *, captured: bool = False) -> None:
        self.captured = captured
        self.models: dict[Any, Model] = {}
        self.steps: dict[Any, int] = {}
        self.held: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]] = []
        self.held_inputs: list[Any] = []
        self.losses: list[LossCall] = []
        self.notes: list[str] = []

    def begin(self, key: Any, model: Model) -> None:
        self.models[key] = model
        self.steps[key] = 0

    def wants_batch(self, key: Any) -> bool:
        return self.captured

    def batch(self, key: Any, batch: Batch) -> None:
        self.models[key].look(batch.inputs, batch.labels, lambda _: None)

    def probe_from(self, key: Any, batch: Batch, *, complete: bool) -> None: ...

    def wants_held_out(self, key: Any) -> bool:
        return True

    def held_out(self, key: Any, batch: Batch) -> None:
        assert batch.first_input is not None
        labels = None if batch.labels is None else batch.labels.copy()
        self.held.append((batch.first_input.copy(), labels))
        self.held_inputs.append(self.models[key].select([batch.inputs], np.arange(2)))

    def wants_maps(self, key: Any) -> bool:
        return self.captured

    def glimpse(self, key: Any, glimpse: Glimpse) -> None: ...

    def maps_done(self, key: Any, layers: tuple[Layer, ...]) -> None: ...

    def wants_update(self, key: Any) -> bool:
        return self.captured

    def before_update(self, key: Any) -> None: ...

    def after_update(self, key: Any) -> None: ...

    def stepped(self, key: Any) -> None:
        self.steps[key] += 1

    def loss(self, key: Any, call: LossCall) -> None:
        self.losses.append(call)

    def logged(self, key: Any, values: Mapping[str, float]) -> None: ...

    def epoch(self, key: Any, done: int) -> None: ...

    def note(self, kind: str, text: str, key: Any = None) -> None:
        self.notes.append(kind)

    @property
    def facts(self) -> dict[str, Any]:
        """Of the model that began first."""
        return next(iter(self.models.values())).facts()

    @property
    def images(self) -> int:
        return sum(len(images) for images, _ in self.held)


@contextmanager
def listening(*, captured: bool = False) -> Generator[Listener]:
    """Everything inside the block is heard; what fails in the adapter fails here."""
    listener = Listener(captured=captured)
    adapter = TorchAdapter(listener, lambda _, function, *args: function(*args), lambda _: True)
    adapter.arm()
    try:
        yield listener
        for model in listener.models.values():
            model.as_trained()
    finally:
        adapter.disarm()
