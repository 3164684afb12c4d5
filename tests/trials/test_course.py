"""Which remedies are tried, in which order, and which of them is said to help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

import pytest

from causes.cases import case, found
from snellen.causes import Case
from snellen.core import Severity
from snellen.trials.course import Course, Judged, Word, enough
from snellen.trials.edits.script import Replacement
from snellen.trials.interventions import (
    HeInitialisation,
    Intervention,
    NoDecay,
    ResidualSkips,
    ScaledLearningRate,
    ZeroedGradients,
)
from snellen.trials.measured import Measured
from snellen.trials.patterns import arm_name
from snellen.trials.proof import CONTROL
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done, Ended, Trial
from symptoms.build import subject
from trials.samples import DEAD, measured

LOWER, UNDECAYED = ScaledLearningRate(0.1), NoDecay()
START, ZEROED, SKIPS = HeInitialisation(), ZeroedGradients(), ResidualSkips()
EDIT = (Replacement(10, "0.5", "0.05"),)


def faulty() -> Case:
    return case(subject(), found("S01", layer="conv1", severity=Severity.ERROR))


def way(change: Intervention) -> Way:
    return Way(arm_name((change,)), change.sentence(), (change,))


def edited() -> Way:
    return Way("script: learning rate 0.05", "the script edited", (), EDIT, "--- a\n+++ b\n")


def remedy(*ways: Way, untried: str = "") -> Treatment:
    name = ways[0].arm if ways else untried
    return Treatment("C20", "learning-rate-too-high", name, "code", ways, untried=untried)


def course(*remedies: Treatment, max_steps: int | None = None) -> Course:
    return Course(faulty(), remedies, max_steps)


def result(trial: Trial, seen: Measured | None, ended: Ended = Ended.BY_ITSELF) -> Done:
    did = {"changed": 1} if trial.changes and seen else {}
    return Done(trial, ended, 1.0, did=did, measured={} if seen is None else seen.to_json())


def play(
    own: Course,
    skills: Mapping[str, float | Sequence[float]],
    *,
    failing: frozenset[str] = frozenset(),
    made: Sequence[Done] = (),
    dead: Mapping[str, float] | None = None,
) -> list[Done]:
    """All trials that the course asks for; other arms end at 0.02, and seeds hardly differ."""
    done = list(made)
    while wanted := own.next(done):
        assert not {t.name for t in wanted} & {d.trial.name for d in done}
        for trial in wanted:
            if trial.arm in failing:
                done.append(result(trial, None, Ended.FAILED))
                continue
            skill = skills.get(trial.arm, 0.02)
            value = skill if isinstance(skill, float) else skill[trial.offset - 1]
            share = (dead or {}).get(trial.arm, 0.0)
            seen = measured(value, findings={DEAD: share} if share else {})
            done.append(result(trial, seen))
        assert len(done) < 60
    return done


def words(own: Course, done: Sequence[Done]) -> list[Word]:
    return [one.word for one in own.judged(done)]


def best(own: Course, done: Sequence[Done]) -> Judged:
    chosen = own.best(done)
    assert chosen is not None
    return chosen


def test_the_control_comes_first_and_then_one_seed_of_the_first_three() -> None:
    own = course(*(remedy(way(c)) for c in (LOWER, UNDECAYED, START, ZEROED)))
    first = own.next([])
    assert [t.name for t in first] == ["control-1", "control-2", "control-3"]
    then = own.next([result(t, measured(0.02)) for t in first])
    assert [t.name for t in then] == ["learning-rate-1", "decay-1", "initialisation-1"]


def test_what_helps_gets_more_seeds_and_the_others_none() -> None:
    own = course(*(remedy(way(c)) for c in (LOWER, UNDECAYED, START, ZEROED)))
    done = play(own, {"learning-rate": 0.95})
    counted = {arm: sum(d.trial.arm == arm for d in done) for arm in {d.trial.arm for d in done}}
    assert counted == {"control": 3, "learning-rate": 3, "decay": 1, "initialisation": 1}
    assert words(own, done) == [Word.BEST, Word.NO_GAIN, Word.NO_GAIN, Word.NOT_TRIED]


def test_further_remedies_are_tried_where_the_first_ones_do_not_help_enough() -> None:
    own = course(*(remedy(way(c)) for c in (LOWER, UNDECAYED, START, ZEROED, SKIPS)))
    done = play(own, {"learning-rate": 0.4, "zeroing": 0.9})
    assert words(own, done) == [Word.HELPS, Word.NO_GAIN, Word.NO_GAIN, Word.BEST, Word.NO_GAIN]


def test_the_largest_sure_gain_is_the_best() -> None:
    own = course(remedy(way(LOWER)), remedy(way(UNDECAYED)))
    done = play(own, {"learning-rate": 0.6, "decay": 0.9})
    assert best(own, done).treatment.title == "decay"


def test_a_gain_in_one_seed_alone_is_not_sure() -> None:
    own = course(remedy(way(LOWER)))
    done = play(own, {"learning-rate": (0.9, 0.02, 0.03, 0.02, 0.02)})
    assert words(own, done) == [Word.UNCLEAR]
    assert own.best(done) is None


def test_a_gain_that_is_small_is_no_help() -> None:
    own = course(remedy(way(LOWER)))
    assert words(own, play(own, {"learning-rate": 0.11})) == [Word.UNCLEAR]
    assert words(own, play(own, {"learning-rate": 0.03})) == [Word.NO_GAIN]
    # Nor is one that seemed greater in the first seed, however sure it is.
    assert words(own, play(own, {"learning-rate": (0.14, 0.1, 0.1, 0.1, 0.1)})) == [Word.UNCLEAR]
    assert words(own, play(own, {"learning-rate": (0.14, 0.12, 0.12)})) == [Word.BEST]


def test_half_of_a_gain_in_the_first_seed_is_looked_into() -> None:
    own = course(remedy(way(LOWER)), remedy(way(UNDECAYED)))
    first = {"learning-rate": (0.08, 0.2, 0.2, 0.2, 0.2), "decay": (0.06, 0.2, 0.2, 0.2, 0.2)}
    assert words(own, play(own, first)) == [Word.BEST, Word.UNCLEAR]


def test_where_little_is_left_of_the_way_a_third_of_it_is_enough() -> None:
    assert enough(0.0) == pytest.approx(0.1)
    assert enough(0.85) == pytest.approx(0.05)
    assert enough(0.99) == pytest.approx(0.02)


def test_where_three_seeds_do_not_make_it_sure_more_are_tried() -> None:
    own = course(remedy(way(LOWER)))
    unequal = {"control": (0.02, 0.3, 0.1, 0.2, 0.1), "learning-rate": (0.5, 0.6, 0.3, 0.6, 0.5)}
    done = play(own, unequal)
    assert max(d.trial.offset for d in done if d.trial.arm == CONTROL) == 5
    assert words(own, done) == [Word.BEST]
    assert words(own, [d for d in done if d.trial.offset <= 3]) == [Word.UNCLEAR]


def test_of_two_that_gain_as_much_the_one_with_fewer_symptoms_is_best() -> None:
    own = course(remedy(way(LOWER)), remedy(way(UNDECAYED)))
    done = play(own, {"learning-rate": 0.91, "decay": 0.9}, dead={"learning-rate": 0.5})
    assert best(own, done).treatment.title == "decay"
    gains = {"learning-rate": 0.95, "decay": 0.9}
    done = play(own, gains, dead={"learning-rate": 0.5})
    assert best(own, done).treatment.title == "learning-rate"
    # Cut short, the quicker one is ahead, and need not stay so.
    short = course(remedy(way(LOWER)), remedy(way(UNDECAYED)), max_steps=50)
    done = play(short, gains, dead={"learning-rate": 0.5})
    assert best(short, done).treatment.title == "decay"


def test_progress_is_that_on_held_out_images_where_all_were_answered() -> None:
    own = course(remedy(way(LOWER)))
    control = [result(t, measured(0.9, unseen=0.02)) for t in own.next([])]
    # It only helps to learn by heart.
    made = Trial("learning-rate", 1, (LOWER,))
    assert own.unseen(control)
    done = [*control, result(made, measured(1.0, unseen=0.03))]
    assert words(own, done) == [Word.NO_GAIN]
    lacking = [result(d.trial, measured(0.9, unseen=nan)) for d in control[:1]] + control[1:]
    assert not own.unseen(lacking)


def test_the_script_is_edited_first_and_the_boundary_is_for_what_fails() -> None:
    own = course(remedy(edited(), way(LOWER)))
    done = play(own, {edited().arm: 0.9})
    assert best(own, done).way == edited()
    assert not any(d.trial.arm == "learning-rate" for d in done)
    assert all(d.trial.edits == EDIT for d in done if d.trial.arm == edited().arm)

    broken = play(own, {"learning-rate": 0.9}, failing=frozenset({edited().arm}))
    assert best(own, broken).way == way(LOWER)
    assert sum(d.trial.arm == edited().arm for d in broken) == 1


def test_what_can_not_be_tried_is_said_and_asks_for_nothing() -> None:
    own = course(remedy(untried="only you can change the data"))
    assert own.next([]) == []
    (one,) = own.judged([])
    assert (one.word, one.why) == (Word.NOT_TRIED, "only you can change the data")


def test_a_remedy_whose_trials_all_fail_is_said_to_fail() -> None:
    own = course(remedy(way(LOWER)))
    done = play(own, {}, failing=frozenset({"learning-rate"}))
    assert words(own, done) == [Word.FAILED]


@pytest.mark.parametrize("ended", [Ended.FAILED, Ended.OUT_OF_TIME])
def test_a_script_that_fails_when_run_again_ends_it(ended: Ended) -> None:
    own = course(remedy(way(LOWER)))
    broken = [result(t, None, ended) for t in own.next([])]
    assert own.next(broken) == []
    assert own.best(broken) is None
    assert own.halted(broken) == "the unchanged script could not be run again"


def test_a_fault_that_does_not_show_again_ends_it() -> None:
    own = course(remedy(way(LOWER)))
    sound = [result(t, measured(0.95)) for t in own.next([])]
    assert own.next(sound) == []
    assert "went well" in own.halted(sound)


def test_it_goes_on_from_what_is_there() -> None:
    remedies = [remedy(edited(), way(LOWER)), remedy(way(UNDECAYED)), remedy(way(START))]
    skills = {edited().arm: 0.9}
    whole = play(course(*remedies), skills)
    for cut in range(len(whole)):
        again = play(course(*remedies), skills, made=whole[:cut])
        assert {d.trial.name for d in again} == {d.trial.name for d in whole}


def test_results_of_another_script_or_length_do_not_count() -> None:
    own = course(remedy(edited()))
    done = play(own, {edited().arm: 0.9})
    moved = Way(edited().arm, "", (), (Replacement(11, "0.5", "0.05"),), "")
    assert len(course(remedy(moved)).own(done)) == 3
    assert course(remedy(edited()), max_steps=50).own(done) == []
    assert own.own(done) == done


def test_treatments_are_read_as_they_were_written() -> None:
    for one in (remedy(edited(), way(LOWER)), remedy(untried="by hand")):
        assert Treatment.from_json(one.to_json()) == one
    with pytest.raises(KeyError):
        Way.from_json({**way(LOWER).to_json(), "changes": [{"name": "magic", "parameters": {}}]})


def test_trials_are_read_as_they_were_written() -> None:
    trial = Trial(edited().arm, 2, (), 90, edits=EDIT)
    assert Trial.from_json(trial.to_json()) == trial
    # As an older release wrote it.
    old = {k: v for k, v in Trial(CONTROL, 1).to_json().items() if k != "edits"}
    assert Trial.from_json(old) == Trial(CONTROL, 1)
    assert trial.key() != Trial(edited().arm, 2, (), 90).key()
