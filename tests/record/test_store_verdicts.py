"""Verdicts go into a run file that its writer has closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.record import RunFileError, RunWriter, read, store_verdicts, verdicts


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    path = tmp_path / "run.snellen"
    with RunWriter.create(path, {"script": "train.py"}) as writer:
        writer.add_subject("Net", "torch", {"steps": 3})
    return path


def test_they_replace_those_before_and_touch_nothing_else(finished: Path) -> None:
    before = read(finished)

    store_verdicts(finished, [{"code": "S01"}, {"code": "S06"}])
    store_verdicts(finished, [{"code": "S22", "severity": "error"}])

    assert verdicts(finished) == [{"code": "S22", "severity": "error"}]
    assert read(finished).manifest == before.manifest
    assert [s.facts for s in read(finished).subjects] == [s.facts for s in before.subjects]
    assert [p.name for p in finished.parent.iterdir()] == ["run.snellen"]


def test_a_file_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a" * 200)
    with pytest.raises(RunFileError):
        store_verdicts(path, [])
    assert path.read_text() == "a" * 200
