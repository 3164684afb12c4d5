"""Which trials come next: the control, one seed of each cure, then more of what seems to help."""

from __future__ import annotations

from causes.cases import case, found
from snellen.causes import Case, Cause, catalogue
from snellen.core import Severity
from snellen.trials.campaign import Campaign
from snellen.trials.measured import Measured
from snellen.trials.proof import CONTROL, Ruling
from snellen.trials.trial import Done, Ended, Trial
from symptoms.build import subject
from trials.samples import done, measured


def faulty() -> Case:
    facts = {"optimizer": "Adam", "learning_rate": 0.01, "weight_decay": 0.5}
    return case(subject(facts=facts), found("S01", layer="conv1", severity=Severity.ERROR))


def causes(*codes: str) -> list[type[Cause]]:
    return [catalogue()[code] for code in codes]


def campaign(*codes: str) -> Campaign:
    """Believed in this order, the first firmly, each a little less."""
    beliefs = [0.9 - 0.1 * number for number in range(len(codes))]
    return Campaign(faulty(), list(zip(causes(*codes), beliefs, strict=True)))


def play(own: Campaign, cures: frozenset[str], *, most: int = 40) -> list[Done]:
    """All trials that the campaign asks for, where the arms of these names cure and others do
    not."""
    made: list[Done] = []
    while wanted := own.next(made):
        assert len({t.name for t in wanted}) == len(wanted)
        assert not {t.name for t in wanted} & {d.trial.name for d in made}
        for trial in wanted:
            made.append(result(trial, good=trial.arm in cures))
        assert len(made) <= most
    return made


def result(trial: Trial, *, good: bool) -> Done:
    seen: Measured = measured(0.9 if good else 0.01)
    did = {"changed": 1} if trial.changes else {}
    return Done(trial, Ended.BY_ITSELF, 1.0, did=did, measured=seen.to_json())


def test_unchanged_script_comes_first() -> None:
    assert [t.name for t in campaign("C20").next([])] == ["control-1", "control-2", "control-3"]


def test_true_cause_is_confirmed_and_rivals_are_tried_once() -> None:
    own = campaign("C20", "C22", "C10")
    made = play(own, frozenset({"learning-rate"}))
    counted = {arm: sum(d.trial.arm == arm for d in made) for arm in {d.trial.arm for d in made}}

    rulings = {p.cause.code: p.ruling for p in own.proofs(made)}
    assert rulings["C20"] is Ruling.CONFIRMED
    assert rulings["C22"] is rulings["C10"] is Ruling.REFUTED
    assert counted == {
        "control": 3,
        "placebo": 3,
        "learning-rate": 3,
        "decay": 1,
        "initialisation": 1,
    }


def test_a_cause_believed_second_is_found() -> None:
    own = campaign("C20", "C22", "C10")
    made = play(own, frozenset({"decay"}))
    rulings = {p.cause.code: p.ruling for p in own.proofs(made)}
    assert rulings == {"C20": Ruling.REFUTED, "C22": Ruling.CONFIRMED, "C10": Ruling.REFUTED}


def test_less_believed_causes_are_tried_where_the_believed_ones_fail() -> None:
    own = campaign("C20", "C22", "C10", "C12", "C36")
    made = play(own, frozenset({"zeroing"}))
    assert {p.cause.code for p in own.proofs(made) if p.ruling is Ruling.CONFIRMED} == {"C36"}


def test_nothing_that_cures_ends_too() -> None:
    made = play(campaign("C20", "C22", "C10", "C36", "C25"), frozenset())
    assert all(d.trial.offset == 1 or d.trial.arm == CONTROL for d in made)


def test_a_change_that_can_not_be_made_is_tried_once() -> None:
    own = campaign("C36")
    control = [result(t, good=False) for t in own.next([])]
    (first,) = own.next(control)
    unmade = Done(first, Ended.BY_ITSELF, 1.0, limits=("nothing to empty",), measured={})

    assert own.next([*control, unmade]) == []
    (proof,) = own.proofs([*control, unmade])
    assert proof.ruling is Ruling.INCONCLUSIVE
    assert "nothing to empty" in proof.reason


def test_a_fault_that_does_not_show_again_ends_it() -> None:
    own = campaign("C20")
    control = [result(t, good=True) for t in own.next([])]
    assert own.next(control) == []


def test_a_script_that_fails_when_run_again_ends_it() -> None:
    own = campaign("C20")
    broken = [done(CONTROL, n, None, ended=Ended.FAILED) for n in (1, 2, 3)]
    assert own.next(broken) == []


def test_it_goes_on_from_what_is_there() -> None:
    whole = play(campaign("C20", "C22"), frozenset({"learning-rate"}))
    for cut in range(len(whole)):
        own = campaign("C20", "C22")
        made = whole[:cut]
        while wanted := own.next(made):
            made = [*made, *(result(t, good=t.arm == "learning-rate") for t in wanted)]
        assert {d.trial.name for d in made} == {d.trial.name for d in whole}


def test_causes_that_no_trial_decides_ask_for_none() -> None:
    own = campaign("C12", "C01")
    assert not own.decidable
    assert own.next([]) == []
