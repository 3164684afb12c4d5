"""A trial trains the user's own script in a fresh process, and changes nothing of the user's."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from snellen.trials.engines.local import LocalEngine
from snellen.trials.interventions import Intervention, NoDecay, ScaledLearningRate
from snellen.trials.measured import Measured
from snellen.trials.process import Running, Workplace
from snellen.trials.trial import Done, Ended, Invocation, Trial

pytest.importorskip("torch")
SCRIPT = Path(__file__).parent / "scripts" / "small.py"
LOWER = ScaledLearningRate(0.01)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(SCRIPT, folder / "small.py")
    (folder / "notes.txt").write_text("mine")
    (folder / "last.txt").write_text("of the real training")
    return folder


def at(project: Path, *arguments: str, in_place: bool = False) -> Workplace:
    target = str(project / "small.py")
    return Workplace(Invocation(target, arguments, False, str(project), "torch"), in_place=in_place)


def trial(*changes: Intervention, offset: int = 1, **given: float) -> Trial:
    name = "+".join(change.name for change in changes) or "control"
    return Trial(name, offset, changes, **given)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def progress(done: Done) -> float:
    assert done.usable, done
    return Measured.from_json(done.measured).progress()


def test_control_fails_as_the_script_does_and_the_cure_cures(project: Path) -> None:
    before = contents(project)
    trials = [trial(), trial(LOWER), trial(offset=2)]
    done = {d.trial.name: d for d in LocalEngine(2).run(at(project), trials)}

    assert set(done) == {t.name for t in trials}
    assert all(d.ended is Ended.BY_ITSELF for d in done.values())
    assert progress(done["control-1"]) < 0.1
    assert progress(done["learning-rate-1"]) > 0.8
    assert done["learning-rate-1"].did
    assert contents(project) == before


def test_the_same_seed_gives_the_same_training_and_another_one_another(project: Path) -> None:
    place = at(project, "--rate", "0.05")
    first, again, other = (place.run(trial(offset=n)) for n in (1, 1, 2))
    losses = [Measured.from_json(d.measured).loss for d in (first, again, other)]
    assert losses[0] == losses[1] != losses[2]


def test_a_change_without_effect_makes_no_usable_trial(project: Path) -> None:
    done = at(project).run(trial(NoDecay()))
    assert done.ended is Ended.BY_ITSELF
    assert not done.did
    assert not done.usable


def test_a_trial_ends_after_its_steps(project: Path) -> None:
    done = at(project, "--rate", "0.05").run(trial(max_steps=30))
    assert done.ended is Ended.AT_THE_LIMIT
    assert done.measured["steps"] == 30


def test_a_script_that_fails_says_how(project: Path) -> None:
    done = at(project, "--then", "fail").run(trial())
    assert done.ended is Ended.FAILED
    assert done.error == "ValueError: planted"
    assert not done.usable


def test_a_script_that_never_ends_is_ended(project: Path) -> None:
    done = at(project, "--then", "hang").run(trial(max_seconds=15.0))
    assert done.ended is Ended.OUT_OF_TIME
    assert not done.usable


def test_a_script_that_writes_to_a_place_of_its_own_is_stopped(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    kept = elsewhere / "kept.txt"
    kept.write_text("kept")
    # Temporary files are nobody's: the project must not lie among them for this.
    done = at(project, "--save", "/var/snellen-test-of-trials.txt").run(trial())

    assert done.ended is Ended.FAILED
    assert "--in-place" in done.error
    assert not Path("/var/snellen-test-of-trials.txt").exists()
    assert kept.read_text() == "kept"


def test_in_place_it_may(project: Path) -> None:
    done = at(project, in_place=True).run(trial(LOWER))
    assert done.usable
    assert (project / "last.txt").read_text().startswith("7 ")


def test_what_was_stopped_begins_nothing_more(project: Path) -> None:
    running = Running()
    running.stop()
    done = at(project).run(trial(), running)
    assert done.ended is Ended.STOPPED
    assert done.seconds == 0.0


def test_closing_the_engine_ends_what_runs(project: Path) -> None:
    place = at(project, "--then", "hang")
    results = LocalEngine(2).run(at(project), [trial(max_steps=5), trial(offset=2, max_steps=5)])
    assert next(results).usable
    results.close()  # type: ignore[attr-defined]
    hanging = LocalEngine(1).run(place, [trial(max_seconds=600.0)])
    hanging.close()  # type: ignore[attr-defined]


def test_results_travel_as_json(project: Path) -> None:
    done = at(project).run(trial(LOWER, max_steps=20))
    assert Done.from_json(done.to_json()) == done
