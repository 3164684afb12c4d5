"""Reads a run file back into plain values, without the framework that made them."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from snellen.core import Layer
from snellen.record.blob import decode
from snellen.record.errors import RunFileDamagedError
from snellen.record.opening import opened
from snellen.record.run import (
    Clock,
    Entry,
    Event,
    LossSeries,
    Moment,
    RunContents,
    Subject,
    Thumbnail,
)
from snellen.record.text import layer_from_json
from snellen.stats import Statistic


def read(path: Path | str) -> RunContents:
    """Everything in a run file but its thumbnails and verdicts. Raises `RunFileError`.

    While the run is being written this is its state at the last flush. A statistic that this
    release does not know is left out, and an event of the kind `note` says so.
    """
    with _decoding(path) as connection:
        names = dict(connection.execute("SELECT subject, name FROM subjects").fetchall())
        skipped = _Skipped()
        subjects = tuple(_subject(connection, number, skipped) for number in sorted(names))
        events = [
            Event(kind, text, step, None if subject is None else names[subject])
            for kind, text, step, subject in connection.execute(
                "SELECT kind, text, step, subject FROM events ORDER BY number"
            )
        ]
        return RunContents(_manifest(connection), subjects, (*events, *skipped.events()))


def thumbnails(
    path: Path, subject: str, layer: str, step: int | None = None
) -> Iterator[Thumbnail]:
    """The pictures of one layer, of one step or of all, ordered by step, image and channel.

    One that the run has not gives none. Raises `RunFileError`. The file stays open until the last
    one is taken or the iterator is closed.
    """
    with _decoding(path) as connection:
        rows = connection.execute(
            "SELECT step, image, channel, low, high, png "
            "FROM thumbnails JOIN subjects USING (subject) "
            "WHERE name = ?1 AND layer = ?2 AND (?3 IS NULL OR step = ?3) "
            "ORDER BY step, image, channel",
            (subject, layer, step),
        )
        for at, image, channel, low, high, png in rows:
            yield Thumbnail(subject, layer, at, image, channel, low, high, png)


def verdicts(path: Path | str) -> list[dict[str, Any]]:
    """The verdicts as they were stored; `[]` before the run was judged. Raises `RunFileError`."""
    with _decoding(path) as connection:
        rows = connection.execute("SELECT verdict FROM verdicts ORDER BY number")
        return [json.loads(text) for (text,) in rows]


@contextmanager
def _decoding(place: Path | str) -> Generator[sqlite3.Connection]:
    path = Path(place)
    with opened(path) as connection:
        try:
            yield connection
        except (ValueError, TypeError, KeyError, OverflowError) as exc:
            raise RunFileDamagedError(path, f"{type(exc).__name__}: {exc}") from exc


@dataclass
class _Skipped:
    """Names of statistics that can't be understood here."""

    names: set[str] = field(default_factory=set[str])

    def events(self) -> tuple[Event, ...]:
        if not self.names:
            return ()
        return (
            Event(
                "note",
                f"left out what this release of snellen can't read: "
                f"{', '.join(sorted(self.names))}; the release that wrote this file can",
            ),
        )


def _manifest(connection: sqlite3.Connection) -> dict[str, Any]:
    rows = connection.execute("SELECT key, value FROM manifest ORDER BY key")
    return {key: json.loads(value) for key, value in rows}


def _subject(connection: sqlite3.Connection, number: int, skipped: _Skipped) -> Subject:
    name, framework, facts = connection.execute(
        "SELECT name, framework, facts FROM subjects WHERE subject = ?", (number,)
    ).fetchone()
    return Subject(
        name=name,
        framework=framework,
        facts=json.loads(facts),
        layers=_layers(connection, number),
        moments=_moments(connection, number),
        losses=_losses(connection, number),
        statistics=_statistics(connection, number, skipped),
    )


def _layers(connection: sqlite3.Connection, number: int) -> tuple[Layer, ...]:
    rows = connection.execute(
        "SELECT description FROM layers WHERE subject = ? ORDER BY number", (number,)
    )
    return tuple(layer_from_json(description) for (description,) in rows)


def _moments(connection: sqlite3.Connection, number: int) -> tuple[Moment, ...]:
    rows = connection.execute(
        "SELECT step, clock, epoch, seconds, cost_seconds, facts FROM moments "
        "WHERE subject = ? ORDER BY number",
        (number,),
    )
    return tuple(
        Moment(step, Clock(clock), epoch, seconds, cost, json.loads(facts))
        for step, clock, epoch, seconds, cost, facts in rows
    )


def _losses(connection: sqlite3.Connection, number: int) -> dict[str, LossSeries]:
    chunks: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, value in connection.execute(
        "SELECT kind, value FROM losses WHERE subject = ? ORDER BY kind, number", (number,)
    ):
        chunks[kind].append(decode(value))
    return {
        kind: LossSeries(
            np.concatenate([chunk["steps"] for chunk in parts]).astype(np.int64),
            np.concatenate([chunk["values"] for chunk in parts]).astype(np.float64),
        )
        for kind, parts in chunks.items()
    }


def _statistics(
    connection: sqlite3.Connection, number: int, skipped: _Skipped
) -> dict[tuple[str, str, str], tuple[Entry[Any], ...]]:
    series: defaultdict[tuple[str, str, str], list[Entry[Any]]] = defaultdict(list)
    for layer, name, part, clock, step, value in connection.execute(
        "SELECT layer, statistic, part, clock, step, value FROM statistics "
        "WHERE subject = ? ORDER BY clock, step",
        (number,),
    ):
        kind = Statistic.registry.get(name)
        if kind is None:
            skipped.names.add(name)
            continue
        arrays = decode(value)
        try:
            statistic = kind.from_arrays(arrays)
        except TypeError:
            # Its blob is whole (zlib sums it up), so its fields are those of a later release.
            skipped.names.add(name)
            continue
        series[layer, f"{name}/{part}", clock].append(Entry(step, statistic))
    return {key: tuple(entries) for key, entries in series.items()}
