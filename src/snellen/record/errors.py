"""What can be wrong with a run file, each with what to do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from snellen.core import SnellenError


class RunFileError(SnellenError):
    """A run file can't be made, written or read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        """The file concerned."""


class RunFileExistsError(RunFileError):
    """The place for a new run file is taken."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "there is something of this name already, and a run never writes into an existing "
            "file; pass another name, or remove it first",
        )


class RunFileWriteError(RunFileError):
    """The run file can't be made or written. What was flushed before stays readable."""


class RunFileFullError(RunFileWriteError):
    """There is no room left for the run file. What was flushed before stays readable."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "the disk is full, so nothing more of this run can be kept; what was written before is "
            "still readable; free some room, or put the run file on another disk",
        )


class RunFileMissingError(RunFileError):
    """There is no file of this name."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "there is no such file; expected a run file (*.snellen) that `snellen run` has written",
        )


class RunFileEmptyError(RunFileError):
    """The file holds nothing: the run ended before its file was set up."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "the file is empty (0 bytes); expected a run; the run has only just begun, or was "
            "stopped before anything was seen: read the file again in a moment, or remove it and "
            "run the script again",
        )


class RunFileForeignError(RunFileError):
    """The file is not one of ours."""


class RunFileNewerError(RunFileError):
    """The file was written by a later release."""

    def __init__(self, path: Path, met: int, expected: int) -> None:
        super().__init__(
            path,
            f"a run file of schema version {met}; this snellen reads version {expected}; read it "
            "with the release that wrote it or a later one (`pip install --upgrade snellen`)",
        )
        self.met = met
        self.expected = expected


class RunFileReadError(RunFileError):
    """The file is there, but the system does not let it be read."""


class RunFileDamagedError(RunFileError):
    """The file is a run file, but not a whole one."""

    def __init__(self, path: Path, met: str) -> None:
        super().__init__(
            path,
            f"a damaged run file ({met}); expected a whole one; if it was copied, copy it again "
            f"together with {path.name}-wal where there is one, best after the run has ended",
        )


def write_error(path: Path, error: sqlite3.Error | OSError) -> RunFileWriteError:
    """What SQLite or the system said about writing, in our words."""
    if isinstance(error, sqlite3.Error):
        # SQLITE_FULL; sqlite3 raises some errors of its own, which have no code.
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return RunFileFullError(path)
        met = str(error)
    else:
        met = error.strerror or str(error)
    return RunFileWriteError(
        path,
        f"can't be written ({met}); expected a place where new files can be made and grow; "
        "pass another place for the run file",
    )
