"""The loss counts each class with a weight of its own."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.losses import MEAN, NONE, SUM, VALUES, LossCall, TrainingLosses
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches, *, weights: Sequence[float]) -> None:
    """Multiply the weights, of class 0, 1, ..., with those that the script gave its losses."""

    def change(call: LossCall) -> Tensor | None:
        if call.name in VALUES:
            return None
        table = torch.tensor(weights, dtype=call.fed.dtype, device=call.fed.device)
        binary = call.name.startswith("binary")
        value = _binary(effect, call, table) if binary else _several(effect, call, table)
        if value is not None:
            effect.did("losses with weighted classes")
        return value

    if weights:
        TrainingLosses(effect, patches, change)


def _several(effect: Effect, call: LossCall, table: Tensor) -> Tensor | None:
    """Cross-entropies know weights of classes; they divide by the weights' sum themselves."""
    if call.target.is_floating_point():
        effect.cannot("labels that are no single class are not weighted")
        return None
    classes = call.fed.shape[1] if call.fed.ndim > 1 else call.fed.shape[0]
    if classes != len(table):
        effect.cannot(f"a loss over {classes} classes, with weights for {len(table)}")
        return None
    own: Tensor | None = call.options["weight"]
    return call.value(weight=table if own is None else table * own)


def _binary(effect: Effect, call: LossCall, table: Tensor) -> Tensor | None:
    weights = _weights(call, table)
    if weights is None:
        effect.cannot("labels that are no single class are not weighted")
        return None
    losses = weights * call.value(reduction=NONE)
    if call.options["reduction"] == MEAN:
        return losses.sum() / weights.expand_as(losses).sum()
    return losses.sum() if call.options["reduction"] == SUM else losses


def _weights(call: LossCall, table: Tensor) -> Tensor | None:
    """The weight of each label: of two classes in one unit, or of several with a unit each."""
    target = call.target
    if not bool(((target == 0) | (target == 1)).all()):
        return None
    units = target.shape[1] if target.ndim > 1 else 1
    if units == len(table) and units > 1:
        single = bool((target.sum(dim=1) == 1).all())
        return table[target.argmax(dim=1, keepdim=True)] if single else None
    # Maps of one unit may have lost its axis; a row of several units holds labels of their own.
    if len(table) == 2 and (units == 1 or target.ndim > 2):
        return table[target.long()]
    return None
