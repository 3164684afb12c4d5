"""Training images in random order."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import (
    BatchSampler,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from torch.utils.data.dataloader import _DatasetKind
from torch.utils.data.distributed import DistributedSampler

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.feeding import Feeding, Loader, Walk
from snellen.adapters.patches import Patches

RANDOM = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Mix what the samplers of training loaders give, in batches of the same sizes.

    A loader is mixed from the first update on its batches on, within that walk what is left of it.
    """
    Feeding(patches, _Mixed(effect, seed))


class _Mixed:
    def __init__(self, effect: Effect, seed: int) -> None:
        self._effect = effect
        self._generator = torch.Generator().manual_seed(seed)

    def found(self, loader: Loader, walk: Walk | None) -> None:
        why = _unmixable(loader)
        if why is not None:
            self._effect.cannot(why)
        elif walk is not None:
            self.begun(loader, walk)

    def begun(self, loader: Loader, walk: Walk) -> None:
        if _unmixable(loader) is None and not _random(loader):
            self._effect.did("walks through training images in random order")
            walk._sampler_iter = self._mixed(walk._sampler_iter)

    def stepped(self, loader: Loader) -> None: ...

    def unfed(self) -> None:
        self._effect.cannot("batches that no DataLoader hands out keep their order")

    def _mixed(self, rest: Iterator[Any]) -> Iterator[Any]:
        """What is left of a sampler's numbers, or of batches of them."""
        given = list(rest)
        batched = all(isinstance(item, list) for item in given)
        numbers: list[Any] = list(itertools.chain.from_iterable(given)) if batched else given
        order = torch.randperm(len(numbers), generator=self._generator).tolist()
        mixed = iter([numbers[i] for i in order])
        if not batched:
            return mixed
        return iter([list(itertools.islice(mixed, len(batch))) for batch in given])


def _sampler(loader: Loader) -> Any:
    inner = getattr(loader.batch_sampler, "sampler", None)
    return loader.sampler if inner is None else inner


def _random(loader: Loader) -> bool:
    sampler = _sampler(loader)
    spread = isinstance(sampler, DistributedSampler) and sampler.shuffle
    return spread or isinstance(sampler, RANDOM)


def _unmixable(loader: Loader) -> str | None:
    """Why its order can't be changed."""
    if loader._dataset_kind == _DatasetKind.Iterable:
        return "images that a data set streams keep their order"
    if loader.batch_sampler is not None and type(loader.batch_sampler) is not BatchSampler:
        return "batches that a sampler of the script's own puts together keep their order"
    if not hasattr(_sampler(loader), "__len__"):
        return "images of a sampler without an end keep their order"
    return None
