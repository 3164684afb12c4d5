"""In each batch the images of the greatest loss do not count."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.losses import NONE, VALUES, LossCall, TrainingLosses
from snellen.adapters.patches import Patches


def arm(
    effect: Effect, patches: Patches, *, share: float, after: int, random: bool, seed: int
) -> None:
    """Compute each loss of the other images alone; what the script's reduction divides by is
    theirs. Of several losses on the same labels the first decides.

    A script that reduces by itself (`reduction="none"`) finds zeros in the places of the masked
    ones.
    """
    generator = torch.Generator().manual_seed(seed)

    def change(call: LossCall) -> Tensor | None:
        if losses.updates < after:
            return None
        if call.name in VALUES and (call.target.ndim > 2 or call.target.requires_grad):
            effect.cannot("losses on images, or on what comes out of a model, are left alone")
            return None
        images = call.rows
        masked = int(share * images + 1e-9)
        if not 0 < masked < images or not call.fed.ndim or call.fed.shape[0] % images:
            return None

        def decide() -> Tensor:
            if random:
                greatest = torch.randperm(images, generator=generator)[:masked]
            else:
                greatest = _by_image(call, images).topk(masked).indices
            kept = torch.ones(images, dtype=torch.bool)
            kept[greatest.cpu()] = False
            return kept.nonzero().flatten()

        kept = losses.once(call, decide)
        effect.did("images that did not count", masked)
        return _of(call, kept.to(call.fed.device), images)

    losses = TrainingLosses(effect, patches, change)


def _by_image(call: LossCall, images: int) -> Tensor:
    with torch.no_grad():
        return call.value(call.fed.detach(), reduction=NONE).reshape(images, -1).mean(dim=1)


def _of(call: LossCall, kept: Tensor, images: int) -> Tensor:
    """The loss of these images."""
    rows = call.target.shape[0]
    each = torch.arange(rows, device=kept.device).reshape(images, -1)[kept].flatten()

    def chosen(value: Any) -> Any:
        """Of what there is one for each row."""
        by_row = isinstance(value, Tensor) and value.ndim == call.target.ndim and call.target.ndim
        return value[each] if by_row and value.shape[0] == rows else value

    options = dict(call.options)
    if call.name.startswith("binary"):
        options |= {name: chosen(value) for name, value in options.items()}
    losses = call.value(call.fed[each], call.target[each], **options)
    if call.options["reduction"] != NONE:
        return losses
    return losses.new_zeros((rows, *losses.shape[1:])).index_copy(0, each, losses)
