"""Puts the verdicts into a run file that is finished."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from snellen.record.errors import write_error
from snellen.record.opening import opened
from snellen.record.text import to_json

_BUSY_SECONDS = 5.0


def store_verdicts(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Verdicts as plain JSON values, in place of those that are there.

    For a run that was judged after its writer had closed. Raises `RunFileError` for a file that is
    no run or can't be written to; it stays as it was then.
    """
    with opened(path):
        pass
    texts = [(number, to_json(row)) for number, row in enumerate(rows)]
    try:
        with (
            closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection,
            connection,
        ):
            connection.execute("DELETE FROM verdicts")
            connection.executemany("INSERT INTO verdicts VALUES (?, ?)", texts)
    except sqlite3.Error as exc:
        raise write_error(path, exc) from exc
