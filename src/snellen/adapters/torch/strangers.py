"""Weights that run in a model's forward pass and are none of its parameters."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

Stranger = tuple[str, weakref.ref[Tensor]]
"""The type of the layer and its weight."""


def stranger_facts(module: nn.Module, met: Sequence[Stranger]) -> dict[str, Any]:
    """Facts of a forward pass that is over: weights that are gone with it were created in it."""
    unregistered: dict[int, dict[str, str]] = {}
    created: list[dict[str, str]] = []
    for kind, ref in met:
        weight = ref()
        if weight is None:
            created.append({"type": kind})
        else:
            unregistered[id(weight)] = {"type": kind, "name": _place(module, weight) or kind}
    return {"unregistered": list(unregistered.values()), "created_in_forward": created}


def _place(module: nn.Module, weight: Tensor) -> str | None:
    """Where the layer lies among the model's attributes: `blocks[2]`, `branches[a]`."""
    for owner, part in module.named_modules():
        for attribute, value in vars(part).items():
            if attribute.startswith("_"):
                continue
            for place, layer in _layers_in(value, attribute):
                if any(p is weight for p in layer.parameters()):
                    return f"{owner}.{place}" if owner else place
    return None


def _layers_in(value: Any, name: str) -> list[tuple[str, nn.Module]]:
    if isinstance(value, nn.Module):
        return [(name, value)]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        return []
    return [(f"{name}[{key}]", item) for key, item in items if isinstance(item, nn.Module)]
