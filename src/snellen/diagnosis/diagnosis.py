"""What is believed of one training."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from snellen.causes import Cause, Ledger, Remedy, Term
from snellen.trials.proof import Proof, Ruling


class Band(StrEnum):
    """A belief in words: it is not known to decimals."""

    UNLIKELY = "unlikely"
    """Below 0.2."""
    POSSIBLE = "possible"
    LIKELY = "likely"
    """From 0.7 on."""
    CONFIRMED = "confirmed"
    """By trials, whatever the belief: nothing else can lift a cause to it."""


LIKELY = 0.7
POSSIBLE = 0.2


def band(belief: float) -> Band:
    """The word for a belief from 0 to 1."""
    if belief >= LIKELY:
        return Band.LIKELY
    return Band.POSSIBLE if belief >= POSSIBLE else Band.UNLIKELY


@dataclass(frozen=True)
class Candidate:
    """One cause, its account, and what would take it away."""

    ledger: Ledger
    remedies: tuple[Remedy, ...]
    """Best supported first."""
    proof: Proof | None = None
    """What trials say of it; `None` where none were made."""

    @property
    def confirmed(self) -> bool:
        return self.proof is not None and self.proof.ruling is Ruling.CONFIRMED

    @property
    def cause(self) -> type[Cause]:
        return self.ledger.cause

    @property
    def belief(self) -> float:
        """σ(prior + the weights of all terms), from 0 to 1."""
        return self.ledger.belief

    @property
    def band(self) -> Band:
        return Band.CONFIRMED if self.confirmed else band(self.belief)

    @property
    def supporting(self) -> tuple[Term, ...]:
        """Terms that speak for it, strongest first."""
        return tuple(term for term in self.ledger.terms if term.weight > 0)

    @property
    def opposing(self) -> tuple[Term, ...]:
        """Terms that speak against it, strongest first."""
        return tuple(term for term in self.ledger.terms if term.weight < 0)


@dataclass(frozen=True)
class Tie:
    """Two causes that what was seen does not tell apart."""

    first: str
    """Name of the one that stands first."""
    second: str
    trial: str
    """The experiment that decides between them."""


@dataclass(frozen=True)
class Diagnosis:
    """Why one model's training went wrong.

    Nothing is explained where nothing is wrong: without a finding beyond a note, `candidates` is
    empty unless the training came to nothing, came to little for a cause that is believed or to
    less than it should for one that is likely, or never began.
    """

    subject: str
    needed: bool
    """Whether there is anything to explain."""
    candidates: tuple[Candidate, ...] = ()
    """Every cause that is at least possible, best first."""
    tie: Tie | None = None
    reported: float = 0.5
    """Belief from which on a cause is reported: that of the unknown one."""
    by_itself: bool = False
    """What is explained is no finding: the training never began, or came to less than
    healthy ones do."""

    @property
    def causes(self) -> tuple[Candidate, ...]:
        """Those that are believed more than that the cause is unknown."""
        return tuple(c for c in self.candidates if c.belief >= self.reported)

    @property
    def unknown(self) -> bool:
        """Something is wrong, and no cause that snellen knows is believed."""
        return self.needed and not self.causes
