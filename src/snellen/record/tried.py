"""Adds the results of trials to a run file that is finished, and reads them again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from snellen.record.errors import RunFileDamagedError, write_error
from snellen.record.opening import opened
from snellen.record.schema import TRIALS_TABLE
from snellen.record.text import to_json

_BUSY_SECONDS = 5.0


def store_trial(path: Path, row: Mapping[str, Any]) -> None:
    """Append one trial's result, plain JSON values; those before it stay.

    Each is a transaction of its own: what was stored survives whatever comes after. Raises
    `RunFileError` for a file that is no run or can't be written to.
    """
    with opened(path):
        pass
    text = to_json(row)
    try:
        with (
            closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection,
            connection,
        ):
            connection.execute(TRIALS_TABLE)
            connection.execute("INSERT INTO trials (trial) VALUES (?)", (text,))
    except sqlite3.Error as exc:
        raise write_error(path, exc) from exc


def trials(path: Path | str) -> list[dict[str, Any]]:
    """The results as they were stored, in that order; `[]` where nothing was tried. Raises
    `RunFileError`."""
    place = Path(path)
    with opened(place) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'trials'").fetchone()
        if known is None:
            return []
        rows = connection.execute("SELECT trial FROM trials ORDER BY number").fetchall()
    try:
        return [json.loads(text) for (text,) in rows]
    except ValueError as exc:
        raise RunFileDamagedError(place, f"{type(exc).__name__}: {exc}") from exc
