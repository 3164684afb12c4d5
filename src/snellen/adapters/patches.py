"""Attributes of the framework that are replaced for a while, and put back."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

Around = Callable[..., Any]
"""`around(original, *args, **kwargs)` stands in for `original(*args, **kwargs)`."""


class Patches:
    """Replaced attributes of classes and modules. `undo` leaves none behind."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, bool]] = []
        self._hooks: list[Any] = []
        self._live: list[bool] = [True]

    def around(self, owner: Any, name: str, around: Around) -> None:
        """Replace a callable attribute by one that calls `around`."""
        attributes = _attributes(owner)
        own = name in attributes
        original: Any = attributes[name] if own else _inherited(owner, name)
        live = self._live

        # `wraps` also takes over the module's name: AutoGraph then leaves the function alone, as it
        # does the original.
        @functools.wraps(original)
        def patched(*args: Any, **kwargs: Any) -> Any:
            if not live[0]:
                return original(*args, **kwargs)
            return around(original, *args, **kwargs)

        self._done.append((owner, name, patched, own))
        setattr(owner, name, patched)

    def hook(self, handle: Any) -> None:
        """A hook set by the framework's own means; `handle.remove()` takes it off."""
        self._hooks.append(handle)

    @contextmanager
    def suspended(self) -> Generator[None]:
        """The originals in their places for the length of the block, for whoever reads the source
        of what stands there."""
        taken = self._put_back()
        try:
            yield
        finally:
            for owner, name, patched in reversed(taken):
                setattr(owner, name, patched)

    def undo(self) -> None:
        """Put the originals back. What someone has put over ours stays and calls the original."""
        self._live[0] = False
        self._put_back()
        self._done.clear()
        while self._hooks:
            self._hooks.pop().remove()
        self._live = [True]

    def _put_back(self) -> list[tuple[Any, str, Any]]:
        """The originals in their places, the newest patch first; what was taken off, in that
        order."""
        taken: list[tuple[Any, str, Any]] = []
        for owner, name, patched, own in reversed(self._done):
            if _attributes(owner).get(name) is not patched:
                continue
            taken.append((owner, name, patched))
            if own:
                setattr(owner, name, patched.__wrapped__)
            else:
                delattr(owner, name)
        return taken


def _attributes(owner: Any) -> dict[str, Any]:
    """A class's or a module's own attributes."""
    return cast("dict[str, Any]", owner.__dict__)


def _inherited(owner: Any, name: str) -> Any:
    """What a class inherits under this name, looked up at each call."""

    @functools.wraps(getattr(owner, name))
    def inherited(self: Any, *args: Any, **kwargs: Any) -> Any:
        above: Any = super(cast(type, owner), self)
        return getattr(above, name)(*args, **kwargs)

    return inherited
