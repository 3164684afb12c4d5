"""Batches of another size."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator
from typing import Any

from torch.utils.data import BatchSampler, DataLoader, SequentialSampler
from torch.utils.data.dataloader import _InfiniteConstantSampler

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.feeding import Feeding, Loader, Walk
from snellen.adapters.patches import Patches

IN_ORDER = (SequentialSampler, _InfiniteConstantSampler)


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Change the size that loaders cut.

    A loader that shuffles is for training: it is changed when it is built, before its length is
    asked for. Others are changed with the first update on their batches, within that walk what is
    left of it.
    """
    sized = _Sized(effect, factor)

    def building(original: Any, loader: Loader, *args: Any, **kwargs: Any) -> None:
        original(loader, *args, **kwargs)
        sized.built(loader)

    patches.around(DataLoader, "__init__", building)
    Feeding(patches, sized)


class _Sized:
    def __init__(self, effect: Effect, factor: float) -> None:
        self._effect, self._factor = effect, factor
        self._changed: weakref.WeakSet[Loader] = weakref.WeakSet()

    def built(self, loader: Loader) -> None:
        batches = loader.batch_sampler
        if type(batches) is BatchSampler and not isinstance(batches.sampler, IN_ORDER):
            self._change(loader, batches)

    def found(self, loader: Loader, walk: Walk | None) -> None:
        if loader in self._changed:
            return
        batches = loader.batch_sampler
        if type(batches) is not BatchSampler:
            self._effect.cannot("batches that the script puts together itself keep their size")
        elif not self._change(loader, batches):
            few = "batches of all images" if self._factor > 1 else "batches of one image"
            self._effect.cannot(f"{few} keep their size")
        elif walk is not None:
            resized: Any = loader.batch_sampler
            walk._sampler_iter = resized.cut(itertools.chain.from_iterable(walk._sampler_iter))
            # Walks that go on for several epochs begin anew with this one.
            walk._index_sampler = resized

    def begun(self, loader: Loader, walk: Walk) -> None: ...

    def stepped(self, loader: Loader) -> None:
        if loader in self._changed:
            self._effect.did("updates on batches of another size")

    def unfed(self) -> None:
        self._effect.cannot("batches that no DataLoader hands out keep their size")

    def _change(self, loader: Loader, batches: BatchSampler) -> bool:
        """Whether the size became another one."""
        size = max(1, round(batches.batch_size * self._factor))
        sampler: Any = batches.sampler
        if hasattr(sampler, "__len__") and not isinstance(sampler, _InfiniteConstantSampler):
            size = min(size, max(len(sampler), 1))
        if size == batches.batch_size:
            return False
        self._changed.add(loader)
        # A loader refuses that these are set once it is built.
        attributes = loader.__dict__
        if loader.batch_size is not None:
            attributes["batch_size"] = size
        attributes["batch_sampler"] = Resized(batches, size)
        return True


class Resized(BatchSampler):
    """Batches of another size. A last batch of one image, which not every model takes in training,
    joins the one before it, unless the script's own sizes left one as well."""

    def __init__(self, batches: BatchSampler, size: int) -> None:
        super().__init__(batches.sampler, size, batches.drop_last)
        self._own = batches.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        return self.cut(self.sampler)

    def __len__(self) -> int:
        count = len(self.sampler)  # pyright: ignore[reportArgumentType]
        whole, left = divmod(count, self.batch_size)
        return whole + (left > 0 and not self.drop_last and not self._joins(count))

    def cut(self, numbers: Any) -> Iterator[list[int]]:
        """`numbers` into batches."""
        ahead, done = iter(numbers), 0
        batch = list(itertools.islice(ahead, self.batch_size))
        while batch:
            following = list(itertools.islice(ahead, self.batch_size))
            done += len(batch)
            if len(following) == 1 and not self.drop_last and self._joins(done + 1):
                batch, following = batch + following, list[int]()
            if len(batch) >= self.batch_size or not self.drop_last:
                yield batch
            batch = following

    def _joins(self, count: int) -> bool:
        """Whether the last of so many images joins the batch before."""
        return 1 < self.batch_size < count and count % self.batch_size == 1 != count % self._own
