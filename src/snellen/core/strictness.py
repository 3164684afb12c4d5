"""How many false alarms the user puts up with."""

from __future__ import annotations

from enum import StrEnum


class Strictness(StrEnum):
    """From few false alarms and more faults missed to the other way round.

    It moves error rates, never the thresholds of single symptoms.
    """

    LENIENT = "lenient"
    NORMAL = "normal"
    STRICT = "strict"

    @property
    def false_discoveries(self) -> float:
        """Share (0 to 1) of a family's statistical findings that may be false: 1%, 5%, 20%."""
        return {Strictness.LENIENT: 0.01, Strictness.NORMAL: 0.05, Strictness.STRICT: 0.2}[self]

    @property
    def sigmas(self) -> float:
        """Standard deviations of guessing that recall must exceed for a training to have learnt:
        2, 3, 4. Fewer call fewer trainings harmed."""
        return {Strictness.LENIENT: 2.0, Strictness.NORMAL: 3.0, Strictness.STRICT: 4.0}[self]

    @property
    def doubts_count(self) -> bool:
        """Whether a training of unknown outcome is treated like a harmed one, with warnings at
        most."""
        return self is Strictness.STRICT
