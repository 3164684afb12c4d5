"""Trials are made until enough is known or the time is spent; what was made is kept at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from causes.cases import case, found
from snellen.causes import Case
from snellen.core import Severity
from snellen.diagnosis.fixing import fix
from snellen.diagnosis.trying import LEAST_SECONDS, Means, Step, carry_out, length
from snellen.trials.course import Course, Word
from snellen.trials.interventions import NoDecay, ScaledLearningRate
from snellen.trials.process import Workplace
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done, Ended, Invocation, Trial
from symptoms.build import subject
from trials.samples import measured

LOWER, UNDECAYED = ScaledLearningRate(0.1), NoDecay()
HERE = Workplace(Invocation("train.py", (), False, ".", "torch"))


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Engine:
    """Ten seconds for each trial, one at a time; the rate cures."""

    clock: Clock
    slots: int = 1
    made: list[Trial] = field(default_factory=list)
    interrupted_after: int = 1000

    def run(self, workplace: Workplace, trials: Sequence[Trial]) -> Iterator[Done]:
        assert workplace is HERE
        for trial in trials:
            if len(self.made) == self.interrupted_after:
                raise KeyboardInterrupt
            self.made.append(trial)
            self.clock.now += 10
            skill = 0.9 if trial.arm == "learning-rate" else 0.02
            did = {"x": 1} if trial.changes else {}
            told = measured(skill).to_json()
            yield Done(trial, Ended.BY_ITSELF, 10.0, did=did, measured=told)


def faulty() -> Case:
    facts = {"training_seconds": 2.0}
    return case(subject(facts=facts), found("S01", layer="conv1", severity=Severity.ERROR))


def course() -> Course:
    ways = [Way(change.name, change.sentence(), (change,)) for change in (LOWER, UNDECAYED)]
    return Course(faulty(), [Treatment("C20", "x", way.arm, "code", (way,)) for way in ways])


def means(engine: Engine, seconds: float, kept: list[Done], told: list[Step]) -> Means:
    return Means(HERE, engine, seconds, engine.clock, kept.append, told.append)


def test_trials_are_made_until_enough_is_known() -> None:
    engine, kept, told = Engine(Clock()), list[Done](), list[Step]()
    done, ended = fix(faulty(), course(), means(engine, 1000, kept, told))
    assert ended == "settled"
    assert done == kept
    names = [trial.name for trial in engine.made]
    assert names[:3] == ["control-1", "control-2", "control-3"]
    assert names[3:] == ["learning-rate-1", "decay-1", "learning-rate-2", "learning-rate-3"]
    assert [step.finished for step in told] == [1, 2, 3, 4, 5, 6, 7]
    assert [step.seconds_left for step in told][:3] == [20.0, 10.0, 0.0]
    assert all(trial.max_seconds >= LEAST_SECONDS for trial in engine.made)


def test_the_budget_is_kept_and_the_next_call_goes_on() -> None:
    engine, kept = Engine(Clock()), list[Done]()
    _, ended = fix(faulty(), course(), means(engine, 35, kept, []))
    assert ended == "budget"
    assert engine.clock.now <= 35
    assert len(kept) == 3
    done, ended = fix(faulty(), course(), means(engine, 1000, kept, []), known=list(kept))
    assert ended == "settled"
    assert len({trial.name for trial in engine.made}) == len(engine.made) == len(done) == 7
    assert [one.word for one in course().judged(done)] == [Word.BEST, Word.NO_GAIN]


def test_what_was_made_before_an_interrupt_is_kept() -> None:
    engine, kept = Engine(Clock(), interrupted_after=4), list[Done]()
    with pytest.raises(KeyboardInterrupt):
        fix(faulty(), course(), means(engine, 1000, kept, []))
    assert [one.trial.name for one in kept] == [trial.name for trial in engine.made]
    assert len(kept) == 4


def test_nothing_to_ask_for_is_settled() -> None:
    engine = Engine(Clock())
    assert carry_out(lambda done: [], faulty(), means(engine, 9, [], []), [], None) == (
        [],
        "settled",
    )


@pytest.mark.parametrize(
    ("steps", "training", "budget", "slots", "expected"),
    [
        (1000, 10.0, 600.0, 1, None),
        (1000, 100.0, 300.0, 1, 86),
        (1000, 100.0, 300.0, 2, 253),
        (1000, 1e6, 60.0, 1, 50),
        (20, 1e6, 60.0, 1, 20),
        (0, 100.0, 60.0, 1, None),
        (1000, 0.0, 60.0, 1, None),
    ],
)
def test_trials_are_so_long_that_a_proof_fits_the_budget(
    steps: int, training: float, budget: float, slots: int, expected: int | None
) -> None:
    assert length(steps, training, budget, slots) == expected
