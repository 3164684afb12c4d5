"""Calls of a model that train nothing, and the images that the script holds out for them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor

from snellen.adapters.contract import Observer
from snellen.adapters.torch.batches import batch_of
from snellen.adapters.torch.comparisons import Comparisons
from snellen.adapters.torch.inputs import Inputs, images_in, tensors_of
from snellen.adapters.torch.loaders import Loaders
from snellen.adapters.torch.losses import Heard
from snellen.adapters.torch.objectives import by_image
from snellen.adapters.torch.passes import Passes
from snellen.adapters.torch.watched import Call, Watched


class Evaluations:
    """Tells of evaluation batches. One is held back until its labels are known: they may come with
    a loss, after the pass."""

    def __init__(self, observer: Observer, loaders: Loaders, enter: Callable[..., Any]) -> None:
        """`enter(name, function, *args)` crosses the boundary."""
        self._observer, self._loaders = observer, loaders
        self._comparisons = Comparisons(enter)
        self._last: Watched | None = None
        """The model that was called last, where that call was an evaluation."""
        self.inner: Heard | None = None
        """A loss computed inside the call under way."""

    @property
    def last(self) -> Watched | None:
        return self._last

    def over(self) -> None:
        """Another model, or the same for its training, is called."""
        self._last = self.inner = None
        self._comparisons.close()

    def called(
        self, watched: Watched, inputs: Inputs, output: Any, *, graph: bool, training_mode: bool
    ) -> None:
        """A watched model returned."""
        inner, self.inner = self.inner, None
        self.settle(watched)
        watched.passes.called(graph=graph, training_mode=training_mode)
        self._last = None
        if graph and (training_mode or not watched.trains_in_training_mode):
            return
        self._last = watched
        images = images_in(inputs)
        if not watched.listening or not images or self._trained_on(watched, inputs):
            return
        call = Call(inputs, images, training_mode, fed_by_another=False, graph=graph)
        call.target = self._handed(watched, inputs, images)
        watched.candidate = call
        self._loaders.fresh = False
        if inner is not None:
            self.heard(inner)
        answer = watched.model.pick(output)
        if watched.candidate is call and call.target is None and answer is not None:
            self._comparisons.await_labels(answer, functools.partial(self._compared, watched, call))

    def trained(self, watched: Watched, inputs: Inputs) -> None:
        """A model was called on images that train it."""
        tensors = tensors_of(inputs)
        if tensors:
            watched.fed.note(tensors[0])
            if self._loaders.current is not None and self._loaders.handed(tensors[0]):
                watched.feeder = self._loaders.current.loader
        self._loaders.fresh = False

    def heard(self, heard: Heard) -> None:
        """A loss of an evaluation was computed: its labels may be those of the batch held back."""
        watched = self._last
        call = watched.candidate if watched is not None else None
        if watched is None or call is None or heard.target is None:
            return
        if watched.main not in (None, (heard.function, tuple(heard.fed.shape[1:]))):
            return
        target = by_image(heard.target, call.images)
        if target is None:
            return
        call.target = target
        if not call.graph:
            self.settle(watched)

    def _compared(self, watched: Watched, call: Call, labels: Tensor) -> None:
        """Its answers were compared with these: in the form in which the training's loss receives
        labels, where they have as many values."""
        if watched.candidate is not call or watched.label_form is None:
            return
        floating, shape = watched.label_form
        if labels.numel() != call.images * prod(shape):
            return
        labels = labels.detach().reshape(call.images, *shape)
        call.target = labels.float() if floating else labels.long()
        if not call.graph:
            self.settle(watched)

    def backward(self, models: Iterable[Watched]) -> None:
        """Gradients are about to be taken: what was called last in evaluation mode trains."""
        for watched in models:
            trains = watched.passes.backward()
            if trains and watched.candidate is not None and watched.candidate.graph:
                watched.candidate = None

    def settle(self, watched: Watched) -> None:
        """Tell of the batch held back, labels or not."""
        call, watched.candidate = watched.candidate, None
        self._comparisons.close()
        if call is None or call.inputs is None:
            return
        # What is made of it in inference mode could never be differentiated.
        with torch.inference_mode(False), torch.no_grad():
            self._observer.held_out(id(watched.module), batch_of(call, call.inputs))

    def _trained_on(self, watched: Watched, inputs: Inputs) -> bool:
        """Whether the script asks about its training images: their accuracy, a teacher's answer."""
        current, feeder = self._loaders.current, watched.feeder
        tensors = tensors_of(inputs)
        if not tensors:
            return False
        if current is not None and feeder is not None and current.loader() is feeder():
            return self._loaders.handed(tensors[0]) or watched.fed.holds(tensors[0])
        return watched.fed.holds(tensors[0])

    def _handed(self, watched: Watched, inputs: Inputs, images: int) -> Tensor | None:
        """Labels that the loader handed out with these images, in the form in which the training's
        loss receives them."""
        tensors = tensors_of(inputs)
        beside = self._loaders.beside(tensors[0]) if tensors else []
        fitting = [
            shaped
            for t in beside
            if (shaped := by_image(t, images)) is not None
            and (t.is_floating_point(), tuple(shaped.shape[1:])) == watched.label_form
        ]
        return fitting[0] if len(fitting) == 1 else None


def evaluation_facts(passes: Passes, dropout: Mapping[str, float], by_mode: bool) -> dict[str, Any]:
    """For models that answer otherwise in training mode than in evaluation mode."""
    facts: dict[str, Any] = {"dropout": dict(dropout)} if dropout else {}
    return facts | passes.facts() if by_mode or dropout else facts
