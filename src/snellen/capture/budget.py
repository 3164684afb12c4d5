"""What watching may cost, and when to look: both from measured times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

GRACE_SECONDS = 0.8
"""Free in any run, so that trainings of seconds are seen at all; 2% of 40 seconds."""
FIRST_SECONDS = 0.2
"""Of what is done for the first time, so much is charged; the rest is start-up, like an import."""
SLOWEST = 4.0
"""Seconds of waiting, for others or for a device, that count as one of our own at least."""


@dataclass
class Budget:
    """Seconds spent on watching against seconds of training. Knows no clock: times come as
    arguments."""

    share: float
    """Of the training time, 0 to 1."""
    grace_seconds: float = GRACE_SECONDS
    spent_seconds: float = 0.0
    """All that watching took."""
    start_up_seconds: float = 0.0
    """Of it, what was paid once: frameworks compile an operation the first time it is met."""
    examining_seconds: float = 0.0
    """Of it, what was spent on models after their training."""
    asking_seconds: float = 0.0
    """Of that, what experiments took of the time they are allowed, by their own clock."""
    _reserved: dict[object, float] = field(default_factory=dict[object, float], init=False)

    def spend(self, seconds: float, *, first: bool = False) -> None:
        """`first`: the first time that something is done, most of which will not be paid again."""
        self.spent_seconds += seconds
        if first:
            self.start_up_seconds += max(0.0, seconds - FIRST_SECONDS)

    def reserve(self, owner: object, seconds: float) -> None:
        """Hold back the price of one owner's last look; 0 gives it free."""
        self._reserved[owner] = seconds

    def affords(self, seconds: float, training_seconds: float) -> bool:
        """Whether a capture of `seconds` fits, after `training_seconds` of training."""
        allowed = max(self.grace_seconds, self.share * training_seconds)
        charged = self.spent_seconds - self.start_up_seconds
        return charged + sum(self._reserved.values()) + seconds <= allowed


@dataclass
class OwnTime:
    """A clock that is slow while others have the machine: of wall-clock time and of this process's
    own, what passed less, but never under a quarter of the former."""

    wall: Callable[[], float]
    own: Callable[[], float]
    _last: tuple[float, float] | None = field(default=None, init=False)
    _now: float = field(default=0.0, init=False)

    def __call__(self) -> float:
        here = self.wall(), self.own()
        if self._last is not None:
            wall, own = here[0] - self._last[0], here[1] - self._last[1]
            self._now += max(0.0, min(wall, max(own, wall / SLOWEST)))
        self._last = here
        return self._now


PAIRED_FROM = 4
"""Epochs before which no pair of looks is due: maps are still expected to change."""
SURE_PAIRS_TO = 9
"""The last epoch of the pairs that are taken whatever the budget, where a look is cheap."""
PAIR_SHARE = 0.04
"""Of the training time so far, what all pairs may cost where later ones are over the budget."""
PAIR_SECONDS = 0.3
"""Processor time of a look that is cheap enough for a pair."""


@dataclass
class Pairs:
    """Looks that lie an epoch apart, at epochs 4 and 5, 8 and 9, 16 and 17, and so on: however long
    a training turns out to be, some checks of its late phase can be compared with each other."""

    _spent_seconds: float = field(default=0.0, init=False)

    def due(self, epoch: int, seconds: float, training_seconds: float) -> bool:
        """Whether a look of `seconds` of processor time is to be taken when this epoch, counted
        from 1, has just ended."""
        first = epoch if not epoch & (epoch - 1) else epoch - 1
        paired = first >= PAIRED_FROM and not first & (first - 1)
        if not paired or seconds > PAIR_SECONDS:
            return False
        within = self._spent_seconds + seconds <= PAIR_SHARE * training_seconds
        return epoch <= SURE_PAIRS_TO or within

    def taken(self, seconds: float) -> None:
        self._spent_seconds += seconds


@dataclass
class Schedule:
    """Steps at which to look: the first ones densely, then log-spaced, and epoch ends.

    A look that the budget refuses stays due and is taken as soon as it is affordable.
    """

    ratio: float
    """Each scheduled step is at least this much later than the one before."""
    dense: int
    """Steps from the start that are all scheduled."""
    every: int
    """Never further apart than this, where the budget allows."""
    _next: int = field(default=0, init=False)
    _asked: bool = field(default=False, init=False)

    def due(self, step: int) -> bool:
        """Whether a look is due after `step` updates."""
        return self._asked or step >= self._next

    def ask(self) -> None:
        """Make a look due at once: an epoch has ended."""
        self._asked = True

    def taken(self, step: int) -> None:
        self._asked = False
        if step + 1 < self.dense:
            self._next = step + 1
        else:
            self._next = min(max(step + 1, round(step * self.ratio)), step + self.every)
