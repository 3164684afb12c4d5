"""Trials are added to a run file that is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.record import RunFileError, RunWriter, read, store_trial, trials


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    path = tmp_path / "run.snellen"
    with RunWriter.create(path, {"script": "train.py"}) as writer:
        writer.add_subject("Net", "torch", {"steps": 3})
    return path


def test_each_is_kept_behind_those_before_it(finished: Path) -> None:
    before = read(finished)
    assert trials(finished) == []

    store_trial(finished, {"arm": "control", "seconds": 1.5})
    store_trial(finished, {"arm": "decay"})
    store_trial(finished, {"arm": "decay"})

    assert [row["arm"] for row in trials(finished)] == ["control", "decay", "decay"]
    assert trials(finished)[0] == {"arm": "control", "seconds": 1.5}
    assert read(finished).manifest == before.manifest
    assert [s.facts for s in read(finished).subjects] == [s.facts for s in before.subjects]


def test_a_file_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a" * 200)
    with pytest.raises(RunFileError):
        store_trial(path, {})
    with pytest.raises(RunFileError):
        trials(path)
    assert path.read_text() == "a" * 200
