"""Losses that expect logits and are given probabilities treat them as such."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.functions import around_function, say_what_is_compiled
from snellen.adapters.changes.torch.losses import LossCall, around_losses
from snellen.adapters.patches import Patches
from snellen.adapters.torch.graph import fed_by
from snellen.adapters.torch.undisturbed import asking

SUMS_TO_ONE = 1e-2
"""Largest distance from 1, in half precision too."""


def arm(effect: Effect, patches: Patches) -> None:
    """Feed the loss with the logits that the probabilities tell of.

    The graph shows what a training loss was fed with. One without a graph is treated as the
    training's of its shape, where it is fed with probabilities.
    """
    known: dict[Any, str] = {}
    """What trainings fed: `softmax` or `sigmoid`, by the function and the shape."""

    def logits(name: str, fed: Tensor) -> Tensor | None:
        key = (name, tuple(fed.shape[1:]))
        by = fed_by(fed) if fed.requires_grad else known.get(key)
        if by not in ("softmax", "sigmoid") or not fed.is_floating_point():
            return None
        axis = 1 if fed.ndim > 1 else 0
        several = name in ("cross_entropy", "nll_loss")
        if not fed.requires_grad and not _probabilities(fed, axis if by == "softmax" else None):
            return None
        if several and by == "softmax" and not _over_classes(fed, axis):
            effect.cannot("a softmax over another axis than that of the classes stays")
            return None
        known[key] = by
        if fed.requires_grad and not asking():
            effect.did("losses fed with the logits behind probabilities")
        if name == "nll_loss" or (several and by == "softmax"):
            return _log(fed)
        return _log(fed) - _log1p(-fed)

    def change(call: LossCall) -> Tensor | None:
        if call.name not in EXPECTING:
            return None
        fed = logits(call.name, call.fed)
        return None if fed is None else call.value(fed)

    def soft_margin(original: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        fed = logits("soft_margin", input) if isinstance(input, Tensor) else None
        return original(input if fed is None else fed, *args, **kwargs)

    around_losses(patches, change)
    # Computed in Python, by no function beneath.
    around_function(patches, F, "multilabel_soft_margin_loss", soft_margin)
    say_what_is_compiled(effect, patches)


EXPECTING = ("cross_entropy", "nll_loss", "binary_cross_entropy_with_logits")
"""Losses on logits or their logarithms."""


def _probabilities(fed: Tensor, axis: int | None) -> bool:
    """Whether these can be probabilities, of which those along an axis sum up to 1."""
    values = fed.detach()
    if not bool(((values >= 0) & (values <= 1)).all()):
        return False
    return axis is None or bool(((values.sum(dim=axis) - 1).abs() < SUMS_TO_ONE).all())


def _over_classes(fed: Tensor, axis: int) -> bool:
    return fed.ndim > 0 and fed.shape[axis] > 1 and _probabilities(fed, axis)


def _log(fed: Tensor) -> Tensor:
    # What has become 0 has no gradient left that could be undone.
    return fed.clamp(min=torch.finfo(fed.dtype).tiny).log()


def _log1p(fed: Tensor) -> Tensor:
    # The number next to 1 stands for 1.
    return fed.clamp(min=torch.finfo(fed.dtype).eps / 2 - 1).log1p()
