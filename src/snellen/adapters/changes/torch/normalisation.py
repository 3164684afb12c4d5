"""A batch normalisation behind each convolution that has none."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import weakref
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.sites import Place, Site, Sites
from snellen.adapters.changes.torch.tape import Tape
from snellen.adapters.patches import Patches
from snellen.adapters.torch.operations import WEIGHTED
from snellen.adapters.torch.undisturbed import asking

CONVOLUTIONS = {name for name, kind in WEIGHTED.items() if kind == "conv"}

MOMENTUM = 0.1
"""Weight of a batch in the running statistics, as PyTorch's layers have it; the first ten batches
count alike."""

Print = tuple[Place, tuple[int, ...], int, float]
"""Of the contents of a kernel."""


def arm(effect: Effect, patches: Patches) -> None:
    """Normalise what convolutions put out, with statistics that are kept beside the model."""
    Sites(effect, patches, CONVOLUTIONS, _chosen, _Normalising(effect))


def _chosen(tape: Tape, number: int) -> bool:
    step = tape.steps[number]
    spatial = step.shape[2:]
    batched = len(step.shape) == len(step.given_shape) > 2
    # At a single position it is a dense layer: of a gate, or of the head.
    maps = batched and prod(spatial) > 1
    return maps and not tape.makes_output(number) and not tape.normalised(number)


@dataclass
class _Running:
    """Statistics of one call of a convolution."""

    mean: Tensor
    variance: Tensor
    kernel: weakref.ref[Tensor] | None = None
    """The parameter it was trained with; `None` where each pass computes its kernel anew."""
    batches: int = 0
    seen: Print | None = None
    """Of the kernel, when it was evaluated last."""


class _Normalising:
    """Statistics belong to the weights they were taken with: a script that puts back the weights of
    its best epoch, or copies its model, has those of then. They are known by the contents of the
    kernel from each evaluation on. Weights without any (averages of weights) use those of the batch
    that they are given.
    """

    def __init__(self, effect: Effect) -> None:
        self._effect = effect
        self._running: weakref.WeakKeyDictionary[nn.Module, dict[Place, _Running]] = (
            weakref.WeakKeyDictionary()
        )
        self._told: dict[Print, tuple[Tensor, Tensor]] = {}

    def __call__(self, site: Site) -> Any:
        maps: Tensor = site.run()
        exact = maps.float() if maps.dtype in (torch.float16, torch.bfloat16) else maps
        kernel: Tensor = site.argument(1, "weight")
        single = maps.numel() <= maps.shape[1]
        running: _Running | None = None
        kept: tuple[Tensor, Tensor] | None = None
        if not site.module.training:
            kept = self._evaluated(site, kernel)
        elif not (asking() or single):
            # A look of our own leaves no trace.
            running = self._trained(site, kernel, exact)
        if kept is None and single:
            self._effect.cannot("a batch of one value in each channel is not normalised")
            return maps
        if not asking():
            self._effect.did("convolutions with a batch normalisation behind them")
        if kept is not None:
            mean, variance = (t.to(exact.device, exact.dtype) for t in kept)
            normalised = F.batch_norm(exact, mean, variance)
        elif running is not None:
            share = max(MOMENTUM, 1 / running.batches)
            normalised = F.batch_norm(
                exact, running.mean, running.variance, training=True, momentum=share
            )
        else:
            normalised = F.batch_norm(exact, None, None, training=True)
        return normalised.to(maps.dtype)

    def _trained(self, site: Site, kernel: Tensor, maps: Tensor) -> _Running:
        running = self._of(site)
        if running is None or running.mean.device != maps.device:
            channels = maps.shape[1]
            running = _Running(maps.new_zeros(channels), maps.new_ones(channels))
            self._running.setdefault(site.module, {})[site.place] = running
        running.kernel = weakref.ref(kernel) if isinstance(kernel, nn.Parameter) else None
        running.batches += 1
        return running

    def _evaluated(self, site: Site, kernel: Tensor) -> tuple[Tensor, Tensor] | None:
        """The statistics that go with this kernel."""
        running = self._of(site)
        if running is not None and running.kernel is None:
            return running.mean, running.variance
        contents = _print(site.place, kernel)
        own = running is not None and running.kernel is not None and running.kernel() is kernel
        if running is None or not own:
            return self._told.get(contents)
        if asking():
            return self._told.get(contents, (running.mean, running.variance))
        if contents in self._told and contents != running.seen:
            running.mean, running.variance = (t.clone() for t in self._told[contents])
        else:
            self._told[contents] = running.mean.clone(), running.variance.clone()
        running.seen = contents
        return running.mean, running.variance

    def _of(self, site: Site) -> _Running | None:
        return self._running.get(site.module, {}).get(site.place)


def _print(place: Place, kernel: Tensor) -> Print:
    with torch.no_grad():
        # Equal sums of bits and of values with another kernel: not in this world.
        bits = int(torch.hash_tensor(kernel).view(torch.int64))
        total = float(kernel.double().abs().sum())
    return place, tuple(kernel.shape), bits, total
