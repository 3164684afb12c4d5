"""Dropout at another rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import functools
import threading
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.as_written import run_as_written
from snellen.adapters.patches import Patches

LAYERS = ("dropout", "dropout1d", "dropout2d", "dropout3d")
"""Functions of `torch.nn.functional` that drop unless told that this is no training."""
IDLE_LAYERS = ("alpha_dropout", "feature_alpha_dropout")
"""Functions of `torch.nn.functional` that drop when told that this is a training."""
FUNCTIONS = ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
"""Functions of `torch`: `(input, p, train)`. Each has a form in place as well."""
RECURRENT = (nn.RNN, nn.LSTM, nn.GRU)

DONE = "calls with another rate of dropout"


class _Here(threading.local):
    scaled = False
    """A function whose rate has been scaled is being called. It may be handed to a mode, which
    calls it once more by its name."""


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Scale the rate given to each function that drops, and to attention and recurrent layers.

    At a rate of 0 nothing is drawn, and the outcome is a copy: models write on what dropout gives.
    """
    here = _Here()

    def scaled(trains: bool | None, original: Any, input: Tensor, *args: Any, **kwargs: Any) -> Any:
        p = kwargs.get("p", args[0] if args else 0.5)
        told = kwargs.get("training", kwargs.get("train", args[1] if len(args) > 1 else trains))
        in_place = original.__name__.endswith("_") or bool(
            kwargs.get("inplace", args[2] if len(args) > 2 else False)
        )
        drops = told is None or told
        if here.scaled or not drops or not p:
            return original(input, *args, **kwargs)
        effect.did(DONE)
        rate = p * factor
        if not rate:
            kept = input if in_place else input.clone()
            mask = original.__name__ == "native_dropout"
            return (kept, torch.ones_like(input, dtype=torch.bool)) if mask else kept
        if "p" in kwargs:
            kwargs["p"] = rate
        else:
            args = (rate, *args[1:])
        here.scaled = True
        try:
            return original(input, *args, **kwargs)
        finally:
            here.scaled = False

    def attending(original: Any, *args: Any, **kwargs: Any) -> Any:
        place = 4
        if not here.scaled and kwargs.get("dropout_p"):
            effect.did(DONE)
            kwargs["dropout_p"] *= factor
        elif not here.scaled and len(args) > place and args[place]:
            effect.did(DONE)
            args = (*args[:place], args[place] * factor, *args[place + 1 :])
        return original(*args, **kwargs)

    def recurring(original: Any, layer: nn.RNNBase, *args: Any, **kwargs: Any) -> Any:
        rate = layer.dropout
        if not (layer.training and rate and layer.num_layers > 1):
            return original(layer, *args, **kwargs)
        effect.did(DONE)
        layer.dropout = rate * factor
        try:
            return original(layer, *args, **kwargs)
        finally:
            layer.dropout = rate

    run_as_written(patches)
    for name in LAYERS:
        patches.around(F, name, functools.partial(scaled, True))
    for name in IDLE_LAYERS:
        patches.around(F, name, functools.partial(scaled, False))
    for name in (*FUNCTIONS, *(f"{name}_" for name in FUNCTIONS), "native_dropout"):
        patches.around(torch, name, functools.partial(scaled, None))
    patches.around(F, "scaled_dot_product_attention", attending)
    for kind in RECURRENT:
        patches.around(kind, "forward", recurring)
