"""Diagnoses made by hand, of causes that are in no catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes import Case, Cause, Group, Ledger, Remedy, Term
from snellen.diagnosis import Candidate, Diagnosis, Tie


class LongSteps(Cause):
    code = "C90"
    name = "steps-too-long"
    since = "0.1"
    prior = 0.1
    explains = frozenset({"S01"})
    alike = ("C91",)
    trial = "train again with steps a tenth as long"

    @classmethod
    def family(cls) -> str:
        return "optimisation"

    def remedies(self, case: Case) -> Iterable[Remedy]:
        return ()


class DarkImages(LongSteps):
    code = "C91"
    name = "dark-images"
    alike = ("C90",)
    trial = "train again with brighter images"

    @classmethod
    def family(cls) -> str:
        return "data"


class FewWeights(LongSteps):
    code = "C92"
    name = "few-weights"
    alike = ()
    trial = "train again with twice the channels"


class DampPaper(LongSteps):
    code = "C93"
    name = "damp-paper"
    alike = ()
    trial = "dry it"


PRIOR = -2.0

SHORTER = Remedy(
    "Take steps of 0.001 instead of 1.0",
    "torch",
    "optimizer = torch.optim.Adam(\n    model.parameters(), lr=0.001\n)",
    "slower first epochs",
    "dead channels (S01) are gone",
)
CLIP = Remedy("Clip the gradient's norm at 1.0", "torch", "clip()", "little", "jumps are gone")


def term(
    weight: float, sentence: str, *, group: Group = Group.UPDATES, explained_by: str = ""
) -> Term:
    return Term(sentence, group, sentence, weight, weight, weight > 0, explained_by=explained_by)


def candidate(
    cause: type[Cause], *terms: Term, remedies: tuple[Remedy, ...] = (SHORTER,)
) -> Candidate:
    """Believed with log-odds of -2 and the weights of these terms."""
    ordered = tuple(sorted(terms, key=lambda t: -abs(t.weight)))
    return Candidate(Ledger(cause, PRIOR, ordered), remedies)


def believed(cause: type[Cause], log_odds: float) -> Candidate:
    """On one piece of evidence that makes up these log-odds."""
    return candidate(cause, term(log_odds - PRIOR, f"what speaks for {cause.name}"))


def diagnosis(*candidates: Candidate, subject: str = "Net", tie: Tie | None = None) -> Diagnosis:
    return Diagnosis(subject, True, candidates, tie)


def sound(subject: str = "Net") -> Diagnosis:
    return Diagnosis(subject, needed=False)


def long_steps() -> Candidate:
    """A likely cause with four pieces of evidence for it and two against."""
    return candidate(
        LongSteps,
        term(2.5, "the learning rate is 1.0 (Adam; usually about 0.001)"),
        term(
            1.8,
            "step 0 shifted the maps of conv1 by 89.7 standard deviations (from 3 on: thrown over)",
        ),
        term(1.2, "the loss rose to 24 at step 3", group=Group.LOSS, explained_by="dark-images"),
        term(0.4, "filters have 2.1 times their initial norm", group=Group.WEIGHTS),
        term(-0.9, "the loss of the second half swings by 12% about its trend", group=Group.LOSS),
        term(-0.3, "no channel died in training", group=Group.TIMELINE),
        remedies=(SHORTER, CLIP),
    )
