"""`snellen fix` mends a real training in a copy, and hands out the change for the user's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.command import python, snellen
from cli.test_confirm import hashes
from snellen.record import fix, trials

SCRIPTS = Path(__file__).parents[1] / "trials" / "scripts"
JOBS = ("--budget", "30m", "--jobs", "2")


def project(tmp_path: Path, script: str, **env: str) -> Path:
    """A folder with one script that was watched."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(SCRIPTS / script, folder / "train.py")
    run = snellen("run", "-q", "--run-file", "run.snellen", "train.py", directory=folder, env=env)
    assert run.returncode == 0, run.stderr
    return folder


def mended(folder: Path, **env: str) -> dict[str, Any]:
    """What `snellen fix` tells; the change of the script is in `fix.diff` beside the folder."""
    done = snellen(
        *("fix", *JOBS, "--json", "../out.json", "--output", "../fix.diff", "run.snellen"),
        directory=folder,
        env=env,
        timeout_seconds=500,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((folder.parent / "out.json").read_text())["fix"]
    assert told["remedies"][told["best"]]["title"] in " ".join(done.stdout.split())
    return told


def applied(folder: Path) -> None:
    subprocess.run(["git", "apply", "../fix.diff"], cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
def test_a_rate_too_high_is_mended_and_nothing_of_the_users_changes(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = project(tmp_path, "small.py")
    before = hashes(folder)
    told = mended(folder)
    made = trials(folder / "run.snellen")

    best = told["remedies"][told["best"]]
    assert best["code"] == "C20"
    assert best["effect"]["control"] < 0.1 < 0.8 < best["effect"]["progress"]
    assert best["effect"]["seeds"] == 3
    assert any(one["code"] == "S01" for one in told["symptoms"]["gone"])
    first = told["layers"][0]
    assert first["before"]["channels"].get("alive", 0) < first["after"]["channels"]["alive"] == 8
    assert hashes(folder) == before

    # What was printed is what was measured.
    assert (tmp_path / "fix.diff").read_text() == best["diff"]
    applied(folder)
    again = python("train.py", directory=folder)
    assert again.returncode == 0, again.stderr
    assert float((folder / "last.txt").read_text().split()[1]) < 0.3
    shutil.copy(SCRIPTS / "small.py", folder / "train.py")

    # The run file alone shows it again, and a second call makes nothing anew.
    shown = snellen("report", "run.snellen", directory=folder)
    assert f"best {best['title']}" in " ".join(shown.stdout.split()), shown.stdout
    second = snellen("fix", "-q", *JOBS, "run.snellen", directory=folder, timeout_seconds=500)
    assert second.returncode == 0, second.stderr
    assert trials(folder / "run.snellen") == made


@pytest.mark.slow
def test_keras_is_mended_too(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    folder = project(tmp_path, "small_keras.py", KERAS_BACKEND=backend)
    before = hashes(folder)
    told = mended(folder, KERAS_BACKEND=backend)

    best = told["remedies"][told["best"]]
    assert best["code"] == "C20"
    assert "-RATE = 20.0\n+RATE = " in best["diff"]
    assert best["effect"]["control"] < 0.1 < 0.8 < best["effect"]["progress"]
    assert hashes(folder) == before
    applied(folder)
    again = python("train.py", directory=folder, env={"KERAS_BACKEND": backend})
    assert again.returncode == 0, again.stderr
    assert float((folder / "last.txt").read_text()) < 0.3


@pytest.mark.slow
def test_where_nothing_helps_it_is_said_and_the_status_tells(tmp_path: Path) -> None:
    """The script dies of its own accord whatever is changed, so that nothing can be measured."""
    pytest.importorskip("torch")
    folder = project(tmp_path, "small.py")
    script = folder / "train.py"
    script.write_text(script.read_text() + "\nraise SystemExit(7)\n")
    done = snellen(
        *("fix", *JOBS, "--output", "../fix.diff", "run.snellen"),
        directory=folder,
        timeout_seconds=500,
    )
    assert done.returncode == 4, done.stderr
    assert "No remedy was tried." in done.stdout
    assert "the unchanged script could not be run again" in " ".join(done.stdout.split())
    assert not (tmp_path / "fix.diff").exists()
    assert fix(folder / "run.snellen") is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.py",), "no run file and no script"),
        (("--budget", "soon", "x.snellen"), "is no time; give seconds, or 90s, 5m, 1h"),
        (("--output", "gone/fix.diff", "x.snellen"), "there is no directory gone"),
        (("x.snellen",), "x.snellen"),
    ],
)
def test_what_can_not_be_done_is_said(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = snellen("fix", *arguments, directory=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
