"""From the signs of a run to the rank of its true cause.

Signs do not depend on the weights of evidence, so they are kept beside the findings: weights may be
counted anew without judging again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from snellen.causes import Case, Sign, Weights, balance, catalogue, signs
from snellen.core import Verdict
from snellen.diagnosis import REPORTED, least_belief, ranked
from snellen.record import RunContents
from snellen.symptoms import outcomes

Clues = dict[str, dict[str, tuple[bool | None, float, list[str]]]]
"""By the cause's code and the clue's key: whether it was present, its reliability, and the symptoms
it rests on."""


class Signs(TypedDict):
    """Of one subject in which there is, or may be, something to explain."""

    least: float
    """Belief of the best cause below which nothing is explained: 0 where something is wrong."""
    clues: Clues


def signs_of(contents: RunContents, verdicts: Sequence[Verdict]) -> list[Signs]:
    """Of every subject of the run in which there may be something to explain, those first in which
    there surely is."""
    endings = outcomes(contents)
    found: list[Signs] = []
    for subject in contents.subjects:
        own = [v for v in verdicts if v.place.subject == subject.name]
        case = Case(subject, own, endings[subject.name], contents.events)
        least = least_belief(case)
        if least is not None:
            clues = {code: _plain(signs(c, case)) for code, c in catalogue().items()}
            found.append({"least": least, "clues": clues})
    return sorted(found, key=lambda subject: subject["least"])


def _plain(seen: dict[str, Sign]) -> dict[str, tuple[bool | None, float, list[str]]]:
    return {k: (s.present, s.reliability, sorted(s.rests_on)) for k, s in seen.items()}


def ranking(found: Iterable[Signs], weights: Weights) -> list[tuple[str, float]]:
    """Codes of all causes with their beliefs, best first; of several subjects each cause counts
    where it is believed most. Empty where nothing is explained."""
    best: dict[str, float] = {}
    for subject in found:
        ledgers = [
            balance(cause, _signs(subject["clues"].get(code, {})), weights)
            for code, cause in catalogue().items()
        ]
        order = ranked(ledgers)
        if order[0].belief < subject["least"]:
            continue
        for ledger in order:
            code = ledger.cause.code
            best[code] = max(best.get(code, 0.0), ledger.belief)
    return sorted(best.items(), key=lambda pair: -pair[1])


def _signs(told: dict[str, Any]) -> dict[str, Sign]:
    return {
        key: Sign(present, "", frozenset(codes), reliability)
        for key, (present, reliability, codes) in told.items()
    }


def rank(order: Sequence[tuple[str, float]], true: Iterable[str]) -> int | None:
    """Place, from 1, of the best placed of the true causes that is believed at all (0.2); `None`
    where none is."""
    wanted = set(true)
    for place, (code, belief) in enumerate(order, 1):
        if code in wanted and belief >= 0.2:
            return place
    return None


def named(order: Sequence[tuple[str, float]]) -> list[str]:
    """Codes of the causes that a report would name."""
    return [code for code, belief in order if belief >= REPORTED]
