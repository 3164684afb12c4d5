"""Attributes of PyTorch that are replaced, and put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def replaced(owner: Any, name: str, replacement: Any) -> Callable[[], None]:
    """Replace an attribute of its own. What is returned puts the original back, unless someone has
    put something over the replacement meanwhile: then it is theirs to take off."""
    original = owner.__dict__[name]
    setattr(owner, name, replacement)

    def undo() -> None:
        if owner.__dict__.get(name) is replacement:
            setattr(owner, name, original)

    return undo
