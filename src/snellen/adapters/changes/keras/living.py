"""Tensors marked for as long as they live."""

from __future__ import annotations

import weakref
from typing import Any

from snellen.adapters.keras import tensors


class Living:
    """A set of tensors by identity, which keeps none of them alive; they have no hash."""

    def __init__(self) -> None:
        self._known: dict[int, weakref.ref[Any]] = {}

    def add(self, value: Any) -> None:
        """What takes no weak reference is not kept."""
        if tensors.weakly(value) is not None:
            key = id(value)
            self._known[key] = weakref.ref(value, lambda dead: self._forget(key, dead))

    def _forget(self, key: int, dead: weakref.ref[Any]) -> None:
        # The id may by now be another tensor's.
        if self._known.get(key) is dead:
            del self._known[key]

    def __contains__(self, value: Any) -> bool:
        found = self._known.get(id(value))
        return found is not None and found() is value
