"""What a change did in one training, so that a trial without effect is not taken for a proof."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Effect:
    """Written to by a change while the script runs, and read when it has ended."""

    _did: Counter[str] = field(default_factory=Counter[str], init=False)
    _cannot: dict[str, None] = field(default_factory=dict[str, None], init=False)

    def did(self, what: str, times: int = 1) -> None:
        """`what` really was changed, so many times: `a step with the learning rate scaled`.

        Said where the change happens, never where it is merely armed.
        """
        self._did[what] += times

    def cannot(self, why: str) -> None:
        """A part of the training that the change does not reach, and why; each is kept once:
        `batches that the script cuts itself are not resized`."""
        self._cannot[why] = None

    @property
    def done(self) -> dict[str, int]:
        """What was changed, with how often."""
        return dict(self._did)

    @property
    def limits(self) -> tuple[str, ...]:
        """What could not be changed, in the order in which it was met."""
        return tuple(self._cannot)
