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
from snellen.record.schema import FIXES_TABLE, TRIALS_TABLE
from snellen.record.text import to_json

_BUSY_SECONDS = 5.0


def store_trial(path: Path, row: Mapping[str, Any]) -> None:
    """Append one trial's result, plain JSON values; those before it stay.

    Each is a transaction of its own: what was stored survives whatever comes after. Raises
    `RunFileError` for a file that is no run or can't be written to.
    """
    _append(path, TRIALS_TABLE, "INSERT INTO trials (trial) VALUES (?)", row)


def trials(path: Path | str) -> list[dict[str, Any]]:
    """The results as they were stored, in that order; `[]` where nothing was tried. Raises
    `RunFileError`."""
    return _rows(Path(path), "trials", "SELECT trial FROM trials ORDER BY number")


def store_fix(path: Path, plan: Mapping[str, Any]) -> None:
    """Append which remedies are tried, plain JSON values; the last one stored counts. Raises
    `RunFileError` as `store_trial` does."""
    if fix(path) != plan:
        _append(path, FIXES_TABLE, "INSERT INTO fixes (plan) VALUES (?)", plan)


def fix(path: Path | str) -> dict[str, Any] | None:
    """The remedies that were tried last; `None` where none were. Raises `RunFileError`."""
    rows = _rows(Path(path), "fixes", "SELECT plan FROM fixes ORDER BY number DESC LIMIT 1")
    return rows[0] if rows else None


def _append(path: Path, table: str, insert: str, row: Mapping[str, Any]) -> None:
    with opened(path):
        pass
    text = to_json(row)
    try:
        with (
            closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection,
            connection,
        ):
            connection.execute(table)
            connection.execute(insert, (text,))
    except sqlite3.Error as exc:
        raise write_error(path, exc) from exc


def _rows(place: Path, table: str, select: str) -> list[dict[str, Any]]:
    with opened(place) as connection:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        if known is None:
            return []
        rows = connection.execute(select).fetchall()
    try:
        return [json.loads(text) for (text,) in rows]
    except ValueError as exc:
        raise RunFileDamagedError(place, f"{type(exc).__name__}: {exc}") from exc
