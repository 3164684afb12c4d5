"""Which `DataLoader` feeds the training, and when it begins anew."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader

from snellen.adapters.torch.outputs import tensors_in

MOSTLY = 0.9
"""Share of a loader's batches after which its round counts as an epoch: the last ones may not fill
a step where gradients are accumulated."""


@dataclass
class Round:
    """One walk through a loader."""

    loader: weakref.ref[Any]
    number: int
    """From 1, of this loader."""
    iterator: weakref.ref[Any] | None
    steps: int = 0
    """Updates made while it lasted."""
    reached: int | None = None
    """Batches handed out until its last update."""

    left: bool = False
    """A batch was taken, and the iterator let go of: `next(iter(loader))`."""

    def stepped(self) -> None:
        self.steps += 1
        fetched = self.fetched
        self.reached = fetched if fetched is not None else self.reached
        # Whoever walks through all of a loader holds its iterator meanwhile.
        self.left |= self.iterator is not None and self.iterator() is None

    @property
    def complete(self) -> bool:
        """The training went through it to its end, and did not take a single batch and begin
        anew."""
        loader = self.loader()
        if loader is None or not self.steps or self.left:
            return False
        try:
            length = len(loader)
        except TypeError:
            return self.steps > 1
        return self.reached is None or self.reached >= MOSTLY * length

    @property
    def fetched(self) -> int | None:
        """Batches handed out so far; `None` where the loader does not tell."""
        iterator = self.iterator() if self.iterator is not None else None
        count = getattr(iterator, "_num_yielded", None)
        return count if isinstance(count, int) else None


class Loaders:
    """Follows the rounds of all loaders; the one begun last before a step feeds the training."""

    def __init__(self) -> None:
        self.current: Round | None = None
        self._rounds: weakref.WeakKeyDictionary[DataLoader[Any], int] = weakref.WeakKeyDictionary()
        self._batch: list[weakref.ref[Tensor]] = []
        """The tensors of the batch that was handed out last."""
        self.fresh = False
        """No model has been called since then."""

    def begun(self, loader: Any, iterator: Any) -> Round:
        """A loader was begun; returns its round."""
        self._rounds[loader] = self._rounds.get(loader, 0) + 1
        kept = weakref.ref(iterator) if iterator is not None else None
        self.current = Round(weakref.ref(loader), self._rounds[loader], kept)
        return self.current

    def forget(self) -> None:
        self.current = None
        self._rounds.clear()
        self._batch = []

    def hands_out(self, batch: Any) -> None:
        self._batch = [weakref.ref(tensor) for tensor in tensors_in(batch)]
        self.fresh = True

    def handed(self, images: Tensor) -> bool:
        """Whether these are of the batch handed out last: its own tensor, or one that was made of
        it, as many images and the first to be seen since."""
        tensors = [t for t in (ref() for ref in self._batch) if t is not None]
        if any(t is images for t in tensors):
            return True
        count = images.shape[:1]
        return self.fresh and any(t.ndim > 0 and t.shape[:1] == count for t in tensors)

    def beside(self, images: Tensor) -> list[Tensor]:
        """What the last batch holds besides these images; nothing where they are not of it."""
        if not self.handed(images):
            return []
        tensors = [t for t in (ref() for ref in self._batch) if t is not None]
        # A copy of the images on another device counts as the images.
        return [t for t in tensors if t is not images and t.shape != images.shape]

    def facts(self) -> dict[str, Any]:
        """What the feeding loader says before the first update, in the words of the run's facts."""
        loader = self.current.loader() if self.current is not None else None
        if self.current is None or loader is None:
            return {}
        facts: dict[str, Any] = {}
        if loader.batch_size:
            facts["batch_size"] = int(loader.batch_size)
        if hasattr(loader.dataset, "__len__"):
            facts["training_images"] = len(loader.dataset)
            # Several batches before the first update: gradients are accumulated, or steps skipped.
            if (self.current.fetched or 1) <= 1:
                facts["steps_per_epoch"] = len(loader)
        return facts
