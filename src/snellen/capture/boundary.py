"""The one place where whatever goes wrong inside snellen is caught, so that training goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any


class Boundary:
    """Runs snellen's own code inside the user's training.

    The first exception ends the watching: it is remembered and handed to `on_trip`, and from then
    on nothing of ours runs any more. `KeyboardInterrupt` and its like belong to the script and
    pass.
    """

    def __init__(self, on_trip: Callable[[str, Exception], None]) -> None:
        """`on_trip(name, error)` is called once, outside the failed code; it must not raise."""
        self._on_trip = on_trip
        self.tripped: str | None = None
        """What went wrong, in one line; `None` while all is well."""

    def __call__(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`, or `None` if it fails or anything failed before."""
        if self.tripped is not None:
            return None
        try:
            self.enter(name)
            return function(*args)
        except Exception as error:
            self.tripped = f"{name}: {describe(error)}"
            self._on_trip(name, error)
            return None

    def even_so(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """The same for what touches neither model nor training, and is therefore done even where
        something failed before: writing down how the script ended."""
        before, self.tripped = self.tripped, None
        try:
            return self(name, function, *args)
        finally:
            self.tripped = before or self.tripped

    def enter(self, name: str) -> None:
        """Called on every crossing, before the work. Does nothing; tests make it raise."""


def describe(error: Exception) -> str:
    """Type, message and the innermost line of ours, for the run's record."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{at}"
