"""Writing: one file for one run, in one process, and what happens when there is no room."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from record.samples import layer, moment, weights, write_run
from snellen.record import (
    Clock,
    RunFileError,
    RunFileExistsError,
    RunFileFullError,
    RunFileWriteError,
    RunWriter,
    read,
    thumbnails,
)
from snellen.record.writer import BUFFER_BYTES
from snellen.stats import WeightState

NOW = datetime(2026, 11, 22, 19, 30, 0)


def run_python(code: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    """In a process of its own, without any framework."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def names(directory: Path) -> list[str]:
    return sorted(x.name for x in directory.iterdir())


# Where it goes.


@pytest.mark.parametrize("what", ["run", "file", "directory", "dangling link"])
def test_never_writes_into_what_exists(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.snellen"
    if what == "run":
        write_run(path)
    elif what == "file":
        path.write_bytes(b"precious")
    elif what == "directory":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(RunFileExistsError, match=r"x\.snellen: .* pass another name, or remove"):
        RunWriter.create(path, {})

    assert names(tmp_path) == ["x.snellen"]
    assert before is None or path.read_bytes() == before


def test_of_many_that_want_one_path_one_gets_it(tmp_path: Path) -> None:
    def attempt(number: int) -> RunWriter | RunFileExistsError:
        try:
            return RunWriter.create(tmp_path / "x.snellen", {"number": number})
        except RunFileExistsError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(24)))

    (winner,) = (x for x in results if isinstance(x, RunWriter))
    winner.close()
    assert read(tmp_path / "x.snellen").manifest["number"] in range(24)


def test_the_default_name_is_free_and_says_when(tmp_path: Path) -> None:
    for _ in range(3):
        RunWriter.create_at(tmp_path, "train", {}, now=NOW).close()

    assert names(tmp_path) == [
        "train-20261122-193000-2.snellen",
        "train-20261122-193000-3.snellen",
        "train-20261122-193000.snellen",
    ]


@pytest.mark.parametrize(
    ("stem", "name"),
    [("my net", "my-net"), ("pkg.train", "pkg.train"), ("../../etc/x", "etc-x"), ("<>", "run")],
)
def test_the_default_name_is_one_that_any_system_takes(
    tmp_path: Path, stem: str, name: str
) -> None:
    with RunWriter.create_at(tmp_path, stem, {}, now=NOW) as writer:
        assert writer.path == tmp_path / f"{name}-20261122-193000.snellen"


def test_without_a_place_it_goes_to_the_current_directory_and_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with RunWriter.create_at(None, "train", {}, now=NOW) as writer:
        monkeypatch.chdir(elsewhere)
        writer.add_event("note", "x")

    assert writer.path == tmp_path / "train-20261122-193000.snellen"
    assert len(read(writer.path).events) == 1
    assert names(elsewhere) == []


def test_a_given_place_is_never_changed_for_another(tmp_path: Path) -> None:
    RunWriter.create_at(tmp_path / "x.snellen", "train", {}).close()

    with pytest.raises(RunFileExistsError):
        RunWriter.create_at(tmp_path / "x.snellen", "train", {})


@pytest.mark.parametrize("place", ["no/such/place.snellen", "file/x.snellen"])
def test_a_place_that_can_not_be_is_said_so(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RunFileWriteError, match="pass another place"):
        RunWriter.create(tmp_path / place, {})


def test_a_manifest_that_can_not_be_kept_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="plain JSON"):
        RunWriter.create(tmp_path / "x.snellen", {"model": object()})

    assert names(tmp_path) == []


def test_leftovers_of_a_removed_run_do_not_enter_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "x.snellen"
    old = RunWriter.create(path, {"which": "old"})
    old.add_event("note", "old")
    old.flush()
    leftover = Path(f"{path}-wal").read_bytes()
    old.close()
    path.unlink()
    Path(f"{path}-wal").write_bytes(leftover)

    with RunWriter.create(path, {"which": "new"}) as writer:
        writer.add_event("note", "new")

    assert read(path).manifest["which"] == "new"
    assert [x.text for x in read(path).events] == ["new"]


# What it leaves.


def test_a_closed_run_is_one_file(tmp_path: Path) -> None:
    write_run(tmp_path / "x.snellen")

    assert names(tmp_path) == ["x.snellen"]
    assert read(tmp_path / "x.snellen").manifest["closed"] is True
    # The header's word for "needs no log", without which a read-only place would be a problem.
    assert (tmp_path / "x.snellen").read_bytes()[18:20] == b"\1\1"


def test_closing_twice_is_nothing_and_writing_afterwards_is_refused(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    writer.close()
    writer.close()

    with pytest.raises(RunFileError, match="closed"):
        writer.add_event("note", "too late")
    with pytest.raises(RunFileError, match="closed"):
        writer.flush()


def test_nothing_is_written_before_the_flush(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x.snellen", {}) as writer:
        writer.add_event("note", "waits")
        assert read(writer.path).events == ()
        writer.flush()
        assert len(read(writer.path).events) == 1


def test_a_full_buffer_is_written_without_being_asked(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=2**16)
    value = WeightState(noise, noise[::-1], noise + 1, 0.0, 0, np.zeros(0), np.zeros(0))
    with RunWriter.create(tmp_path / "x.snellen", {}) as writer:
        subject = writer.add_subject("Net", "torch", {})
        for step in range(BUFFER_BYTES // 2**20 + 1):
            writer.add_statistic(subject, step, Clock.PROBE, "c", "", value)

        assert len(read(writer.path).subjects[0].history("c", WeightState)) >= 2


def test_an_interrupted_flush_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may come at any line: also when the rows are in, and still counted as gathered."""
    from snellen.record import writer as module

    real = module._in_one_transaction

    def interrupted(connection: sqlite3.Connection, rows: Any) -> None:
        real(connection, rows)
        raise KeyboardInterrupt

    writer = RunWriter.create(tmp_path / "x.snellen", {})
    subject = writer.add_subject("Net", "torch", {})
    writer.set_layers(subject, [layer("c")])
    writer.add_moment(subject, moment(0))
    writer.add_statistic(subject, 0, Clock.PROBE, "c", "", weights(0))
    writer.add_losses(subject, "train", [(0, 1.0)])
    writer.add_event("note", "x")
    writer.set_verdicts([{}])
    monkeypatch.setattr(module, "_in_one_transaction", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    monkeypatch.undo()
    writer.close()

    (net,) = read(writer.path).subjects
    assert (len(net.moments), len(net.layers)) == (1, 1)
    assert len(net.history("c", WeightState)) == 1
    assert net.losses["train"].steps.tolist() == [0]
    assert len(read(writer.path).events) == 1


def test_a_flush_that_fails_half_way_leaves_nothing_of_itself(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x.snellen", {}) as writer:
        writer.add_event("note", "first")
        writer._put("INSERT INTO nowhere VALUES (1)", ())
        with pytest.raises(RunFileWriteError, match="nowhere"):
            writer.flush()
        assert read(writer.path).events == ()
        writer._rows.pop()

    assert [x.text for x in read(writer.path).events] == ["first"]


def test_subjects_must_have_names_of_their_own(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "x.snellen", {}) as writer:
        writer.add_subject("Net", "torch", {})
        with pytest.raises(ValueError, match="already"):
            writer.add_subject("Net", "torch", {})


# Threads and processes.


def test_any_thread_may_write(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    subject = writer.add_subject("Net", "torch", {})

    def work(thread: int) -> None:
        for step in range(50):
            writer.add_statistic(subject, step, Clock.PROBE, f"c{thread}", "", weights(step))
            writer.flush()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    (net,) = read(writer.path).subjects
    assert [len(net.history(f"c{i}", WeightState)) for i in range(4)] == [50] * 4


@pytest.mark.parametrize("ending", ["sys.exit()", "os._exit(0)", "writer.close(); sys.exit()"])
def test_a_forked_child_writes_nothing_and_does_no_harm(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "x.snellen"
    done = run_python(
        f"""
        import gc, os, sys
        from pathlib import Path
        from snellen.record import RunWriter, read

        path = Path(sys.argv[1])
        writer = RunWriter.create(path, {{}})
        writer.add_event("note", "parent, before")
        writer.flush()
        writer.add_event("note", "parent, gathered")
        for _ in range(5):
            child = os.fork()
            if child == 0:
                subject = writer.add_subject("Child", "torch", {{}})
                writer.update_facts(subject, {{"a": 1}})
                writer.add_losses(subject, "train", [(0, 1.0)])
                writer.add_event("note", "child")
                writer.thin(subject)
                for image in range(8):  # More than the buffer holds.
                    writer.add_thumbnail(subject, "c", 0, image, 0, 0.0, 1.0, bytes(2**20))
                writer.flush()
                {ending}
            assert os.waitpid(child, 0)[1] == 0
            assert Path(f"{{path}}-wal").stat().st_size > 0, "the child closed the log"
            writer.add_event("note", "parent, after")
            writer.flush()
        del writer
        gc.collect()
        os._exit(0)
        """,
        path,
    )

    assert (done.returncode, done.stderr) == (0, "")
    run = read(path)
    assert run.subjects == ()
    texts = [x.text for x in run.events]
    assert texts == ["parent, before", "parent, gathered"] + ["parent, after"] * 5


def test_an_orphaned_child_does_not_close_the_log(tmp_path: Path) -> None:
    """The parent is gone, so SQLite in the child would think itself the last user of the file."""
    path = tmp_path / "x.snellen"
    done = run_python(
        """
        import os, sys, time
        from pathlib import Path
        from snellen.record import RunWriter

        writer = RunWriter.create(Path(sys.argv[1]), {})
        writer.add_event("note", "kept")
        writer.flush()
        ours, theirs = os.pipe()
        if os.fork() == 0:
            os.close(theirs)
            os.read(ours, 1)  # Returns when the parent has gone.
            sys.exit()
        os._exit(0)
        """,
        path,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert Path(f"{path}-wal").stat().st_size > 0
    assert [x.text for x in read(path).events] == ["kept"]


def test_many_readers_follow_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "x.snellen"
    writer = RunWriter.create(path, {})
    subject = writer.add_subject("Net", "torch", {})
    writer.flush()
    ended = threading.Event()

    def follow(_: int) -> int:
        seen = 0
        while not ended.is_set():
            (net,) = read(path).subjects
            # One state: the moments and the statistics of a flush are there together or not at all.
            assert len(net.moments) == len(net.history("c", WeightState)) >= seen
            seen = len(net.moments)
        return seen

    with ThreadPoolExecutor(2) as pool:
        seen = pool.map(follow, range(2))
        for step in range(60):
            writer.add_moment(subject, moment(step))
            writer.add_statistic(subject, step, Clock.PROBE, "c", "", weights(step, 3000))
            writer.flush()
        writer.close()
        ended.set()
        assert min(seen) > 0

    assert names(tmp_path) == ["x.snellen"] or read(path).manifest["closed"]
    assert len(read(path).subjects[0].moments) == 60


def test_a_reader_that_has_the_file_open_does_not_keep_it_from_closing(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    subject = writer.add_subject("Net", "torch", {})
    for image in range(2):
        writer.add_thumbnail(subject, "c", 0, image, 0, 0.0, 1.0, b"png")
    writer.flush()
    pictures = thumbnails(writer.path, "Net", "c")
    next(pictures)

    writer.add_event("note", "last")
    writer.close()

    assert next(pictures).image == 1
    assert [x.text for x in read(writer.path).events] == ["last"]


# No room.


def fill(writer: RunWriter, steps: range) -> None:
    subject = 1
    for step in steps:
        writer.add_statistic(subject, step, Clock.PROBE, "c", "", weights(step, 2000))
        writer.flush()


def test_a_full_disk_is_said_and_what_was_flushed_stays(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    writer.add_subject("Net", "torch", {})
    fill(writer, range(5))
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    with pytest.raises(RunFileFullError, match=r"x\.snellen: the disk is full.* still readable"):
        fill(writer, range(5, 50))
    flushed = [x.step for x in read(writer.path).subjects[0].history("c", WeightState)]
    with pytest.raises(RunFileFullError):
        writer.close()

    assert flushed[:5] == [0, 1, 2, 3, 4]
    assert [x.step for x in read(writer.path).subjects[0].history("c", WeightState)] == flushed
    writer.close()


def test_when_there_is_room_again_nothing_is_lost(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    subject = writer.add_subject("Net", "torch", {})
    writer.flush()
    writer._connection.execute("PRAGMA max_page_count = 1")
    writer.add_losses(subject, "train", [(0, 1.0)])
    writer.add_statistic(subject, 0, Clock.PROBE, "c", "", weights(0, 5000))
    with pytest.raises(RunFileFullError):
        writer.flush()
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    writer.add_losses(subject, "train", [(1, 0.5)])
    writer.close()

    (net,) = read(writer.path).subjects
    assert net.losses["train"].steps.tolist() == [0, 1]
    assert len(net.history("c", WeightState)) == 1


def test_a_disk_that_stays_full_does_not_fill_the_memory(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x.snellen", {})
    subject = writer.add_subject("Net", "torch", {})
    writer.flush()
    writer._connection.execute("PRAGMA max_page_count = 1")
    picture = os.urandom(2**20)

    refused = 0
    for image in range(40):
        try:
            writer.add_thumbnail(subject, "c", 0, image, 0, 0.0, 1.0, picture)
        except RunFileFullError:
            refused += 1

    assert refused >= 40 - BUFFER_BYTES // 2**20 - 1
    assert writer._bytes < BUFFER_BYTES + 2 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
def test_a_write_that_the_system_refuses_is_said(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE
    done = run_python(
        """
        import resource, sys
        from pathlib import Path
        from record.test_writer import fill
        from snellen.record import RunFileWriteError, RunWriter

        resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, 2**19))
        writer = RunWriter.create(Path(sys.argv[1]), {})
        writer.add_subject("Net", "torch", {})
        try:
            fill(writer, range(1000))
        except RunFileWriteError as error:
            print(error)
            sys.exit(7)
        """,
        tmp_path / "x.snellen",
    )

    assert done.returncode == 7, done.stderr
    assert "x.snellen" in done.stdout
    entries = read(tmp_path / "x.snellen").subjects[0].history("c", WeightState)
    assert [x.step for x in entries] == list(range(len(entries)))
    assert len(entries) > 1
