"""What came of the trials that a run file holds."""

from __future__ import annotations

import contextlib
from pathlib import Path

from snellen.record import trials
from snellen.trials.trial import Done


def tried(path: Path) -> list[Done]:
    """In the order they ended, without those that a later release has made. Raises
    `RunFileError`."""
    known: list[Done] = []
    for row in trials(path):
        with contextlib.suppress(KeyError, TypeError):
            known.append(Done.from_json(row))
    return known
