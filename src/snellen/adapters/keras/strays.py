"""Layers that a model runs without owning them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Called:
    """A weight layer that a pass has called."""

    layer: Any
    was_built: bool
    """It had its weights before."""


@dataclass(frozen=True)
class Stray:
    """A weight layer that is not among the model's own."""

    type_name: str
    name: str
    created: bool
    """The pass itself has made it."""


def strays_of(model: Any, called: Sequence[Called]) -> tuple[Stray, ...]:
    """The layers called whose kernels are not among the model's variables, each once."""
    own = {id(variable) for variable in model.variables}
    found: dict[int, Stray] = {}
    for one in called:
        variables = one.layer.variables
        if variables and not any(id(variable) in own for variable in variables):
            kind = type(one.layer).__name__
            found[id(one.layer)] = Stray(kind, str(one.layer.name), not one.was_built)
    return tuple(found.values())
