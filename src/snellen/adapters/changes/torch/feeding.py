"""Which data loaders feed a training, known from the updates that are made on their batches."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter

from snellen.adapters.patches import Patches

Loader = DataLoader[Any]
KEPT_BATCHES = 64
"""Handed out since the last update; more are an evaluation with gradients."""

Walk = _BaseDataLoaderIter
"""One walk through a loader; its `_sampler_iter` gives the numbers of the images of each batch."""


class Fed(Protocol):
    """What a change does about the loaders that feed a training."""

    def found(self, loader: Loader, walk: Walk | None) -> None:
        """An update was made on a batch of this loader for the first time. `walk` is under way."""
        ...

    def begun(self, loader: Loader, walk: Walk) -> None:
        """A walk begins through a loader that was found before."""
        ...

    def stepped(self, loader: Loader) -> None:
        """An update was made on its batch."""
        ...

    def unfed(self) -> None:
        """Most updates are made on batches that no loader handed out."""
        ...


class Feeding:
    """Tells a change which loaders feed a training.

    That a loader was built without shuffling does not tell that it is for evaluation, nor the
    script's modes that it is for training. So nothing is said before the first update on a loader's
    batches, and a loader without any is for evaluation.
    """

    def __init__(self, patches: Patches, fed: Fed) -> None:
        self._fed = fed
        self._feeding: weakref.WeakSet[Loader] = weakref.WeakSet()
        self._loaders: weakref.WeakKeyDictionary[Walk, Callable[[], Loader | None]] = (
            weakref.WeakKeyDictionary()
        )
        self._handed: deque[tuple[weakref.ref[Walk], Callable[[], Loader | None]]] = deque(
            maxlen=KEPT_BATCHES
        )
        """Whose batches were handed out since the last update."""
        self._current: list[weakref.ref[Walk]] = []
        """The walks whose batches the last update was made on."""
        self._single: Loader | None = None
        """Whose batch the last update was made on, by a walk of one batch: `next(iter(loader))`."""
        self._steps = self._unfed = 0
        patches.around(_BaseDataLoaderIter, "__init__", self._begin)
        # Workers are given their first batches at once, after this.
        patches.around(_BaseDataLoaderIter, "_reset", self._begin)
        patches.around(_BaseDataLoaderIter, "__next__", self._next)
        patches.hook(register_optimizer_step_post_hook(self._step))

    def _begin(self, original: Any, walk: Walk, loader: Loader, *args: Any, **kwargs: Any) -> None:
        original(walk, loader, *args, **kwargs)
        # In `for batch in DataLoader(...)` nobody else holds the loader; one that keeps its workers
        # holds its walk, and would hold itself by way of it.
        keeps = loader.persistent_workers
        self._loaders[walk] = weakref.ref(loader) if keeps else lambda: loader
        if loader in self._feeding:
            self._fed.begun(loader, walk)

    def _next(self, original: Any, walk: Walk) -> Any:
        try:
            batch = original(walk)
        except StopIteration:
            # Its last batches led to no update, or to one that is over: an evaluation's, mostly.
            self._handed = deque((h for h in self._handed if h[0]() is not walk), KEPT_BATCHES)
            self._current = [ref for ref in self._current if ref() is not walk]
            raise
        # An update needs gradients; what is fetched without them is evaluated.
        if torch.is_grad_enabled() and walk in self._loaders:
            self._handed.append((weakref.ref(walk), self._loaders[walk]))
        return batch

    def _step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del optimizer, args, kwargs
        self._steps += 1
        handed = list(self._handed)
        self._handed.clear()
        under_way = _alive([walk for walk, _ in handed])
        if not handed:
            # Several updates on one batch.
            under_way = _alive(self._current)
        single, self._single = self._single, None
        if under_way:
            self._current = [weakref.ref(walk) for walk in under_way]
            for walk in under_way:
                self._feeds(self._loaders[walk](), walk)
        elif handed and handed[-1][0]() is None:
            # Twice in a row: an evaluation that was broken off leaves such a walk as well.
            self._single = handed[-1][1]()
            if self._single is single:
                self._feeds(single, None)
        else:
            self._unfed += 1
            if 2 * self._unfed > self._steps:
                self._fed.unfed()

    def _feeds(self, loader: Loader | None, walk: Walk | None) -> None:
        if loader is None:
            return
        if loader not in self._feeding:
            self._feeding.add(loader)
            self._fed.found(loader, walk)
        self._fed.stepped(loader)


def _alive(walks: list[weakref.ref[Walk]]) -> list[Walk]:
    """Each once."""
    return list({id(walk): walk for walk in (ref() for ref in walks) if walk is not None}.values())
