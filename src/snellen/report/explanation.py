"""What is believed of why a training went wrong, arranged for no medium in particular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snellen.causes import Ledger, Remedy
from snellen.core import Finding, Severity, Verdict
from snellen.diagnosis import Band, Candidate, Diagnosis
from snellen.report.outcomes import Outcome
from snellen.trials.proof import Proof, Ruling

CONFIRMED = Band.CONFIRMED.value
MOST_NAMED = 3
"""Beliefs that one headline names."""


@dataclass(frozen=True)
class Reason:
    """One piece of evidence for or against a cause."""

    weight: float
    """In nats; above 0 it speaks for the cause."""
    group: str
    """Evidence of one group says much the same thing twice, and is weighed so."""
    sentence: str
    explained_by: str = ""
    """Name of a believed cause that brings this about anyway, so that it counts less; empty where
    none does."""


@dataclass(frozen=True)
class CauseFacts:
    """One cause of one training, and what is believed of it."""

    code: str
    name: str
    family: str
    subject: str
    belief: float
    """From 0 to 1; its log-odds are `prior` and the weights of all `evidence`, added up."""
    band: str
    """The belief in a word: `likely`, `possible`."""
    prior: float
    """Log-odds in nats, before any evidence."""
    evidence: tuple[Reason, ...]
    """Strongest first; what weighs nothing is left out."""
    alike: tuple[str, ...]
    """Codes of the causes that look like it."""
    trial: str
    """The experiment that decides."""
    remedies: tuple[Remedy, ...]
    """Best supported first."""
    proof: Proof | None = None
    """What trials say of it; `None` where none were made."""

    @property
    def ruling(self) -> str:
        """What came of its trials, in a sentence; empty where none decides or none were made."""
        if self.proof is None or self.proof.ruling is Ruling.NO_TRIAL:
            return ""
        return f"{self.proof.ruling}: {self.proof.reason}"

    @property
    def title(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def words(self) -> str:
        """`learning rate too high`."""
        return self.name.replace("-", " ")

    @property
    def supporting(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.evidence if reason.weight > 0)

    @property
    def opposing(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.evidence if reason.weight < 0)

    @property
    def log_odds(self) -> float:
        return self.prior + sum(reason.weight for reason in self.evidence)


@dataclass(frozen=True)
class Undistinguished:
    """Two causes of one training that what was seen does not tell apart."""

    subject: str
    first: str
    """Name of the one that stands first."""
    second: str
    trial: str
    """The experiment that decides between them."""


@dataclass(frozen=True)
class Explanation:
    """Why one training went wrong, as far as that is believed."""

    subject: str
    believed: tuple[CauseFacts, ...]
    """Best first; several may hold at once. None: the cause is unknown."""
    possible: tuple[CauseFacts, ...]
    """Further causes, believed less than that the cause is unknown; best first."""
    undistinguished: Undistinguished | None = None

    @property
    def unknown(self) -> bool:
        return not self.believed

    @property
    def candidates(self) -> tuple[CauseFacts, ...]:
        return self.believed + self.possible

    @property
    def words(self) -> tuple[str, ...]:
        """What is believed, each with how firmly: `learning rate too high (likely)`."""
        if self.unknown:
            return ("unknown cause",)
        said = [f"{cause.words} ({cause.band})" for cause in self.believed]
        if self.undistinguished is not None:
            first, second = self.believed[:2]
            said[:2] = [f"{first.words} or {second.words} ({first.band})"]
        return tuple(said)


def explanations(
    diagnoses: Sequence[Diagnosis], verdicts: Sequence[Verdict], outcomes: Mapping[str, Outcome]
) -> tuple[Explanation, ...]:
    """One for each subject of which something wrong is shown: a finding beyond a note among
    `verdicts`, a harmed training, or one that came to little or never began.

    A diagnosis rests on everything that was judged. Where the user has left out all that is wrong,
    it would explain what is shown nowhere.
    """
    shown = {
        verdict.place.subject
        for verdict in verdicts
        if isinstance(verdict, Finding) and verdict.severity is not Severity.NOTE
    }
    shown |= {name for name, outcome in outcomes.items() if outcome.harmed is True}
    shown |= {diagnosis.subject for diagnosis in diagnoses if diagnosis.by_itself}
    return tuple(_explanation(d) for d in diagnoses if d.needed and d.subject in shown)


def headline(explained: Sequence[Explanation], *, several: bool) -> str:
    """What is believed, in one line; `several`: the run has several models, so that theirs are
    named. Empty where there is nothing to explain."""
    subjects: dict[str, list[str]] = {}
    for explanation in explained:
        for words in explanation.words:
            subjects.setdefault(words, []).append(explanation.subject)
    said = [
        f"{words} in {' and '.join(names)}" if several else words
        for words, names in subjects.items()
    ]
    if len(said) > MOST_NAMED:
        said = [*said[:MOST_NAMED], f"{len(said) - MOST_NAMED} more"]
    text = ", ".join(said)
    return text[:1].upper() + text[1:]


def _explanation(diagnosis: Diagnosis) -> Explanation:
    facts = [_facts(diagnosis.subject, candidate) for candidate in diagnosis.candidates]
    tie = diagnosis.tie
    return Explanation(
        diagnosis.subject,
        tuple(c for c in facts if c.belief >= diagnosis.reported or c.band == CONFIRMED),
        tuple(c for c in facts if c.belief < diagnosis.reported and c.band != CONFIRMED),
        tie and Undistinguished(diagnosis.subject, tie.first, tie.second, tie.trial),
    )


def _facts(subject: str, candidate: Candidate) -> CauseFacts:
    cause, ledger = candidate.cause, candidate.ledger
    return CauseFacts(
        code=cause.code,
        name=cause.name,
        family=cause.family(),
        subject=subject,
        belief=candidate.belief,
        band=candidate.band.value,
        prior=ledger.prior,
        evidence=_reasons(ledger),
        alike=cause.alike,
        trial=cause.trial,
        remedies=candidate.remedies,
        proof=candidate.proof,
    )


def _reasons(ledger: Ledger) -> tuple[Reason, ...]:
    return tuple(
        Reason(term.weight, term.group.value, term.sentence, term.explained_by)
        for term in ledger.terms
        if term.weight != 0
    )
