"""Opens a run file for reading, wherever it lies and whatever state it is in."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from snellen.record.errors import (
    RunFileDamagedError,
    RunFileEmptyError,
    RunFileForeignError,
    RunFileMissingError,
    RunFileNewerError,
    RunFileReadError,
)
from snellen.record.schema import APPLICATION_ID, SCHEMA_VERSION

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that sees one state of the file, the last flushed, while a writer may write on.

    Nothing is written to the file. Raises a `RunFileError` that says why the file can't be read,
    also for what SQLite meets inside the block.
    """
    _check(path)
    try:
        with _connected(path) as connection:
            connection.execute("BEGIN")
            yield connection
    except (sqlite3.Error, UnicodeError) as exc:
        # The second one where SQLite quotes, in its message, damaged text.
        raise RunFileDamagedError(path, str(exc)) from exc


@contextmanager
def _connected(path: Path) -> Generator[sqlite3.Connection]:
    try:
        connection = _reading(path, "mode=ro")
    except sqlite3.OperationalError:
        # SQLite wants to make files beside the run, and may not: a read-only directory or disk.
        log = Path(f"{path}-wal")
        if log.is_file() and log.stat().st_size:
            with tempfile.TemporaryDirectory(prefix="snellen-") as directory:
                copy = Path(directory) / "run"
                shutil.copyfile(path, copy)
                shutil.copyfile(log, f"{copy}-wal")
                with closing(_reading(copy, "mode=rw")) as connection:
                    yield connection
            return
        connection = _reading(path, "mode=ro&immutable=1")
    with closing(connection):
        yield connection


def _reading(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM manifest").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check(path: Path) -> None:
    """Raise what is wrong with the file, as far as its first bytes tell."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError as exc:
        raise RunFileMissingError(path) from exc
    except IsADirectoryError as exc:
        raise RunFileForeignError(
            path, "a directory; expected a run file; pass one of the *.snellen files in it"
        ) from exc
    except OSError as exc:
        raise RunFileReadError(
            path,
            f"can't be read ({exc.strerror}); expected a file that you may read; "
            "check its permissions, or copy it to a place of your own",
        ) from exc
    if not header:
        raise RunFileEmptyError(path)
    if not header.startswith(_MAGIC[: len(header)]):
        raise RunFileForeignError(
            path,
            f"not a run file: it begins with {header[:16]!r}, not with {_MAGIC!r}; "
            "pass a file that `snellen run` has written (*.snellen)",
        )
    if len(header) < _HEADER_BYTES:
        raise RunFileDamagedError(path, f"{len(header)} bytes, less than its header")
    application, version = _number(header, 68), _number(header, 60)
    if application != APPLICATION_ID:
        raise RunFileForeignError(
            path,
            f"an SQLite database of another program (application id {application:#x}, expected "
            f"{APPLICATION_ID:#x}); pass a file that `snellen run` has written (*.snellen)",
        )
    if version > SCHEMA_VERSION:
        raise RunFileNewerError(path, version, SCHEMA_VERSION)
    if version < 1:
        raise RunFileDamagedError(path, f"schema version {version}")
    # With a log beside it, the file may lag behind what its header says.
    expected = _number(header, 28) * _page_size(header)
    if size < expected and not Path(f"{path}-wal").exists():
        raise RunFileDamagedError(path, f"{size} bytes of {expected}: its end is cut off")


def _number(header: bytes, start: int) -> int:
    return int.from_bytes(header[start : start + 4], "big")


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else size
