"""A cause is confirmed by the pattern of what helps and what does not."""

from __future__ import annotations

import pytest

from causes.cases import case, found
from snellen.causes import Case, Cause, catalogue
from snellen.core import Severity
from snellen.trials.proof import CONTROL, PLACEBO, Proof, Ruling, prove
from snellen.trials.trial import Done, Ended
from symptoms.build import subject
from trials.samples import DEAD, LOWER, PERMUTED, START, UNDECAYED, done, measured, several

BAD = [0.0, 0.02, 0.01]
GOOD = [0.9, 0.92, 0.95]
UNCHANGED = [*several(CONTROL, BAD, dead=1.0), *several(PLACEBO, BAD, dead=1.0, first=11)]


def cause(code: str) -> type[Cause]:
    return catalogue()[code]


def dead_by_rate() -> Case:
    """Adam at 0.01: the pattern asks for a tenth."""
    facts = {"optimizer": "Adam", "learning_rate": 0.01}
    return case(subject(facts=facts), found("S01", layer="conv1", severity=Severity.ERROR))


def proofs(done: list[Done], about: Case | None = None, **beliefs: float) -> dict[str, Proof]:
    suspects = sorted(
        ((cause(code), belief) for code, belief in beliefs.items()), key=lambda told: -told[1]
    )
    return {p.cause.code: p for p in prove(suspects, about or dead_by_rate(), done)}


def ruling(code: str, done: list[Done], about: Case | None = None) -> Ruling:
    return proofs(done, about, **{code: 0.9})[code].ruling


def test_what_should_cure_does_and_what_should_not_does_not() -> None:
    tried = [*UNCHANGED, *several(LOWER, GOOD), *several(UNDECAYED, BAD, dead=1.0)]
    proof = proofs(tried, C20=0.9)["C20"]

    assert proof.ruling is Ruling.CONFIRMED
    said = "with the learning rate divided by 10 the training comes 0.92 of the way, without 0.01"
    assert said in proof.reason
    assert "no weight decay and no penalties on weights did not help" in proof.reason


BOTH_HELP = [*UNCHANGED, *several(LOWER, GOOD), *several(START, GOOD)]


@pytest.mark.parametrize(
    ("rate", "start", "expected"),
    [
        pytest.param(0.9, 0.05, {"C20"}, id="nothing speaks for the start"),
        pytest.param(0.5, 0.3, {"C20"}, id="the start is possible"),
        pytest.param(0.3, 0.5, {"C10"}, id="the start is believed more"),
        pytest.param(0.05, 0.9, {"C10"}, id="nothing speaks for the rate"),
        pytest.param(0.05, 0.1, set(), id="nothing speaks for either"),
    ],
)
def test_of_two_whose_cures_help_the_one_believed_more_is_confirmed(
    rate: float, start: float, expected: set[str]
) -> None:
    found = proofs(BOTH_HELP, C20=rate, C10=start)
    assert {code for code, p in found.items() if p.ruling is Ruling.CONFIRMED} == expected
    assert Ruling.REFUTED not in {p.ruling for p in found.values()}


def test_two_likely_causes_may_both_hold() -> None:
    tried = [*UNCHANGED, *several(LOWER, GOOD), *several(UNDECAYED, GOOD)]
    found = proofs(tried, C23=0.9, C34=0.1)
    assert found["C23"].ruling is Ruling.CONFIRMED
    both = proofs([*BOTH_HELP, *several(UNDECAYED, BAD, dead=1.0)], C20=0.95, C10=0.9)
    assert both["C20"].ruling is Ruling.CONFIRMED
    # What cures the more believed one helps too: it explains the rescue.
    assert both["C10"].ruling is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    ("belief", "expected"), [(0.2, Ruling.CONFIRMED), (0.19, Ruling.INCONCLUSIVE)]
)
def test_what_helps_though_nothing_else_speaks_for_it_is_a_remedy_and_no_proof(
    belief: float, expected: Ruling
) -> None:
    tried = [*UNCHANGED, *several(LOWER, GOOD)]
    assert proofs(tried, C20=belief)["C20"].ruling is expected


def test_a_cure_that_changes_nothing_refutes() -> None:
    tried = [*UNCHANGED, *several(LOWER, BAD, dead=1.0), *several(UNDECAYED, GOOD)]
    assert ruling("C20", tried) is Ruling.REFUTED


@pytest.mark.parametrize(("seeds", "expected"), [(3, Ruling.CONFIRMED), (2, Ruling.INCONCLUSIVE)])
def test_three_seeds_are_needed(seeds: int, expected: Ruling) -> None:
    tried = [*UNCHANGED, *several(LOWER, GOOD[:seeds])]
    assert ruling("C20", tried) is expected


def test_outcome_without_the_symptom_is_not_enough() -> None:
    tried = [*UNCHANGED, *several(LOWER, GOOD, dead=1.0)]
    assert ruling("C20", tried) is Ruling.INCONCLUSIVE


def test_trials_in_which_nothing_was_changed_prove_nothing() -> None:
    without = [done(LOWER, n, measured(0.9), effect=False) for n in (1, 2, 3)]
    assert ruling("C20", [*UNCHANGED, *without]) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize("ended", [Ended.FAILED, Ended.OUT_OF_TIME, Ended.LOST, Ended.STOPPED])
def test_trials_that_came_to_no_end_prove_nothing(ended: Ended) -> None:
    broken = [done(LOWER, n, measured(0.9), ended=ended) for n in (1, 2, 3)]
    assert ruling("C20", [*UNCHANGED, *broken]) is Ruling.INCONCLUSIVE


def test_a_fault_that_does_not_show_again_is_not_reproducible() -> None:
    well = several(CONTROL, [0.95, 0.97, 0.9])
    mostly = [
        *several(CONTROL, [0.95, 0.97]),
        done(CONTROL, 3, measured(0.0, findings={DEAD: 1.0})),
    ]
    half = [done(CONTROL, 1, measured(0.95)), done(CONTROL, 2, measured(0.0))]

    assert ruling("C20", well) is Ruling.NOT_REPRODUCIBLE
    assert ruling("C20", mostly) is Ruling.NOT_REPRODUCIBLE
    assert ruling("C20", half) is not Ruling.NOT_REPRODUCIBLE


def test_a_training_that_goes_well_with_its_symptom_reproduces() -> None:
    assert ruling("C20", several(CONTROL, GOOD, dead=1.0)) is not Ruling.NOT_REPRODUCIBLE


def test_without_a_control_nothing_is_said() -> None:
    assert ruling("C20", several(LOWER, GOOD)) is Ruling.INCONCLUSIVE


def test_causes_without_a_deciding_change_say_what_would_decide() -> None:
    proof = proofs(UNCHANGED, C12=0.9)["C12"]
    assert proof.ruling is Ruling.NO_TRIAL
    assert cause("C12").trial in proof.reason


def unrelated(control: float, permuted: float) -> Ruling:
    """Of labels: held-out skill with the true ones and with permuted ones."""
    tried = [
        *[done(CONTROL, n, measured(0.9, unseen=control)) for n in (1, 2, 3)],
        *[done(PLACEBO, n, measured(0.9, unseen=control)) for n in (11, 12, 13)],
        *[done(PERMUTED, n, measured(0.0, unseen=permuted)) for n in (1, 2, 3)],
    ]
    return ruling("C06", tried)


def test_labels_that_could_as_well_be_permuted_say_nothing() -> None:
    assert unrelated(0.01, 0.0) is Ruling.CONFIRMED
    assert unrelated(0.6, 0.0) is Ruling.REFUTED
    # Something is learnt, and permuted labels do as well: then it is not by the labels.
    assert unrelated(0.5, 0.5) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    ("labels", "rate", "lowered", "expected"),
    [
        pytest.param(0.9, 0.1, None, Ruling.CONFIRMED, id="nothing else was believed as much"),
        pytest.param(0.19, 0.1, None, Ruling.INCONCLUSIVE, id="little speaks for the labels"),
        pytest.param(0.4, 0.9, None, Ruling.INCONCLUSIVE, id="the rate may be why"),
        pytest.param(0.4, 0.9, BAD, Ruling.CONFIRMED, id="the rate is not why"),
    ],
)
def test_permuted_labels_change_nothing_in_any_training_that_learns_nothing(
    labels: float, rate: float, lowered: list[float] | None, expected: Ruling
) -> None:
    tried = [*UNCHANGED, *several(PERMUTED, BAD, dead=1.0)]
    tried += several(LOWER, lowered, dead=1.0) if lowered else []
    assert proofs(tried, C06=labels, C20=rate)["C06"].ruling is expected
