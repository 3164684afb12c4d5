"""Ranking the causes of one training (CATALOGUE §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from snellen.causes import (
    Case,
    Cause,
    Ledger,
    Outcome,
    Weights,
    account,
    catalogue,
    explained_away,
    shipped,
    with_trial,
)
from snellen.core import Verdict
from snellen.diagnosis.diagnosis import LIKELY, POSSIBLE, Candidate, Diagnosis, Tie
from snellen.record import RunContents
from snellen.symptoms.facts import loaded
from snellen.trials.proof import Proof, Ruling, prove
from snellen.trials.trial import Done

REPORTED = 0.5
"""The unknown cause has log-odds of 0: whatever is believed less is not reported."""
LEANING = 0.4
"""Belief from which on a training that came to little has something said of it, if only what is
possible. Nothing was believed so firmly in a healthy network that came to as little."""
TIED = 1.0
"""Nats by which the second cause may lie behind the first and not be told apart from it."""
TRIAL_WEIGHTS = {Ruling.CONFIRMED: 3.0, Ruling.REFUTED: -3.0}
"""Nats that a ruling adds to the log-odds of its cause (CATALOGUE §7); others add nothing."""
AT_ONCE = 4
"""Causes that may be accepted, and explain away what speaks for others, in one training."""


def diagnose(
    contents: RunContents,
    verdicts: Sequence[Verdict],
    outcomes: Mapping[str, Outcome],
    *,
    weights: Weights | None = None,
    trials: Sequence[Done] = (),
) -> tuple[Diagnosis, ...]:
    """The diagnosis of every subject of the run, in the run's order.

    `verdicts` are those of the whole catalogue, notes included: a symptom that was not judged is
    evidence neither way. `weights`: those that come with the package, unless given. `trials`: what
    came of them; they are of the first subject that has something to explain.
    """
    found: list[Diagnosis] = []
    for case in cases(contents, verdicts, outcomes):
        tried = trials if not any(diagnosis.needed for diagnosis in found) else ()
        found.append(of_case(case, weights=weights, trials=tried))
    return tuple(found)


def cases(
    contents: RunContents, verdicts: Sequence[Verdict], outcomes: Mapping[str, Outcome]
) -> Iterator[Case]:
    """Every subject of the run as the causes see it."""
    for subject in contents.subjects:
        own = [v for v in verdicts if v.place.subject == subject.name]
        yield Case(subject, own, outcomes[subject.name], contents.events)


def of_case(
    case: Case, *, weights: Weights | None = None, trials: Sequence[Done] = ()
) -> Diagnosis:
    """The diagnosis of one subject.

    A training that never began, and one that came to little, are explained where some cause is
    believed firmly enough, and are no riddle otherwise: why a script ended it has said itself, and
    some tasks are hard.
    """
    least = least_belief(case)
    if least is None:
        return Diagnosis(case.subject.name, needed=False, reported=REPORTED)
    table = shipped() if weights is None else weights
    accounts = [account(cause, case, table) for cause in catalogue().values()]
    before = [(ledger.cause, ledger.belief) for ledger in ranked(accounts)]
    proofs = {p.cause: p for p in prove(before, case, trials)} if trials else {}
    ledgers = ranked(_tried(ledger, proofs.get(ledger.cause)) for ledger in accounts)
    # Proved is above believed, however firmly.
    ledgers.sort(key=lambda ledger: not _confirmed(proofs.get(ledger.cause)))
    if ledgers[0].belief < least:
        return Diagnosis(case.subject.name, needed=False, reported=REPORTED)
    possible = [ledger for ledger in ledgers if ledger.belief >= POSSIBLE]
    if case.broke_off and not case.faulty:
        # Whatever else may be amiss has done no harm yet.
        possible = possible[:1]
    candidates = tuple(
        Candidate(ledger, tuple(ledger.cause().remedies(case)), proofs.get(ledger.cause))
        for ledger in possible
    )
    tie = _tie(ledgers) if case.faulty and not any(map(_confirmed, proofs.values())) else None
    return Diagnosis(case.subject.name, True, candidates, tie, REPORTED, not case.faulty)


def least_belief(case: Case) -> float | None:
    """How firmly the best cause must be believed for this training to be explained; `None`: no
    belief is enough.

    Beliefs take for granted that something is wrong. Where that is in doubt they have to be
    higher: nearly as high as that the cause is unknown where the training came to little or ended
    too soon to tell, likely where a script ended it, or where it came to less than healthy ones do.
    """
    if case.faulty:
        return 0.0
    if case.broke_off:
        return LIKELY
    if case.outcome.harmed is None and loaded(case.subject):
        # A few steps with weights that were trained elsewhere show little of a training.
        return None
    if case.poor or case.outcome.harmed is None:
        return LEANING
    return LIKELY if case.fair else None


def ranked(ledgers: Iterable[Ledger]) -> list[Ledger]:
    """The accounts of one case's causes, most believed first.

    The most believed cause is accepted if it is likely; what speaks for the others and rests on
    symptoms that it brings about anyway then counts less. So on with the next, until no further one
    is likely.
    """
    waiting = list(ledgers)
    accepted: list[Ledger] = []
    while waiting and len(accepted) < AT_ONCE:
        best = max(waiting, key=_odds)
        if best.belief < LIKELY:
            break
        waiting.remove(best)
        accepted.append(best)
        waiting = [explained_away(ledger, best.cause) for ledger in waiting]
    return accepted + sorted(waiting, key=_odds, reverse=True)


def suspects(case: Case, *, weights: Weights | None = None) -> list[tuple[type[Cause], float]]:
    """Every cause with its belief, most believed first, whether anything is to be explained or not:
    the order in which trials are worth making."""
    table = shipped() if weights is None else weights
    return [
        (ledger.cause, ledger.belief)
        for ledger in ranked(account(cause, case, table) for cause in catalogue().values())
    ]


def _tried(ledger: Ledger, proof: Proof | None) -> Ledger:
    if proof is None or proof.ruling not in TRIAL_WEIGHTS:
        return ledger
    return with_trial(ledger, TRIAL_WEIGHTS[proof.ruling], proof.reason)


def _confirmed(proof: Proof | None) -> bool:
    return proof is not None and proof.ruling is Ruling.CONFIRMED


def _odds(ledger: Ledger) -> tuple[float, str]:
    return ledger.log_odds, ledger.cause.code


def _tie(ledgers: Sequence[Ledger]) -> Tie | None:
    """The two best, where both are believed, look alike, and lie close together."""
    if len(ledgers) < 2 or ledgers[1].belief < REPORTED:
        return None
    first, second = ledgers[0], ledgers[1]
    alike = second.cause.code in first.cause.alike or first.cause.code in second.cause.alike
    if not alike or first.log_odds - second.log_odds > TIED:
        return None
    return Tie(first.cause.name, second.cause.name, first.cause.trial)
