"""Whatever breaks inside snellen never breaks training."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.torch.programs import differences, normed, plain
from snellen.adapters.torch import BOUNDARIES
from snellen.capture import Session
from snellen.capture.boundary import Boundary
from snellen.record import RunWriter, read
from snellen.settings import Settings

SPECIAL = ("torch.compile", "torch.load", "torch.clip")
CROSSED = [name for name in BOUNDARIES if name not in SPECIAL]
"""The others are crossed by trainings alone that compile, load weights, or clip gradients; their
tests break them there."""


class PlantedError(Exception):
    pass


@pytest.fixture(scope="module")
def bare() -> dict[str, object]:
    return plain()


def crossed(monkeypatch: pytest.MonkeyPatch, name: str, nth: int) -> list[str]:
    """Make the `nth` crossing of one boundary fail; returns what was crossed."""
    crossings: list[str] = []
    original = Boundary.enter

    def enter(self: Boundary, at: str) -> None:
        original(self, at)
        crossings.append(at)
        if at == name and crossings.count(name) == nth:
            raise PlantedError("planted")

    monkeypatch.setattr(Boundary, "enter", enter)
    return crossings


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("name", CROSSED)
def test_a_fault_at_any_boundary_leaves_the_training_as_it_was(
    name: str, nth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: dict[str, object]
) -> None:
    crossings = crossed(monkeypatch, name, nth)
    path = tmp_path / "run.snellen"
    session = Session(Settings(run_file=path), script="s", clock=lambda: 0.0)
    session.arm()
    try:
        trained = plain()
    finally:
        session.finish()

    assert differences(bare, trained) == []
    if crossings.count(name) < nth:
        assert (name, nth) == ("torch.optimizer", 3), "never crossed: proves nothing"
        return
    assert session.boundary.tripped is not None
    assert any("PlantedError" in note and name in note for note in session.notes)
    if path.exists():
        events = read(path).events
        assert any(event.kind == "stopped" and "PlantedError" in event.text for event in events)


DEEP = [
    "snellen.adapters.torch.tables.map_table",
    "snellen.capture.subject.SubjectWatch.batch",
    "snellen.capture.subject.SubjectWatch.stepped",
    "snellen.capture.filters.Filters.state",
    "snellen.capture.look.Look.see",
    "snellen.capture.examined.Examined.see",
    "snellen.capture.audit.Audit.offer",
    "snellen.capture.aftermath.Aftermath.images",
    "snellen.capture.aftermath.examination",
    "snellen.adapters.torch.model.TorchModel.look",
    "snellen.adapters.torch.recorder.Recorder._weighted",
    "snellen.adapters.torch.clipping.ClipEars._called",
    "snellen.record.RunWriter.add_statistic",
    "snellen.record.RunWriter.flush",
]


@pytest.mark.parametrize("function", DEEP)
def test_a_fault_deep_inside_leaves_the_training_as_it_was(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = normed()

    def broken(*_: object, **__: object) -> None:
        raise PlantedError("planted")

    monkeypatch.setattr(function, broken)
    session = Session(Settings(run_file=tmp_path / "r.snellen"), script="s", clock=lambda: 0.0)
    session.arm()
    trained = normed()
    session.finish()

    assert differences(expected, trained) == []


def test_a_full_disk_stops_the_watching_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: dict[str, object]
) -> None:
    path = tmp_path / "run.snellen"
    original = RunWriter._write_out
    writes: list[int] = []

    def full(self: RunWriter) -> None:
        writes.append(1)
        if len(writes) > 2:
            raise OSError(28, "No space left on device")
        original(self)

    monkeypatch.setattr(RunWriter, "_write_out", full)
    session = Session(Settings(run_file=path), script="s", clock=lambda: 0.0)
    session.arm()
    trained = plain()
    session.finish()

    assert differences(bare, trained) == []
    assert any("No space left" in note for note in session.notes)
    monkeypatch.undo()
    assert read(path).subjects


def test_an_interrupt_inside_our_code_belongs_to_the_script() -> None:
    tripped: list[str] = []
    boundary = Boundary(lambda name, error: tripped.append(name))

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        boundary("x", interrupted)
    assert tripped == []
    assert boundary("x", lambda: 3) == 3


def test_how_the_script_ended_is_written_down_whatever_failed_before() -> None:
    boundary = Boundary(lambda name, error: None)
    boundary("x", lambda: 1 / 0)
    first = boundary.tripped

    assert boundary("y", lambda: 3) is None
    assert boundary.even_so("z", lambda: 3) == 3
    assert boundary.even_so("z", lambda: [][0]) is None
    assert boundary.tripped == first


def test_a_script_that_fails_after_the_watching_did_has_its_error_in_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise PlantedError("planted")

    path = tmp_path / "run.snellen"
    monkeypatch.setattr("snellen.capture.subject.SubjectWatch.stepped", broken)
    session = Session(Settings(run_file=path), script="s", clock=lambda: 0.0)
    session.arm()
    plain()
    session.finish(ValueError("the labels do not fit"))

    kinds = {event.kind: event.text for event in read(path).events}
    assert "PlantedError" in kinds["stopped"]
    assert "the labels do not fit" in kinds["script-error"]
