"""Places to write to, looked at before a training of hours rather than after it."""

from __future__ import annotations

import os
from pathlib import Path

from snellen.core import SnellenError


class PlaceError(SnellenError):
    """A file could not be written where the user wants it."""


def require_place(path: Path | None, option: str, *, new: bool = False) -> None:
    """Raise `PlaceError` unless a file can be made at `path`, or in it if it is a directory.

    `new`: there must be no such file yet.
    """
    if path is None:
        return
    if new and path.is_file():
        raise PlaceError(f"{option}: {path} exists already; name a new file")
    directory = path if path.is_dir() else path.parent
    if not directory.is_dir():
        raise PlaceError(f"{option}: there is no directory {directory}; make it first")
    if not os.access(directory, os.W_OK):
        raise PlaceError(f"{option}: {directory} can't be written to; name another place")
