"""Reading: whatever lies at the path, a run comes out or an error that says what to do."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from record.samples import moment, write_run
from snellen.record import (
    Clock,
    RunFileDamagedError,
    RunFileEmptyError,
    RunFileError,
    RunFileForeignError,
    RunFileMissingError,
    RunFileNewerError,
    RunWriter,
    opening,
    read,
    thumbnails,
    verdicts,
)
from snellen.record.schema import APPLICATION_ID, SCHEMA_VERSION


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE manifest (key, value)")
    connection.close()


def newer(path: Path) -> None:
    write_run(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def older(path: Path) -> None:
    write_run(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 0")
    connection.close()


def without_a_table(path: Path) -> None:
    write_run(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE losses")
        connection.execute("DROP TABLE verdicts")
        connection.execute("DROP TABLE thumbnails")
    connection.close()


UNREADABLE = {
    "missing": (lambda path: None, RunFileMissingError, "no such file"),
    "missing directory": (lambda path: None, RunFileMissingError, "no such file"),
    "directory": (Path.mkdir, RunFileForeignError, "a directory"),
    "empty": (Path.touch, RunFileEmptyError, "0 bytes"),
    "text": (lambda path: path.write_text("epoch,loss\n"), RunFileForeignError, "begins with"),
    "one byte": (lambda path: path.write_bytes(b"S"), RunFileDamagedError, "1 bytes"),
    "foreign database": (foreign_database, RunFileForeignError, "another program"),
    "newer": (newer, RunFileNewerError, "schema version 2; this snellen reads version 1"),
    "older": (older, RunFileDamagedError, "schema version 0"),
    "without a table": (without_a_table, RunFileDamagedError, "no such table"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_says_what_is_wrong(tmp_path: Path, what: str) -> None:
    make, error, message = UNREADABLE[what]
    path = tmp_path / ("no/such/x.snellen" if what == "missing directory" else "x.snellen")
    make(path)

    for reading in (
        lambda: read(path),
        lambda: list(thumbnails(path, "Net", "c1")),
        lambda: verdicts(path),
    ):
        with pytest.raises(error, match=re.escape(message)) as caught:
            reading()
        assert caught.value.path == path
        assert str(caught.value).startswith(f"{path}: ")
        assert "expected" in str(caught.value) or what in ("foreign database", "newer", "text")
    assert path.exists() != what.startswith("missing")


def test_a_newer_file_says_which_versions(tmp_path: Path) -> None:
    newer(tmp_path / "x.snellen")

    with pytest.raises(RunFileNewerError) as caught:
        read(tmp_path / "x.snellen")

    assert (caught.value.met, caught.value.expected) == (SCHEMA_VERSION + 1, SCHEMA_VERSION)


@pytest.mark.parametrize("name", ["a b.snellen", "50%.snellen", "what?mode=rwc#x", "größe.snellen"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / name)

    assert len(read(tmp_path / name).subjects) == 1


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "whole", steps=3)
    whole = (tmp_path / "whole").read_bytes()
    lengths = {0, 1, 15, 16, 99, 100, 101, 4095, 4096, 4097, len(whole) - 1}
    lengths |= set(range(0, len(whole), 1999)) | set(range(0, len(whole), 4096))

    for length in sorted(lengths):
        path = tmp_path / "cut"
        path.write_bytes(whole[:length])
        with pytest.raises(RunFileError):
            read(path)


def test_a_log_cut_off_anywhere_gives_an_earlier_state(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "x", {})
    subject = writer.add_subject("Net", "torch", {})
    for step in range(10):
        writer.add_moment(subject, moment(step))
        writer.flush()
    log = (tmp_path / "x-wal").read_bytes()
    shutil.copyfile(tmp_path / "x", tmp_path / "y")
    writer.close()

    counts: list[int] = []
    for length in range(0, len(log) + 1, len(log) // 40):
        (tmp_path / "y-shm").unlink(missing_ok=True)
        (tmp_path / "y-wal").write_bytes(log[:length])
        counts.append(sum(len(x.moments) for x in read(tmp_path / "y").subjects))

    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] in (9, 10)


def test_damage_anywhere_is_an_error_of_ours_or_none(tmp_path: Path) -> None:
    write_run(tmp_path / "whole", steps=3)
    whole = (tmp_path / "whole").read_bytes()
    rng = random.Random(1)
    refused = 0

    for _ in range(300):
        damaged = bytearray(whole)
        start = rng.randrange(100, len(whole))
        length = rng.choice((1, 1, 8, 500))
        damaged[start : start + length] = rng.randbytes(len(damaged[start : start + length]))
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            read(tmp_path / "damaged")
            list(thumbnails(tmp_path / "damaged", "Net", "c1"))
            verdicts(tmp_path / "damaged")
        except RunFileError:
            refused += 1

    assert refused > 30, "hardly any of the damage was met"


def test_damage_in_the_tables_own_text_is_damage(tmp_path: Path) -> None:
    """SQLite quotes it in its message, which then is no text that Python can read."""
    path = tmp_path / "x.snellen"
    write_run(path)
    whole = path.read_bytes()
    damaged = whole.replace(b"CREATE TABLE losses (", b"CREATE TABLE \x86\x86sses (")
    assert damaged != whole
    path.write_bytes(damaged)

    with pytest.raises(RunFileDamagedError):
        read(path)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE statistics SET value = x'00'",
        "UPDATE statistics SET value = 'text'",
        "UPDATE losses SET value = x'789c'",
        "UPDATE subjects SET facts = '{'",
        "UPDATE subjects SET facts = x'ff'",
        "UPDATE layers SET description = '[]'",
        "UPDATE layers SET description = '3'",
        'UPDATE layers SET description = \'{"kind": "spleen"}\'',
        "UPDATE moments SET clock = 'sundial'",
        "UPDATE manifest SET value = 'nonsense'",
        "UPDATE events SET subject = 99",
        "DELETE FROM subjects; DROP TABLE moments",
        "UPDATE verdicts SET verdict = '7.5.1'",
    ],
)
def test_rows_that_make_no_sense_are_damage(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "x.snellen"
    write_run(path)
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()

    reading = verdicts if "verdicts" in sql else read
    with pytest.raises(RunFileDamagedError):
        reading(path)


# Places that can't be written to.


def read_only_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite make no files beside the run, as on a read-only disk. (Root may write everywhere,
    so permissions would show nothing.)"""
    real = opening._reading

    def refusing(path: Path, how: str) -> sqlite3.Connection:
        if how == "mode=ro":
            raise sqlite3.OperationalError("unable to open database file")
        return real(path, how)

    monkeypatch.setattr(opening, "_reading", refusing)


def test_a_closed_run_is_read_without_making_a_file(tmp_path: Path) -> None:
    write_run(tmp_path / "x.snellen")
    before = (tmp_path / "x.snellen").stat().st_mtime_ns

    read(tmp_path / "x.snellen")

    assert [x.name for x in tmp_path.iterdir()] == ["x.snellen"]
    assert (tmp_path / "x.snellen").stat().st_mtime_ns == before


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
def test_a_run_is_read_from_a_read_only_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    path = tmp_path / "x.snellen"
    writer = RunWriter.create(tmp_path / "original", {})
    subject = writer.add_subject("Net", "torch", {})
    writer.add_moment(subject, moment(3, Clock.INLINE))
    writer.flush()
    if closed:
        writer.close()
    shutil.copyfile(tmp_path / "original", path)
    if not closed:
        shutil.copyfile(tmp_path / "original-wal", f"{path}-wal")
        writer.close()
    read_only_places(monkeypatch)

    assert read(path).subjects[0].moments == (moment(3, Clock.INLINE),)
    assert not Path(f"{path}-shm").exists()


def test_a_log_marked_file_without_its_log_is_read_from_a_read_only_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.snellen"
    write_run(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    read_only_places(monkeypatch)

    assert len(read(path).subjects[0].moments) == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_run_is_read_from_a_directory_that_may_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "place" / "x.snellen"
    path.parent.mkdir()
    write_run(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    path.parent.chmod(0o500)
    try:
        assert len(read(path).subjects[0].moments) == 5
    finally:
        path.parent.chmod(0o700)


def test_the_mark_spells_our_name() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"SNLN"
