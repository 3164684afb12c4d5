"""Ends a trial's script after so many updates."""

from __future__ import annotations

from typing import Any

from snellen.capture import Session
from snellen.settings import Settings


class StepLimitReached(BaseException):
    """The trial has seen enough. No `Exception`, so that a script does not catch it by the way."""


class LimitedSession(Session):
    """A session whose script is ended, from inside its last update, after `max_steps` of them.

    Of several models the one that was updated most counts.
    """

    def __init__(
        self, settings: Settings, *, script: str, argv: tuple[str, ...], max_steps: int | None
    ) -> None:
        super().__init__(settings, script=script, argv=argv)
        self._max_steps = max_steps
        self._done: dict[Any, int] = {}

    def stepped(self, key: Any) -> None:
        super().stepped(key)
        self._done[key] = self._done.get(key, 0) + 1
        if self._max_steps is not None and self._done[key] >= self._max_steps:
            raise StepLimitReached
