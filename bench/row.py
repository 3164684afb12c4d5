"""One line of the bench's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure, and the most it may be."""

    name: str
    """What was compared with what: `64×64×56×56 float32 / torch.sum`."""
    value: float
    unit: str
    """`×` for a ratio of two times taken side by side, or `%`, `s`, `MiB`."""
    limit: float | None = None
    """None: for information."""
    note: str = ""
    """The absolute figures behind it."""

    @property
    def kept(self) -> bool:
        return self.limit is None or self.value <= self.limit
