"""Where one remedy helps and does not do, the two best ones are tried together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from causes.cases import case, found
from snellen.core import Severity
from snellen.diagnosis.fixing import Source
from snellen.diagnosis.pairing import paired
from snellen.trials.course import Course, Word
from snellen.trials.edits.script import Replacement
from snellen.trials.interventions import Intervention, NoDecay, ScaledLearningRate
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done, Ended
from symptoms.build import subject
from trials.samples import measured

SCRIPT = Source("rate = 5.0\ndecay = 0.5\n", "train.py")
LOWER, UNDECAYED = ScaledLearningRate(0.1), NoDecay()


def edited(setting: str, start: int, was: str) -> Way:
    return Way(
        f"script: {setting}", f"{setting} edited", (), (Replacement(start, was, "0.1"),), "x"
    )


def boundary(change: Intervention) -> Way:
    return Way(change.name, change.sentence(), (change,))


RATE, DECAY = edited("rate", 7, "5.0"), edited("decay", 19, "0.5")


def course(first: tuple[Way, ...], second: tuple[Way, ...], code: str = "C22") -> Course:
    own = case(subject(), found("S01", layer="conv1", severity=Severity.ERROR))
    return Course(
        own,
        [
            Treatment("C20", "rate-too-high", "Lower the rate", "lower()", first),
            Treatment(code, "decay-too-strong", "Lower the decay", "less()", second),
        ],
    )


def play(own: Course, skills: Mapping[str, float], made: Sequence[Done] = ()) -> list[Done]:
    done = [*made]
    while wanted := own.next(done):
        for trial in wanted:
            did = {"x": 1} if trial.changes else {}
            told = measured(skills.get(trial.arm, 0.02)).to_json()
            done.append(Done(trial, Ended.BY_ITSELF, 1.0, did=did, measured=told))
    return done


def test_two_edits_are_made_in_one_script() -> None:
    own = course((RATE,), (DECAY,))
    skills = {RATE.arm: 0.5, DECAY.arm: 0.4, "script: rate and decay": 0.9}
    done = play(own, skills)
    both = paired(own, done, SCRIPT)
    assert both is not None
    pair = both.treatments[-1]
    assert (pair.code, pair.title) == ("C20+C22", "Lower the rate, and lower the decay")
    assert pair.ways[0].edits == (*RATE.edits, *DECAY.edits)
    assert "-rate = 5.0\n-decay = 0.5\n+rate = 0.1\n+decay = 0.1\n" in pair.ways[0].diff

    then = play(both, skills, done)
    assert [one.word for one in both.judged(then)] == [Word.HELPS, Word.HELPS, Word.BEST]
    assert paired(both, then, SCRIPT) is None


def test_where_one_was_not_edited_both_are_made_at_the_boundary() -> None:
    own = course((RATE, boundary(LOWER)), (boundary(UNDECAYED),))
    done = play(own, {RATE.arm: 0.5, "decay": 0.4})
    both = paired(own, done, SCRIPT)
    assert both is not None
    way = both.treatments[-1].ways[0]
    assert way.changes == (LOWER, UNDECAYED)
    assert way.diff == ""
    # What can be done in the script alone makes no half of a pair.
    alone = course((RATE,), (boundary(UNDECAYED),))
    assert paired(alone, play(alone, {RATE.arm: 0.5, "decay": 0.4}), SCRIPT) is None


def test_one_remedy_that_does_is_enough() -> None:
    own = course((RATE,), (DECAY,))
    assert paired(own, play(own, {RATE.arm: 0.85, DECAY.arm: 0.4}), SCRIPT) is None


def test_a_second_one_that_does_not_help_makes_no_pair() -> None:
    own = course((RATE,), (DECAY,))
    assert paired(own, play(own, {RATE.arm: 0.5}), SCRIPT) is None
    assert paired(own, play(own, {}), SCRIPT) is None


def test_two_remedies_of_one_cause_make_no_pair() -> None:
    own = course((RATE,), (DECAY,), code="C20")
    assert paired(own, play(own, {RATE.arm: 0.5, DECAY.arm: 0.4}), SCRIPT) is None


def test_a_script_that_has_changed_makes_no_pair() -> None:
    own = course((RATE,), (DECAY,))
    done = play(own, {RATE.arm: 0.5, DECAY.arm: 0.4})
    assert paired(own, done, Source("# new\n" + SCRIPT.text, "train.py")) is None
