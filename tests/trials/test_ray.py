"""Trials on a Ray cluster come out as those on this machine, whatever happens to its workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from snellen.trials.engines.local import LocalEngine
from snellen.trials.interventions import Intervention, ScaledLearningRate
from snellen.trials.process import Workplace
from snellen.trials.trial import Done, Ended, Invocation, Trial
from trials.test_process import contents, made

pytest.importorskip("torch")
pytest.importorskip("ray")

from snellen.trials.engines.ray import RayEngine, Sent, ray_engine

LOWER = ScaledLearningRate(0.01)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made(tmp_path / "project")


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    with ray_engine(2) as made_here:
        yield made_here


def at(project: Path, *arguments: str) -> Workplace:
    target = str(project / "small.py")
    return Workplace(Invocation(target, arguments, False, str(project), "torch"))


def trial(*changes: Intervention, offset: int = 1) -> Trial:
    return Trial("+".join(c.name for c in changes) or "control", offset, changes)


def told(done: Done) -> tuple[object, ...]:
    """All that does not hang on how fast the machine was just then: looks are taken by the
    clock."""
    measured = [done.measured[name] for name in ("steps", "loss", "skill")]
    return done.trial, done.ended, done.did, done.limits, done.error, measured


def test_the_directory_travels_whole(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "link").symlink_to("/usr")
    with Sent.of(at(project)).unpacked() as there:
        directory = Path(there.invocation.directory)
        assert directory != project
        assert contents(directory) == contents(project)
        assert (directory / "data" / "link").resolve() == Path("/usr").resolve()
        assert Path(there.invocation.target) == directory / "small.py"
    assert not directory.exists()


def test_a_script_that_lies_elsewhere_is_called_where_it_lies(
    project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "empty"
    other.mkdir()
    invocation = Invocation(str(project / "small.py"), (), False, str(other), "torch")
    with Sent.of(Workplace(invocation)).unpacked() as there:
        assert there.invocation.target == str(project / "small.py")


@pytest.mark.slow
def test_both_engines_say_the_same(project: Path, engine: RayEngine) -> None:
    before = contents(project)
    trials = [trial(), trial(LOWER), trial(offset=2)]
    found = [
        sorted((told(done) for done in chosen.run(at(project), trials)), key=str)
        for chosen in (LocalEngine(2), engine)
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 3
    assert contents(project) == before


def workers_child() -> psutil.Process | None:
    """A trial's process that runs on some Ray worker of this machine."""
    for process in psutil.Process().children(recursive=True):
        try:
            line = process.cmdline()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if "snellen" in line and "trial" in line:
            return process
    return None


@pytest.mark.slow
def test_a_lost_worker_costs_its_trial_nothing_but_time(project: Path, engine: RayEngine) -> None:
    killed: list[int] = []
    orphans: list[psutil.Process] = []

    def kill_one() -> None:
        while not (child := workers_child()):
            time.sleep(0.05)
        orphans.append(child)
        worker = child.parent()
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        killed.append(worker.pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    trials = [trial(), trial(LOWER)]
    done = list(engine.run(at(project), trials))
    killer.join()

    assert killed
    assert sorted(d.trial.name for d in done) == ["control-1", "learning-rate-1"]
    assert all(d.ended is Ended.BY_ITSELF for d in done)
    # What the lost worker had begun has ended by itself, and does not run on beside the new one.
    orphans[0].wait(30)


@pytest.mark.slow
def test_what_is_not_wanted_any_more_is_ended(project: Path, engine: RayEngine) -> None:
    short = Trial("control", 1, max_seconds=12.0)
    running = engine.run(at(project, "--then", "hang"), [short, trial(offset=2)])
    assert next(running).ended is Ended.OUT_OF_TIME
    left = workers_child()
    assert left is not None
    running.close()  # type: ignore[attr-defined]
    left.wait(30)
