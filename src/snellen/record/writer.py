"""Writes a run file while training goes on."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from snellen.core import Layer
from snellen.record import retention
from snellen.record.blob import encode
from snellen.record.errors import RunFileError, write_error
from snellen.record.losses import GrowingLosses
from snellen.record.place import claim, claim_place
from snellen.record.run import Moment
from snellen.record.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from snellen.record.text import layer_to_json, to_json
from snellen.stats import Statistic

BUFFER_BYTES = 4 * 2**20
"""More than this is written out without being asked."""

_BUSY_SECONDS = 5.0
"""How long to wait for someone else's lock: readers take none that matter, but other tools may."""
_LOSS_BYTES = 16
_ROW_BYTES = 100

_PICTURES = "thumbnails"
"""Stands for a clock where the steps that have thumbnails are counted."""


class RunWriter:
    """Puts what was seen into a new run file.

    Everything is gathered in memory and written by `flush`, in one transaction: whoever reads the
    file sees all of a flush or nothing of it, and a kill loses what came after the last one. May be
    called from any thread. In a forked child (a data loader's worker) every method does nothing.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """`path` is an empty file that `claim` has made; use `create` or `create_at`."""
        # Absolute: the script may change its directory.
        self.path = path.absolute()
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._closed = False
        self._rows: list[tuple[str, tuple[Any, ...]]] = []
        self._bytes = 0
        self._subjects: dict[int, tuple[str, str, dict[str, Any]]] = {}
        self._losses: defaultdict[tuple[int, str], GrowingLosses] = defaultdict(GrowingLosses)
        self._steps: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
        self._newest: dict[tuple[int, str, str, str, str], int] = {}
        self._moments = 0
        self._events = 0
        self._connection = _set_up(self.path, {"closed": False, **manifest})
        # A child that exits would drop its copy of the connection, and SQLite would then close, in
        # the child, files that it shares with us (sqlite.org/howtocorrupt.html, 2.6). So no
        # finaliser ever gets the connection: only `close` does, and only here.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))

    @classmethod
    def create(cls, path: Path, manifest: Mapping[str, Any]) -> RunWriter:
        """A new run file of that very name. Raises `RunFileExistsError` when there is something."""
        claim(path)
        return cls(path, manifest)

    @classmethod
    def create_at(
        cls,
        place: Path | None,
        stem: str,
        manifest: Mapping[str, Any],
        *,
        now: datetime | None = None,
    ) -> RunWriter:
        """A new run file at `place`: a file name, a directory, or `None` for the current directory.

        In a directory its name is `<stem>-YYYYMMDD-HHMMSS.snellen`, with `-2`, `-3` and so on
        behind it when that is taken.
        """
        return cls(claim_place(place, stem, now or datetime.now()), manifest)

    def add_subject(self, name: str, framework: str, facts: Mapping[str, Any]) -> int:
        """A model of the run; the number is what the other methods want. Names must differ."""
        with self._writing() as here:
            if any(name == other for other, _, _ in self._subjects.values()):
                raise ValueError(
                    f"there is a subject {name!r} already; give each model its own name"
                )
            subject = len(self._subjects) + 1
            if here:
                self._put_subject(subject, name, framework, dict(facts))
            return subject

    def update_facts(self, subject: int, facts: Mapping[str, Any]) -> None:
        """Add to a subject's facts; a key that is there gets the new value."""
        with self._writing() as here:
            if here:
                name, framework, known = self._subjects[subject]
                self._put_subject(subject, name, framework, known | dict(facts))

    def set_layers(self, subject: int, layers: Sequence[Layer]) -> None:
        """All layers, in the order of execution; those set before are forgotten."""
        rows = [(subject, i, x.name, layer_to_json(x)) for i, x in enumerate(layers)]
        with self._writing() as here:
            if here:
                self._put("DELETE FROM layers WHERE subject = ?", (subject,))
                for row in rows:
                    self._put("INSERT INTO layers VALUES (?, ?, ?, ?)", row)

    def add_moment(self, subject: int, moment: Moment) -> None:
        """A second one of the same step and clock takes the place of the first."""
        facts = to_json(moment.facts)
        with self._writing() as here:
            if here:
                self._moments += 1
                self._steps[subject, moment.clock].add(moment.step)
                self._put(
                    "INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        subject,
                        str(moment.clock),
                        moment.step,
                        self._moments,
                        moment.epoch,
                        float(moment.seconds),
                        float(moment.cost_seconds),
                        facts,
                    ),
                )

    def add_statistic(
        self, subject: int, step: int, clock: str, layer: str, part: str, value: Statistic
    ) -> None:
        """A second one of the same step, clock, layer and part takes the place of the first."""
        blob = encode(value.to_arrays())
        with self._writing() as here:
            if here:
                series = (subject, str(clock), layer, part, value.name)
                self._newest[series] = max(step, self._newest.get(series, step))
                self._steps[subject, clock].add(step)
                self._put(
                    "INSERT OR REPLACE INTO statistics VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (subject, str(clock), step, layer, part, value.name, blob),
                )

    def add_losses(self, subject: int, kind: str, points: Sequence[tuple[int, float]]) -> None:
        """Losses as `(step, value)` in ascending steps, after those added before."""
        with self._writing() as here:
            if here:
                self._bytes += _LOSS_BYTES * self._losses[subject, kind].add(points)

    def add_thumbnail(
        self,
        subject: int,
        layer: str,
        step: int,
        image: int,
        channel: int,
        low: float,
        high: float,
        png: bytes,
    ) -> None:
        """The fields are those of `Thumbnail`."""
        with self._writing() as here:
            if here:
                self._steps[subject, _PICTURES].add(step)
                self._put(
                    "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (subject, layer, step, image, channel, float(low), float(high), png),
                )

    def add_event(
        self, kind: str, text: str, step: int | None = None, subject: int | None = None
    ) -> None:
        with self._writing() as here:
            if here:
                self._events += 1
                self._put(
                    "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?)",
                    (self._events, kind, text, step, subject),
                )

    def set_verdicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """All verdicts, as plain JSON values; those set before are forgotten."""
        texts = [to_json(row) for row in rows]
        with self._writing() as here:
            if here:
                self._put("DELETE FROM verdicts", ())
                for number, text in enumerate(texts):
                    self._put("INSERT INTO verdicts VALUES (?, ?)", (number, text))

    def update_manifest(self, entries: Mapping[str, Any]) -> None:
        """Add to the manifest; a key that is there gets the new value."""
        texts = {key: to_json(value) for key, value in entries.items()}
        with self._writing() as here:
            if here:
                for key, text in texts.items():
                    self._put("INSERT OR REPLACE INTO manifest VALUES (?, ?)", (key, text))

    def thin(self, subject: int) -> None:
        """Drop the captures that `retention.keep` does not keep: their moments, statistics and
        pictures.

        The newest value of each statistic stays whatever its step, with all of that step. Cheap:
        call it after every capture.
        """
        with self._writing() as here:
            if not here:
                return
            for (owner, clock), steps in self._steps.items():
                if owner != subject:
                    continue
                dropped = self._outgrown(owner, clock, steps)
                steps -= dropped
                tables = (_PICTURES,) if clock == _PICTURES else ("moments", "statistics")
                where = "subject = ? AND step = ?" + (" AND clock = ?" * (clock != _PICTURES))
                clock_values = () if clock == _PICTURES else (str(clock),)
                for step in sorted(dropped):
                    for table in tables:
                        self._put(
                            f"DELETE FROM {table} WHERE {where}", (owner, step, *clock_values)
                        )

    def flush(self) -> None:
        """Write all that was gathered. When that fails it stays gathered, and the next flush tries
        again.

        Raises `RunFileFullError` or another `RunFileWriteError`.
        """
        if os.getpid() != self._process:
            return
        with self._lock:
            self._require_open()
            self._write_out()

    def close(self) -> None:
        """Flush, mark the run as closed and leave one file that stands by itself. Closing again is
        nothing.

        Raises what `flush` raises, and is closed all the same.
        """
        if os.getpid() != self._process:
            return
        with self._lock:
            if self._closed:
                return
            try:
                self.update_manifest({"closed": True})
                self._write_out()
                _stand_alone(self._connection)
            finally:
                self._closed = True
                self._connection.close()
                ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._connection))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Generator[bool]:
        """Whether this is the process that writes; if so, holding the lock, with room in the
        buffer."""
        if os.getpid() != self._process:
            # The lock may have been taken by a thread that the child has not got.
            yield False
            return
        with self._lock:
            self._require_open()
            # Before anything is added, so that a disk that stays full can't let the buffer grow on.
            if self._bytes > BUFFER_BYTES:
                self._write_out()
            yield True

    def _require_open(self) -> None:
        if self._closed:
            raise RunFileError(self.path, "this run file is closed; a new run needs a new file")

    def _put(self, sql: str, values: tuple[Any, ...]) -> None:
        self._rows.append((sql, values))
        self._bytes += _ROW_BYTES + sum(len(x) for x in values if isinstance(x, (bytes, str)))

    def _put_subject(self, subject: int, name: str, framework: str, facts: dict[str, Any]) -> None:
        text = to_json(facts)
        self._subjects[subject] = (name, framework, facts)
        self._put(
            "INSERT OR REPLACE INTO subjects VALUES (?, ?, ?, ?)", (subject, name, framework, text)
        )

    def _outgrown(self, subject: int, clock: str, steps: set[int]) -> set[int]:
        if clock == _PICTURES:
            return steps - retention.keep(
                steps,
                per_doubling=retention.THUMBNAILS_PER_DOUBLING,
                newest=retention.NEWEST_THUMBNAILS,
            )
        pinned = {
            step for series, step in self._newest.items() if series[:2] == (subject, str(clock))
        }
        return steps - retention.keep(steps) - pinned

    def _put_losses(self) -> None:
        for (subject, kind), series in self._losses.items():
            news = series.take()
            if news is None:
                continue
            replaces, number, blob = news
            if replaces:
                self._put("DELETE FROM losses WHERE subject = ? AND kind = ?", (subject, kind))
            self._put(
                "INSERT OR REPLACE INTO losses VALUES (?, ?, ?, ?)", (subject, kind, number, blob)
            )

    def _write_out(self) -> None:
        self._put_losses()
        if not self._rows:
            return
        try:
            _in_one_transaction(self._connection, self._rows)
        except sqlite3.Error as exc:
            raise write_error(self.path, exc) from exc
        # An interrupt before this line leaves rows that are written twice: with the same keys, so
        # the second time changes nothing.
        self._rows, self._bytes = [], 0


def _set_up(path: Path, manifest: Mapping[str, Any]) -> sqlite3.Connection:
    """The tables and the manifest in the empty file; removes it when that can't be done."""
    try:
        return _with_tables(path, manifest)
    except sqlite3.Error as exc:
        path.unlink(missing_ok=True)
        raise write_error(path, exc) from exc
    except TypeError:
        path.unlink(missing_ok=True)
        raise


def _with_tables(path: Path, manifest: Mapping[str, Any]) -> sqlite3.Connection:
    rows = [
        (f"PRAGMA application_id = {APPLICATION_ID}", ()),
        (f"PRAGMA user_version = {SCHEMA_VERSION}", ()),
        *((table, ()) for table in TABLES.split(";\n")),
        *(
            ("INSERT INTO manifest VALUES (?, ?)", (key, to_json(value)))
            for key, value in manifest.items()
        ),
    ]
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # In one transaction, and only then the write-ahead log: a file that is not empty bears its
        # mark and its tables in its own pages from the first moment on.
        _in_one_transaction(connection, rows)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _in_one_transaction(
    connection: sqlite3.Connection, rows: Sequence[tuple[str, tuple[Any, ...]]]
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for sql, values in rows:
            connection.execute(sql, values)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors (a full disk).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _stand_alone(connection: sqlite3.Connection) -> None:
    """Back to one file without a log beside it, which can be read from a read-only place."""
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        # Someone is reading, or the disk is full: the log stays beside the file, as readable as
        # before.
        return
