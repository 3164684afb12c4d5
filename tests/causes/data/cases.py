"""Cases made of plain numbers, and what a cause makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from snellen.causes import UNMEASURED, Case, Cause, Outcome, Remedy, Sign, Weights, account
from snellen.core import Clear, Finding, Place, Severity, Verdict
from snellen.record import Clock, Event, RunContents, Subject
from snellen.stats import HeldOutAudit, ImageAudit, MapSummary, Predictions
from snellen.symptoms import judge
from symptoms.build import HARMED, conv, inline, maps, probe
from symptoms.data_builders import answering, audited, held_out_audit, image_audit, recalls

LEARNT = recalls(*[1.0] * 10)
GUESSED = recalls(*[0.1] * 10)
HALF = recalls(*[0.6] * 10)


@dataclasses.dataclass(frozen=True)
class Said:
    """Evidence of a finding."""

    text: str = "this was measured"

    def sentence(self) -> str:
        return self.text


def found(code: str, severity: Severity = Severity.WARNING, evidence: Any = None) -> Finding:
    return Finding(code, code.lower(), Place("Net", ""), severity, evidence or Said())


def clear(code: str) -> Clear:
    return Clear(code, code.lower(), Place("Net", ""))


def case(
    watched: Subject,
    *verdicts: Verdict,
    outcome: Outcome = HARMED,
    events: Sequence[Event] = (),
) -> Case:
    """With these verdicts alone."""
    return Case(watched, verdicts, outcome, events)


def judged(watched: Subject, outcome: Outcome = HARMED) -> Case:
    """With the verdicts of all symptoms."""
    run = RunContents(manifest={}, subjects=(watched,), events=())
    return Case(watched, judge(run), outcome)


def asked(cause: type[Cause], key: str, of: Case) -> Sign:
    """The sign of the clue of this key."""
    clues = {clue.key: clue for clue in cause.clues()}
    return clues[key].ask(cause(), of)


def state(cause: type[Cause], key: str, of: Case) -> str:
    """`present`, `absent` or `unmeasured`; what was measured has a sentence."""
    sign = asked(cause, key, of)
    if sign is UNMEASURED or sign.present is None:
        return "unmeasured"
    assert 5 < len(sign.sentence) < 260, sign.sentence
    assert "nan" not in sign.sentence.lower()
    return "present" if sign.present else "absent"


def belief(cause: type[Cause], of: Case) -> float:
    """By the expectations alone, whatever was counted on the gallery."""
    return account(cause, of, Weights()).belief


def remedies(cause: type[Cause], of: Case) -> list[Remedy]:
    """All of them, each of whose code can be read by Python."""
    given = list(cause().remedies(of))
    assert given
    for remedy in given:
        assert remedy.framework == of.framework
        assert "nan" not in remedy.title.lower()
        compile(remedy.code, remedy.title, "exec")
    return given


def in_keras(watched: Subject) -> Subject:
    return dataclasses.replace(watched, framework="keras-tensorflow")


def images(**changes: Any) -> dict[Any, Any]:
    return audited(ImageAudit, image_audit(**changes))


def held_out(**changes: Any) -> dict[Any, Any]:
    return audited(HeldOutAudit, held_out_audit(**changes))


def entering(low: float, high: float, mean: float, std: float) -> dict[Any, Any]:
    """Images with these values."""
    look = maps(channels=1, mean=mean, std=std, minimum=low, maximum=high)
    return probe("", MapSummary, "input", (1000, look))


def silent(share: float, *, before: float = 0.0) -> dict[Any, Any]:
    """Of 20 channels of `conv`, this share silent at the end."""

    def look(part: float) -> MapSummary:
        return maps(channels=20, silent=range(round(20 * part)))

    return probe("conv", MapSummary, "post", (0, look(before)), (1000, look(share)))


WIDE = conv(channels=20, weight_shape=(20, 3, 3, 3), inputs=())
"""A layer for `silent`."""


def dead(share: float, *more: dict[Any, Any], **changes: Any) -> Subject:
    """A network of which this share of the channels is silent at the end."""
    watched = answering(None, None, silent(share), *more, **changes)
    return dataclasses.replace(watched, layers=(WIDE, *watched.layers[1:]))


def predicted(value: Predictions) -> dict[Any, Any]:
    return probe("", Predictions, "", (1000, value))


__all__ = ["Clock", "answering", "audited", "inline", "probe", "recalls"]
