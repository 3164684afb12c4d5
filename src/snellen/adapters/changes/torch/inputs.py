"""The model gets standardised images."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.as_written import run_as_written
from snellen.adapters.changes.torch.roots import Inside, around_models, learns
from snellen.adapters.patches import Patches
from snellen.adapters.torch.inputs import replaced, tensors_of
from snellen.adapters.torch.undisturbed import asking

IMAGE_RANK = 3
"""Axes that images have at least: images, channels, positions."""


def arm(
    effect: Effect, patches: Patches, *, mean: Sequence[float], deviation: Sequence[float]
) -> None:
    """Standardise what outermost calls of models are given first, where it is images.

    A module that is first called with what another one made (a head, a decoder, a loss that has
    weights) is never given other inputs than the script's. Copies are standardised: the script's
    own batches stay as they are.
    """
    taking: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()

    def inside(forward: Any, *args: Any, **kwargs: Any) -> Any:
        images = _images(args, kwargs)
        if images is None or images.shape[1] != len(mean):
            return forward(*args, **kwargs)
        if not images.is_floating_point():
            effect.cannot("images given as whole numbers are scaled by the model itself")
            return forward(*args, **kwargs)
        if not asking():
            effect.did("passes of a model with standardised images")
        args, kwargs = replaced((args, kwargs), images, _standardised(images, mean, deviation))
        return forward(*args, **kwargs)

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inside | None:
        takes = taking.get(module)
        if takes is None:
            images = _images(args, kwargs)
            if images is None or not learns(module):
                return None
            takes = images.grad_fn is None
            if torch.is_grad_enabled():
                # Without gradients what another module made looks like any image.
                taking[module] = takes
        return inside if takes else None

    run_as_written(patches)
    around_models(effect, patches, before)


def _images(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """The first tensor with positions; of floating point, where there is one."""
    tensors = [t for t in tensors_of((args, kwargs)) if t.ndim >= IMAGE_RANK]
    exact = [t for t in tensors if t.is_floating_point()]
    return next(iter((*exact, *tensors)), None)


def _standardised(images: Tensor, mean: Sequence[float], deviation: Sequence[float]) -> Tensor:
    shape = (-1, *(1 for _ in images.shape[2:]))
    less = images.new_tensor(mean).view(shape)
    by = images.new_tensor(deviation).view(shape)
    return torch.div(torch.sub(images, less), by)
