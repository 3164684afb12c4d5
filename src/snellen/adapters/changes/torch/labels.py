"""Labels are dealt out anew within each training batch."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import torch
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.losses import VALUES, LossCall, TrainingLosses
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Permute what losses are given as labels, the same way for all losses on the same labels.

    The script's own labels stay as they are, and so do the accuracies it counts of them. A watcher
    hears the true labels, and losses on the permuted ones.
    """
    generator = torch.Generator().manual_seed(seed)

    def change(call: LossCall) -> Tensor | None:
        target = call.target
        if call.name in VALUES and (target.ndim > 2 or target.requires_grad):
            effect.cannot("targets that are images or come out of a model are left alone")
            return None
        images = call.rows
        if images < 2:
            effect.cannot("the labels of a single image can't be permuted")
            return None
        order = losses.once(call, lambda: torch.randperm(images, generator=generator))
        permuted = target.reshape(images, -1)[order.to(target.device)].reshape(target.shape)
        effect.did("losses on permuted labels")
        return call.value(target=permuted)

    losses = TrainingLosses(effect, patches, change)
