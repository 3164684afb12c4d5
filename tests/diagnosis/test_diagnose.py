"""From accounts to a ranking: what is reported, what explains what, what can't be told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from causes.cases import case, clear, found
from causes.test_ledger import cause, clue
from snellen.causes import Group, Sign, Weights, balance
from snellen.core import Severity
from snellen.diagnosis import Band, diagnose, least_belief, ranked
from snellen.diagnosis.diagnose import of_case
from snellen.diagnosis.diagnosis import band
from snellen.record import Event
from snellen.symptoms.outcome import Outcome
from symptoms.build import HARMED, conv, head, run, subject
from symptoms.data_builders import answering, recalls

UNHARMED = Outcome(False, ("all is well",))


def ledger(code: str, belief: float, *, explains: str = "", rests: str = ""):
    """One whose single clue lifts a prior of one half to this belief."""
    made = cause(clue("a", belief, 1 - belief), code=code, prior=0.5, explains=explains)
    return balance(made, {"a": Sign(True, rests_on=frozenset(rests.split()))}, Weights())


def test_most_believed_cause_stands_first():
    order = ranked([ledger("T01", 0.6), ledger("T02", 0.9), ledger("T03", 0.3)])

    assert [entry.cause.code for entry in order] == ["T02", "T01", "T03"]


def test_likely_cause_explains_away_what_rests_on_its_symptoms():
    root = ledger("T01", 0.9, explains="S01 S46")
    consequence = ledger("T02", 0.8, rests="S46")

    order = ranked([consequence, root])

    assert [entry.cause.code for entry in order] == ["T01", "T02"]
    assert order[1].belief == pytest.approx(
        1 / (1 + (0.2 / 0.8) ** 0.2), abs=1e-9
    )  # a fifth of its log-odds


def test_merely_possible_cause_explains_nothing_away():
    root = ledger("T01", 0.69, explains="S46")
    other = ledger("T02", 0.6, rests="S46")

    assert ranked([root, other])[1].belief == pytest.approx(0.6)


def test_two_causes_with_evidence_of_their_own_hold_at_once():
    order = ranked([ledger("T01", 0.9, explains="S01"), ledger("T02", 0.85, rests="S55")])

    assert [entry.belief for entry in order] == pytest.approx([0.9, 0.85])


@pytest.mark.parametrize(
    ("belief", "word"),
    [
        (0.19, Band.UNLIKELY),
        (0.2, Band.POSSIBLE),
        (0.69, Band.POSSIBLE),
        (0.7, Band.LIKELY),
    ],
)
def test_beliefs_have_words(belief, word):
    assert band(belief) is word


def test_nothing_is_explained_where_nothing_is_wrong():
    told = of_case(case(subject(), found("S01", severity=Severity.NOTE), outcome=UNHARMED))

    assert not told.needed
    assert not told.candidates
    assert not told.unknown


def test_harm_without_any_evidence_has_an_unknown_cause():
    told = of_case(case(subject(), clean=["S01", "S22"], outcome=HARMED), weights=Weights())

    assert told.needed
    assert told.unknown
    assert all(candidate.belief < told.reported for candidate in told.candidates)


def test_finding_beyond_a_note_is_enough_to_ask_why():
    told = of_case(case(subject(), found("S42"), outcome=UNHARMED))

    assert told.needed


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("ValueError: Arguments `target` and `output` must have the same rank", True),
        ("FileNotFoundError: no such file: images.npz", False),
    ],
)
def test_training_that_by_itself_is_explained_by_its_labels_alone(text, needed):
    event = Event("script-error", text, None, None)
    never = subject(conv(), head(), facts={"steps": 0})
    unknown = Outcome(None, ("nothing was trained",))

    told = of_case(replace(case(never, outcome=unknown), events=(event,)))

    assert told.needed is needed
    assert bool(told.causes) is needed
    if needed:
        assert [candidate.cause.code for candidate in told.candidates] == ["C24"]
        assert told.by_itself


def test_every_subject_has_a_diagnosis_of_its_own():
    both = run(subject(name="Net"), subject(name="Other"))
    outcomes = {"Net": HARMED, "Other": UNHARMED}

    told = diagnose(both, [found("S46"), clear("S01")], outcomes)

    assert [(d.subject, d.needed) for d in told] == [("Net", True), ("Other", False)]


def test_candidates_come_with_remedies_and_are_at_least_possible():
    kept = subject(facts={"gradient_steps": 100, "gradients_kept": 100})
    told = of_case(case(kept, found("S56", severity=Severity.ERROR), outcome=HARMED))

    assert told.candidates
    for candidate in told.candidates:
        assert candidate.belief >= 0.2
        assert candidate.remedies
        weights = [term.weight for term in (*candidate.supporting, *candidate.opposing)]
        total = candidate.ledger.prior + sum(weights)
        assert total == pytest.approx(candidate.ledger.log_odds)


def test_groups_have_names_that_people_read():
    assert len({group.value for group in Group}) == len(Group)


@pytest.mark.parametrize(
    ("right", "poor"),
    [pytest.param(0.92, False, id="91% of the way"), pytest.param(0.76, True, id="73% of the way")],
)
def test_training_that_came_to_little_is_explained_by_what_is_believed(right, poor):
    wiring = {"unoptimised": [{"parameter": "conv.weight", "layer": "conv", "elements": 576}]}
    seen = recalls(*[right] * 10, each=100)

    about = case(answering(seen, facts=wiring), outcome=UNHARMED)
    told = of_case(about)

    assert about.poor is poor
    assert [c.cause.name for c in told.candidates] == ["parameters-without-optimizer"] * poor
    assert told.by_itself is poor
    assert not of_case(case(answering(seen), outcome=UNHARMED)).needed


@pytest.mark.parametrize(
    ("outcome", "right", "finding", "least"),
    [
        pytest.param(HARMED, 0.9, False, 0.0, id="harmed"),
        pytest.param(UNHARMED, 0.9, True, 0.0, id="a warning"),
        pytest.param(UNHARMED, 0.7, False, 0.4, id="came to little"),
        pytest.param(Outcome(None, ("too short",)), 0.9, False, 0.4, id="too short to tell"),
        pytest.param(UNHARMED, 0.9, False, 0.7, id="fair"),
        pytest.param(UNHARMED, 0.92, False, None, id="well"),
    ],
)
def test_the_better_the_outcome_the_surer_a_cause_must_be(outcome, right, finding, least):
    watched = answering(recalls(*[right] * 10, each=100))
    verdicts = [found("S01")] if finding else []

    assert least_belief(case(watched, *verdicts, outcome=outcome)) == least


def test_a_few_steps_with_loaded_weights_are_no_riddle():
    short = Outcome(None, ("too short",))
    watched = answering(recalls(*[0.5] * 10, each=100), facts={"loaded_weights": True})
    assert least_belief(case(watched, outcome=short)) is None
    assert least_belief(case(watched, found("S38"), outcome=short)) == 0.0
    assert least_belief(case(watched, outcome=HARMED)) == 0.0


def test_likely_cause_is_named_beside_a_fair_outcome():
    known = answering(recalls(*[1.0] * 10, each=30), recalls(*[0.82] * 10, each=30))
    few = replace(known, facts={**known.facts, "training_images": 100})
    told = of_case(case(few, outcome=UNHARMED))

    assert told.candidates[0].cause.code == "C01"
    assert told.candidates[0].belief >= 0.7
    assert told.by_itself
    many = replace(known, facts={**known.facts, "training_images": 2000})
    assert not of_case(case(many, outcome=UNHARMED)).needed
