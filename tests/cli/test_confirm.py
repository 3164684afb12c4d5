"""`snellen confirm` proves the cause of a real training, and goes on where it was ended."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.command import snellen
from snellen.record import trials

SCRIPT = Path(__file__).parents[1] / "trials" / "scripts" / "small.py"


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".snellen" not in path.name
    }


def causes(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cause["code"]: cause for cause in told["diagnosis"]}


@pytest.mark.slow
def test_a_rate_too_high_is_confirmed_and_nothing_of_the_users_changes(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(SCRIPT, folder / "train.py")
    run = snellen("run", "-q", "--run-file", "run.snellen", "train.py", directory=folder)
    assert run.returncode == 0, run.stderr
    before = hashes(folder)

    first = snellen(
        "confirm",
        "--budget",
        "30m",
        "--jobs",
        "2",
        "--json",
        "out.json",
        "run.snellen",
        directory=folder,
        timeout_seconds=500,
    )
    assert first.returncode == 0, first.stderr
    told = json.loads((folder / "out.json").read_text())
    made = trials(folder / "run.snellen")
    again = snellen(
        "confirm",
        "-q",
        "--budget",
        "30m",
        "--jobs",
        "2",
        "run.snellen",
        directory=folder,
        timeout_seconds=500,
    )

    high = causes(told)["C20"]
    assert told["diagnosis"][0] == high
    assert high["band"] == "confirmed"
    assert high["proof"]["ruling"] == "confirmed"
    cure = next(e for e in high["proof"]["effects"] if e["predicted"] == "cures")
    assert cure["seeds"] == 3
    assert cure["control"] < 0.1 < 0.8 < cure["progress"]
    assert "confirmed C20 learning-rate-too-high" in " ".join(first.stdout.split()), first.stdout
    assert again.returncode == 0
    assert trials(folder / "run.snellen") == made
    (folder / "out.json").unlink()
    assert hashes(folder) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.py",), "no run file and no script"),
        (("--budget", "soon", "x.snellen"), "is no time; give seconds, or 90s, 5m, 1h"),
        (("--budget", "0s", "x.snellen"), "is no time"),
        (("x.snellen",), "x.snellen"),
    ],
)
def test_what_can_not_be_done_is_said(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = snellen("confirm", *arguments, directory=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
