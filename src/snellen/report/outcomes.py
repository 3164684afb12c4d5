"""What a report needs to know of how a training turned out."""

from __future__ import annotations

from typing import Protocol


class Outcome(Protocol):
    """How a subject's training turned out, as far as it is shown."""

    @property
    def harmed(self) -> bool | None: ...

    @property
    def reasons(self) -> tuple[str, ...]: ...
