"""Attributes of an optimiser that are other ones for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from typing import Any


@contextlib.contextmanager
def replaced(owner: Any, values: Mapping[str, Any]) -> Generator[None]:
    """Inside the block the attributes are these; whatever happens, they are put back."""
    own = {name: getattr(owner, name) for name in values}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in own.items():
            setattr(owner, name, value)
