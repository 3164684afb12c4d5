"""Cases made of plain subjects and of findings written down by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from snellen.causes import Case, Cause, Remedy, Sign, Weights, account
from snellen.core import Clear, Evidence, Finding, Place, Severity, Verdict
from snellen.record import Subject
from snellen.symptoms import Outcome
from symptoms.build import HARMED, subject


@dataclass(frozen=True)
class Said:
    """Evidence that is a sentence and nothing else."""

    text: str = "planted"

    def sentence(self) -> str:
        return self.text


def found(
    code: str,
    evidence: Any = None,
    *,
    layer: str = "",
    severity: Severity = Severity.WARNING,
    step: int | None = None,
) -> Finding:
    proof: Evidence = evidence if evidence is not None else Said(f"{code} was planted")
    return Finding(code, f"symptom-{code}", Place("Net", layer), severity, proof, step)


def clear(code: str) -> Clear:
    return Clear(code, f"symptom-{code}", Place("Net", ""))


def case(
    subject: Subject,
    *verdicts: Verdict,
    clean: Sequence[str] = (),
    outcome: Outcome = HARMED,
    keras: bool = False,
) -> Case:
    """`clean`: symptoms that looked and found nothing."""
    framework = "keras-tensorflow" if keras else subject.framework
    said = [*verdicts, *(clear(code) for code in clean)]
    return Case(replace(subject, framework=framework), said, outcome)


def plus(own: Subject, *histories: Mapping[Any, Any]) -> Subject:
    """The same training, of which more was seen."""
    more: dict[Any, Any] = {}
    for history in histories:
        more |= subject(history=history).statistics
    return replace(own, statistics={**own.statistics, **more})


def nothing_seen(cause: type[Cause]) -> set[str]:
    """Clues that are measured in a training of which nothing is known."""
    bare = case(subject(facts={"steps": 0, "epochs": None, "steps_per_epoch": None}))
    return {clue.key for clue in cause.clues() if clue.ask(cause(), bare).present is not None}


def ask(cause: type[Cause], key: str, about: Case) -> Sign:
    """One clue's sign."""
    one = next(c for c in cause.clues() if c.key == key)
    return one.ask(cause(), about)


def present(cause: type[Cause], key: str, about: Case) -> bool | None:
    seen = ask(cause, key, about)
    if seen.present is not None:
        assert 0 < len(seen.sentence) <= 260, seen.sentence
    return seen.present


def belief(cause: type[Cause], about: Case) -> float:
    """By expectation alone, whatever was counted on the gallery."""
    return account(cause, about, Weights()).belief


def remedies(cause: type[Cause], about: Case) -> list[Remedy]:
    """All of them, after checking that each is an order whose code compiles."""
    given = list(cause().remedies(about))
    assert given
    for remedy in given:
        assert remedy.framework == about.framework
        assert remedy.title[0].isupper()
        assert remedy.costs
        assert remedy.watch
        compile(remedy.code, remedy.title, "exec")
    return given
