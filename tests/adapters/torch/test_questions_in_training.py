"""A training in whose midst every question is put to the model ends in the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapters.torch.listening import Listener
from adapters.torch.programs import PROGRAMS, differences
from snellen.adapters.contract import Batch, Model
from snellen.adapters.torch import TorchAdapter


class Asking(Listener):
    """Asks all that can be asked, at every training batch and after the last step."""

    def __init__(self) -> None:
        super().__init__(captured=True)
        self.asked: set[str] = set()
        self.batches: dict[Any, Batch] = {}

    def batch(self, key: Any, batch: Batch) -> None:
        model = self.models[key]
        index = np.arange(batch.images)
        inputs = model.select([batch.inputs], index)
        labels = None if batch.labels is None else batch.labels.copy()
        self.ask(model, inputs, labels)

    def begin(self, key: Any, model: Model) -> None:
        super().begin(key, model)
        model.keep_initial()

    def before_update(self, key: Any) -> None:
        self.models[key].weights()

    def ask(self, model: Model, inputs: Any, labels: Any) -> None:
        layers = model.look(inputs, labels, lambda _: None).layers
        model.answer(inputs, labels, batch_statistics=True)
        model.facts()
        if model.normalisations():
            self.asked.add("normalisations")
        if model.gradients(inputs, labels) is not None:
            self.asked.add("gradients")
        if model.input_gradients(inputs, lambda maps: maps * 2, layer=layers[0].name) is not None:
            self.asked.add("input gradients")
        images = model.images_of(inputs)
        assert images is not None
        model.answer(model.with_images(inputs, images + 1), labels)
        changes = {name: np.ones_like(w.kernel) for name, w in model.weights().items()}
        with model.shifted(changes):
            model.gradients(inputs, labels)
        with model.initial():
            model.gradients(inputs, labels)
            model.answer(inputs, labels)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_question_at_every_step_changes_nothing(name: str) -> None:
    bare = PROGRAMS[name]()
    listener = Asking()
    adapter = TorchAdapter(listener, lambda _, function, *args: function(*args), lambda _: True)
    adapter.arm()
    try:
        watched = PROGRAMS[name]()
    finally:
        adapter.disarm()
    assert differences(bare, watched) == []
    # Or the equality would prove nothing.
    assert {"gradients", "input gradients"} <= listener.asked
    assert ("normalisations" in listener.asked) == (name in ("normed", "autocast"))
