"""Plain facts about a model and its optimizer, read from their attributes."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from snellen.core import Layer

PLAIN = (
    "lr",
    "momentum",
    "dampening",
    "betas",
    "eps",
    "weight_decay",
    "nesterov",
    "amsgrad",
    "alpha",
    "centered",
    "rho",
)
"""Options of PyTorch's optimizers that are facts, where an optimizer has them."""


def optimizer_facts(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Class and plain hyperparameters of the first parameter group; the largest rate of all
    groups."""
    group = optimizer.param_groups[0]
    facts: dict[str, Any] = {"optimizer": type(optimizer).__name__}
    rename = {"lr": "learning_rate", "eps": "epsilon"}
    for key in PLAIN:
        if key in group:
            value = group[key]
            value = float(value) if isinstance(value, Tensor) else value
            facts[rename.get(key, key)] = list(value) if isinstance(value, tuple) else value
    facts["learning_rate"] = max(float(g["lr"]) for g in optimizer.param_groups if "lr" in g)
    return facts


def parameter_facts(module: nn.Module) -> dict[str, Any]:
    parameters = list(module.parameters())
    return {
        "model": type(module).__name__,
        "parameters": sum(p.numel() for p in parameters),
        "parameter_bytes": sum(p.numel() * p.element_size() for p in parameters),
        "frozen_parameters": sum(p.numel() for p in parameters if not p.requires_grad),
    }


def image_shape(layers: Sequence[Layer], given: tuple[int, ...]) -> tuple[int, ...] | None:
    """`(channels, *positions)` of the images as the first convolution takes them, or else as the
    model does; `None` where it takes vectors. `given`: the shape of the model's input."""
    for layer in layers:
        window = layer.window
        if window is not None and layer.paths == ((),) and not layer.inputs:
            channels = layer.weight_shape[1] * layer.groups
            return channels, *window.positions
    return given[1:] if len(given) >= 4 else None


def dropout_modules(module: nn.Module) -> dict[str, float]:
    """Rates of the dropout modules that drop anything, by name."""
    return {
        name or type(m).__name__: float(m.p)
        for name, m in module.named_modules()
        if isinstance(m, _DropoutNd) and m.p > 0
    }


def answers_by_mode(module: nn.Module) -> bool:
    """Whether training and evaluation mode differ: batch statistics, dropout, dropped paths."""
    for m in module.modules():
        if isinstance(m, _NormBase) and m.track_running_stats:
            return True
        if isinstance(m, _DropoutNd) and m.p > 0:
            return True
        name = type(m).__name__.lower()
        if "dropout" in name or "droppath" in name or "stochasticdepth" in name:
            return True
    return False
