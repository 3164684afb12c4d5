"""Where a new run file goes, and making it so that no two runs ever share one."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from snellen.record.errors import RunFileExistsError, write_error

SUFFIX = ".snellen"


def candidates(directory: Path, stem: str, now: datetime) -> Iterator[Path]:
    """`train-20261122-193000.snellen`, then with `-2`, `-3` and so on."""
    plain = re.sub(r"[^\w.+-]+", "-", stem).strip("-.") or "run"
    base = f"{plain}-{now:%Y%m%d-%H%M%S}"
    yield directory / f"{base}{SUFFIX}"
    for number in itertools.count(2):
        yield directory / f"{base}-{number}{SUFFIX}"


def claim(path: Path) -> None:
    """Make the empty file, or raise `RunFileExistsError`: of two processes that try, one gets
    it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError as exc:
        raise RunFileExistsError(path) from exc
    except OSError as exc:
        raise write_error(path, exc) from exc


def require_free(place: Path) -> None:
    """Raise what `claim_place` would raise, without making the file."""
    if place.is_dir():
        directory = place
    elif place.exists():
        raise RunFileExistsError(place)
    else:
        directory = place.parent
    if not directory.is_dir():
        missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(directory))
        raise write_error(place, missing)
    if not os.access(directory, os.W_OK):
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))
        raise write_error(place, denied)


def claim_place(place: Path | None, stem: str, now: datetime) -> Path:
    """Make the empty file at `place`: a file of that name, or one named after `stem` in that
    directory (the current one for `None`)."""
    if place is not None and not place.is_dir():
        claim(place)
        return place
    for path in candidates(place or Path(), stem, now):
        try:
            claim(path)
        except RunFileExistsError:
            continue
        return path
    raise AssertionError("names never run out")
