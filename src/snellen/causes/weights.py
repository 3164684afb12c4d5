"""How often each clue occurs where its cause holds and where it does not: expectation and counts.

The counts are data (`weights.toml`), made by `python -m bench.accuracy.calibrate` from the training
half of the gallery; the file says from which runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from snellen.causes._cause import Cause, Clue

TRUST = (4.0, 8.0)
"""Programs that the expectation is worth: with the cause, and without it, of which there are many
more to count."""
LEAST = 0.02
"""No rate is held for nearer to 0 or 1 than this: a gallery is not the world."""
LEAST_DECISIVE = 0.002


@dataclass(frozen=True)
class Count:
    """Programs in which a clue was present, of those in which it was measured. Runs of one program
    count as parts of it, so both may be fractions."""

    present: float = 0.0
    of: float = 0.0


@dataclass(frozen=True)
class Weights:
    """The table; an empty one leaves the expectations as they are."""

    counts: Mapping[str, Mapping[str, tuple[Count, Count]]] = field(
        default_factory=dict[str, Mapping[str, tuple[Count, Count]]]
    )
    """By the cause's code and the clue's key: with the cause, and in faulty runs without it."""
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def prior(self, cause: type[Cause]) -> float:
        return cause.prior

    def rates(self, cause: type[Cause], clue: Clue) -> tuple[float, float]:
        """Probability that the clue is present with the cause, and without it.

        The mean of a beta distribution: the expectation as if it had been seen in `TRUST`
        programs, and the programs that were counted.
        """
        counted = self.counts.get(cause.code, {}).get(clue.key, (Count(), Count()))
        least = LEAST_DECISIVE if clue.decisive else LEAST
        rates = [
            (count.present + trust * expected) / (count.of + trust)
            for count, trust, expected in zip(counted, TRUST, clue.expected, strict=True)
        ]
        here, elsewhere = (min(max(rate, least), 1 - least) for rate in rates)
        return here, elsewhere


@cache
def shipped() -> Weights:
    """The table that comes with the package."""
    text = files("snellen.causes").joinpath("weights.toml").read_text(encoding="utf-8")
    return parsed(tomllib.loads(text))


def parsed(table: Mapping[str, Any]) -> Weights:
    """The table in a parsed `weights.toml`.

    Raises `ValueError` for counts that are none.
    """
    counts: dict[str, dict[str, tuple[Count, Count]]] = {}
    for code, clues in table.get("counts", {}).items():
        counts[code] = {}
        for key, entry in clues.items():
            pair = Count(*entry["with"]), Count(*entry["without"])
            if any(not 0 <= count.present <= count.of for count in pair):
                raise ValueError(f"{code} {key}: {entry} holds more programs than there were")
            counts[code][key] = pair
    return Weights(counts, table.get("provenance", {}))
