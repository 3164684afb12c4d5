"""A trial trains the user's own script in a fresh process, and changes nothing of the user's."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from snellen.trials.edits.script import Replacement
from snellen.trials.engines.local import LocalEngine
from snellen.trials.interventions import Intervention, NoDecay, ScaledLearningRate
from snellen.trials.measured import Measured
from snellen.trials.process import Running, Workplace
from snellen.trials.trial import Done, Ended, Invocation, Trial

pytest.importorskip("torch")
SCRIPT = Path(__file__).parent / "scripts" / "small.py"
LOWER = ScaledLearningRate(0.01)


def made(folder: Path) -> Path:
    """A user's folder with a script that overwrites what is in it."""
    folder.mkdir()
    shutil.copy(SCRIPT, folder / "small.py")
    (folder / "notes.txt").write_text("mine")
    (folder / "last.txt").write_text("of the real training")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made(tmp_path / "project")


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


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """One campaign's worth of trials, made side by side; the folder is as it was."""
    project = made(tmp_path_factory.mktemp("tried") / "project")
    before = contents(project)
    trials = [
        trial(),
        trial(LOWER),
        trial(offset=2),
        trial(NoDecay(), max_steps=30),
        Trial("again", 1, (), None),
    ]
    done = {d.trial.name: d for d in LocalEngine(2).run(at(project), trials)}
    assert set(done) == {t.name for t in trials}
    assert contents(project) == before
    return done


def test_control_fails_as_the_script_does_and_the_cure_cures(tried: dict[str, Done]) -> None:
    assert all(tried[name].ended is Ended.BY_ITSELF for name in ("control-1", "control-2"))
    assert progress(tried["control-1"]) < 0.1
    assert progress(tried["learning-rate-1"]) > 0.8
    assert tried["learning-rate-1"].did


def test_the_same_seed_gives_the_same_training_and_another_one_another(
    tried: dict[str, Done],
) -> None:
    names = ("control-1", "again-1", "control-2")
    losses = [Measured.from_json(tried[name].measured).loss for name in names]
    assert losses[0] == losses[1] != losses[2]


def test_a_trial_ends_after_its_steps_and_without_effect_is_not_usable(
    tried: dict[str, Done],
) -> None:
    done = tried["decay-1"]
    assert done.ended is Ended.AT_THE_LIMIT
    assert done.measured["steps"] == 30
    assert not done.did
    assert not done.usable


def test_results_travel_as_json(tried: dict[str, Done]) -> None:
    for done in tried.values():
        assert Done.from_json(done.to_json()) == done


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


def edited(project: Path, becomes: str) -> Trial:
    text = (project / "small.py").read_text()
    start = text.index("default=3.0") + len("default=")
    return Trial("script", 1, edits=(Replacement(start, "3.0", becomes),))


def test_the_edited_script_is_run_and_the_users_stays(project: Path) -> None:
    before = contents(project)
    assert progress(at(project).run(edited(project, "0.05"))) > 0.5
    assert contents(project) == before


def test_a_script_outside_of_the_directory_is_edited_too(project: Path, tmp_path: Path) -> None:
    """It has no copy, and is not written to."""
    before = contents(project)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    target = str(project / "small.py")
    own = Workplace(Invocation(target, (), False, str(elsewhere), "torch"), in_place=True)
    assert progress(own.run(edited(project, "0.05"))) > 0.5
    written = {"beside.txt"}
    assert {k: v for k, v in contents(project).items() if k not in written} == before
    assert [path.name for path in elsewhere.iterdir()] == ["last.txt"]


def test_a_script_that_changed_since_is_not_run(project: Path) -> None:
    trial = edited(project, "0.05")
    (project / "small.py").write_text("# new\n" + (project / "small.py").read_text())
    done = at(project).run(trial)
    assert (done.ended, done.error) == (Ended.FAILED, "the script is no longer what it was")


def test_edits_that_leave_no_python_fail(project: Path) -> None:
    done = at(project).run(edited(project, "("))
    assert done.ended is Ended.FAILED
    assert "SyntaxError" in done.error
