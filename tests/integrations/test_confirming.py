"""`snellen.confirm` proves the cause of a training function's fault."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

import snellen
from integrations import trainings
from snellen.integrations.confirming import NothingTrainedError
from snellen.record import trials

TESTS = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_rate_too_high_is_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    told = snellen.confirm(
        trainings.rate_too_high, {"rate": 3.0}, budget_seconds=1800, jobs=2, quiet=True
    )
    assert told.ended == "settled"
    assert [candidate.cause.code for candidate in told.confirmed] == ["C20"]
    assert told.run_file.parent == tmp_path
    made = trials(told.run_file)

    again = snellen.confirm(
        trainings.rate_too_high, run_file=told.run_file, budget_seconds=1800, quiet=True
    )
    assert [c.cause.code for c in again.confirmed] == ["C20"]
    assert trials(told.run_file) == made
    card = io.StringIO()
    told.show(card)
    assert "confirmed C20 learning-rate-too-high" in " ".join(card.getvalue().split())


def test_a_function_that_trains_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NothingTrainedError, match="made no step"):
        snellen.confirm(trainings.nothing_trained, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_script_without_a_guard_is_told_of_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import snellen\ndef train(): pass\nsnellen.confirm(train, quiet=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert 'put the call under `if __name__ == "__main__":`' in done.stderr
