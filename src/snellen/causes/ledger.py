"""The ledger of one cause: how each clue moves the belief in it, term by term (CATALOGUE §7).

Beliefs are log-odds in nats, so that terms add: belief = σ(prior + the terms of all groups).
Nothing else enters, so that what is shown always adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import exp, log

from snellen.causes._cause import UNMEASURED, Cause, Clue, Group, Sign
from snellen.causes.case import Case
from snellen.causes.weights import Weights

MOST = 3.0
"""Weight of one clue at most, in nats: it may move the odds twentyfold."""
MOST_DECISIVE = 6.0
"""The same of a decisive one: 400-fold."""
MOST_OF_A_GROUP = 3.5
MOST_OF_A_DECISIVE_GROUP = 6.5
REST = 0.25
"""Share of its weight that a clue keeps beside a stronger one of its group."""
EXPLAINED = 0.2
"""Share of its weight that a clue for a cause keeps once another cause explains it."""


@dataclass(frozen=True)
class Term:
    """What one clue adds to the belief."""

    key: str
    group: Group
    sentence: str
    weight: float
    """In nats, after the group's limit and after what other causes explain; positive: for."""
    alone: float
    """What it would weigh by itself."""
    present: bool
    rests_on: frozenset[str] = frozenset()
    explained_by: str = ""
    """Name of the accepted cause that explains it away; empty where none does."""
    decisive: bool = False


@dataclass(frozen=True)
class Ledger:
    """The account of one cause."""

    cause: type[Cause]
    prior: float
    """Log-odds before any clue."""
    terms: tuple[Term, ...]
    """Strongest first. Clues that were not measured are not here."""
    unmeasured: tuple[str, ...] = ()
    """Keys of those."""

    @property
    def log_odds(self) -> float:
        return self.prior + sum(term.weight for term in self.terms)

    @property
    def belief(self) -> float:
        """From 0 to 1."""
        return sigmoid(self.log_odds)


def account(cause: type[Cause], case: Case, weights: Weights) -> Ledger:
    """Ask every clue of the cause, and add up."""
    return balance(cause, signs(cause, case), weights)


def signs(cause: type[Cause], case: Case) -> dict[str, Sign]:
    """What every clue of the cause is in this case, by the clue's key."""
    asker = cause()
    return {clue.key: clue.ask(asker, case) for clue in cause.clues()}


def balance(cause: type[Cause], seen: Mapping[str, Sign], weights: Weights) -> Ledger:
    """The account that these signs make."""
    told = {clue: seen.get(clue.key, UNMEASURED) for clue in cause.clues()}
    terms = [
        _term(cause, clue, sign, weights) for clue, sign in told.items() if sign.present is not None
    ]
    unmeasured = tuple(clue.key for clue, sign in told.items() if sign.present is None)
    return Ledger(cause, log_odds(weights.prior(cause)), grouped(terms), unmeasured)


def weight_of(cause: type[Cause], clue: Clue, weights: Weights, *, present: bool) -> float:
    """What a fully reliable clue adds to the cause's log-odds, in nats, alone in its group."""
    here, elsewhere = weights.rates(cause, clue)
    ratio = here / elsewhere if present else (1 - here) / (1 - elsewhere)
    most = MOST_DECISIVE if clue.decisive else MOST
    return min(max(log(ratio), -most), most)


def _term(cause: type[Cause], clue: Clue, sign: Sign, weights: Weights) -> Term:
    present = sign.present is True
    weight = sign.reliability * weight_of(cause, clue, weights, present=present)
    return Term(
        clue.key,
        clue.group,
        sign.sentence,
        weight,
        weight,
        present,
        sign.rests_on,
        decisive=clue.decisive,
    )


def grouped(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The same terms, with the weights that their groups leave them: the strongest of a group in
    full, the others at a quarter, all together at most 3.5 nats (6.5 where one is decisive)."""
    by_group: dict[Group, list[Term]] = {}
    for term in terms:
        by_group.setdefault(term.group, []).append(term)
    kept: list[Term] = []
    for members in by_group.values():
        members.sort(key=lambda term: -abs(_own(term)))
        weights = [_own(term) * (REST if number else 1.0) for number, term in enumerate(members)]
        most = MOST_OF_A_DECISIVE_GROUP if any(t.decisive for t in members) else MOST_OF_A_GROUP
        scale = min(1.0, most / max(abs(sum(weights)), 1e-12))
        kept += [
            replace(term, weight=weight * scale)
            for term, weight in zip(members, weights, strict=True)
        ]
    return tuple(sorted(kept, key=lambda term: -abs(term.weight)))


def _own(term: Term) -> float:
    """A clue's weight before its group's limit."""
    return term.alone * (EXPLAINED if term.explained_by else 1.0)


def explained_away(ledger: Ledger, accepted: type[Cause]) -> Ledger:
    """The same ledger once `accepted` is held for true: what speaks for this cause and rests on
    symptoms that the accepted one brings about anyway loses four fifths of its weight."""
    if accepted is ledger.cause:
        return ledger
    terms = tuple(
        replace(term, explained_by=accepted.name)
        if term.alone > 0
        and not term.explained_by
        and term.rests_on
        and term.rests_on <= accepted.explains
        else term
        for term in ledger.terms
    )
    return replace(ledger, terms=grouped(terms))


def with_trial(ledger: Ledger, weight: float, sentence: str) -> Ledger:
    """The same account with what came of a trial: `weight` in nats, above 0 where it confirms."""
    term = Term("trial", Group.TRIAL, sentence, weight, weight, present=weight > 0, decisive=True)
    return replace(ledger, terms=grouped([*ledger.terms, term]))


def log_odds(probability: float) -> float:
    """In nats."""
    return log(probability / (1 - probability))


def sigmoid(odds: float) -> float:
    """The probability with these log-odds."""
    return 1 / (1 + exp(-odds)) if odds >= 0 else exp(odds) / (1 + exp(odds))
