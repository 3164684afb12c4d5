"""A trial works in a copy, and is stopped before it changes what is not its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from snellen.trials import scratch as module
from snellen.trials.scratch import scratch


def test_small_files_are_copied_and_great_ones_linked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COPIED_BYTES", 10)
    own = tmp_path / "own"
    (own / "data").mkdir(parents=True)
    (own / "train.py").write_text("1")
    (own / "data" / "small.txt").write_text("0123456789")
    (own / "data" / "great.bin").write_text("0123456789+")

    with scratch(own) as copy:
        here = copy.directory
        (here / "train.py").write_text("changed")
        (here / "data" / "small.txt").unlink()
        assert (here / "data" / "great.bin").is_symlink()
        assert (here / "data" / "great.bin").read_text() == "0123456789+"
        assert copy.of(own / "train.py") == here / "train.py"
        assert copy.of(tmp_path / "elsewhere.py") == tmp_path / "elsewhere.py"

    assert not here.exists()
    assert (own / "train.py").read_text() == "1"
    assert (own / "data" / "small.txt").read_text() == "0123456789"


def test_run_files_and_what_tools_keep_are_left_out(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for name in (".git", ".venv", "kept"):
        (own / name).mkdir(parents=True)
        (own / name / "file").write_text("x")
    (own / "train-1.snellen").write_text("x")
    (own / "train-1.snellen-wal").write_text("x")
    with scratch(own) as copy:
        assert sorted(path.name for path in copy.directory.iterdir()) == ["kept"]


@pytest.mark.parametrize(("allowed", "linked"), [(60, False), (59, True)])
def test_so_many_bytes_are_copied_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int, linked: bool
) -> None:
    monkeypatch.setattr(module, "ALL_COPIED_BYTES", allowed)
    own = tmp_path / "own"
    own.mkdir()
    for name in "abc":
        (own / name).write_text("x" * 20)
    with scratch(own) as copy:
        assert (copy.directory / "c").is_symlink() == linked
        assert not (copy.directory / "a").is_symlink()


def test_folders_of_too_many_files_are_linked_to_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 4)
    own = tmp_path / "own"
    (own / "images").mkdir(parents=True)
    for number in range(9):
        (own / "images" / f"{number}").write_text("x")
    (own / "train.py").write_text("1")
    with scratch(own) as copy:
        assert (copy.directory / "images").is_symlink()
        assert (copy.directory / "images" / "8").read_text() == "x"
        assert not (copy.directory / "train.py").is_symlink()


GUARDED = """
import os, sys, pathlib, shutil
from snellen.trials.scratch import guard
own, foreign = map(pathlib.Path, sys.argv[1:3])
guard((own,))
{act}
"""
ACTS = {
    "open to write": "open(foreign / 'kept.txt', 'w')",
    "open to append": "open(foreign / 'kept.txt', 'a')",
    "open to update": "open(foreign / 'kept.txt', 'r+')",
    "open by flags": "os.open(foreign / 'new.txt', os.O_WRONLY | os.O_CREAT)",
    "pathlib": "(foreign / 'new.txt').write_text('x')",
    "remove": "os.remove(foreign / 'kept.txt')",
    "rename from": "os.rename(foreign / 'kept.txt', own / 'taken.txt')",
    "rename to": "(own / 'a').write_text('x'); os.replace(own / 'a', foreign / 'kept.txt')",
    "folder": "os.mkdir(foreign / 'folder')",
    "tree": "shutil.rmtree(foreign)",
    "through a link": "os.symlink(foreign / 'kept.txt', own / 'l'); open(own / 'l', 'w')",
    "caught": "try:\n    open(foreign / 'kept.txt', 'w')\nexcept Exception:\n    pass",
}
FINE = {
    "own": "(own / 'new.txt').write_text('x'); os.mkdir(own / 'd'); shutil.rmtree(own / 'd')",
    "read": "assert (foreign / 'kept.txt').read_text() == 'kept'",
    "nowhere": "open(os.devnull, 'w').write('x')",
    "import": "sys.path.insert(0, str(foreign)); import helper; assert helper.HERE",
    "import in a process of its own": "import subprocess; subprocess.run([sys.executable, '-c', "
    "'import helper'], cwd=foreign, check=True)",
}


def guarded(act: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    own, foreign = tmp_path / "own", tmp_path / "foreign"
    own.mkdir()
    foreign.mkdir()
    (foreign / "kept.txt").write_text("kept")
    (foreign / "helper.py").write_text("HERE = True")
    # What lies in the directory for temporary files is nobody's: here only `own` does.
    command = [sys.executable, "-c", GUARDED.format(act=act), str(own), str(foreign)]
    environment = {"PATH": "", "TMPDIR": str(own), "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, cwd=own
    )


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "foreign").iterdir())


@pytest.mark.parametrize("act", ACTS)
def test_what_is_not_its_own_is_never_changed(act: str, tmp_path: Path) -> None:
    ended = guarded(ACTS[act], tmp_path)
    assert ended.returncode == 1
    assert "WouldWriteError" in ended.stderr
    assert "--in-place" in ended.stderr
    assert kept(tmp_path) == ["helper.py", "kept.txt"]
    assert (tmp_path / "foreign" / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("act", FINE)
def test_its_own_may_be_changed_and_others_read(act: str, tmp_path: Path) -> None:
    ended = guarded(FINE[act], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert kept(tmp_path) == ["helper.py", "kept.txt"]
