"""A working directory of its own for each trial, so that nothing of the user's is written to."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COPIED_BYTES = 20 * 2**20
"""Greater files are not copied but linked to; a trial that opens such a link for writing is
stopped."""
ALL_COPIED_BYTES = 512 * 2**20
"""Beyond this many bytes in all, further files are linked to as well."""
MOST_FILES = 20_000
"""Folders with more entries than are left of this are linked to as they are."""
LEFT_OUT = frozenset({".git", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache"})
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC

_CHANGING = {
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.truncate": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
    "shutil.move": (1,),
    "shutil.copyfile": (1,),
}
"""Audit events by which a file is changed, with the places of the paths concerned (PEP 578)."""


class WouldWriteError(BaseException):
    """A trial was about to change a file of the user's. No `Exception`, so that a script does not
    catch it and go on."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the trial was stopped before it wrote to {path}, which is yours and not the trial's; "
            "give the script another place to write to by its arguments, or allow it with "
            "--in-place"
        )


@dataclass(frozen=True)
class Scratch:
    """A copy of the directory that the script is run in."""

    directory: Path
    """Where the trial runs."""
    original: Path

    def of(self, path: Path) -> Path:
        """The place in the scratch directory that stands for this one, if it is inside."""
        if not path.is_relative_to(self.original):
            return path
        inside = self.directory / path.relative_to(self.original)
        return inside if inside.exists() else path


@contextmanager
def scratch(original: Path) -> Generator[Scratch]:
    """A copy of `original` that is gone afterwards: small files copied, great ones linked to.

    Run files are left out, and what tools keep for themselves (`LEFT_OUT`).
    """
    with tempfile.TemporaryDirectory(prefix="snellen-trial-") as place:
        directory = Path(place).resolve() / (original.name or "root")
        directory.mkdir()
        _Copying(ALL_COPIED_BYTES, MOST_FILES).fill(original.resolve(), directory)
        yield Scratch(directory, original.resolve())


@dataclass
class _Copying:
    """What is still allowed to be copied."""

    bytes_left: int
    files_left: int

    def fill(self, source: Path, target: Path) -> None:
        """Nearest first: what lies deep in a data set is linked to sooner than a script."""
        folders = [(source, target)]
        while folders:
            here, there = folders.pop(0)
            for entry in self._entries(here):
                place = there / entry.name
                if entry.is_dir() and not entry.is_symlink():
                    if self._enters(Path(entry.path)):
                        place.mkdir()
                        folders.append((Path(entry.path), place))
                    else:
                        place.symlink_to(entry.path)
                elif self._copies(entry):
                    shutil.copy2(entry.path, place)
                else:
                    place.symlink_to(entry.path)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        kept = [e for e in found if e.name not in LEFT_OUT and ".snellen" not in e.name]
        self.files_left -= len(kept)
        return kept

    def _enters(self, folder: Path) -> bool:
        if self.files_left <= 0:
            return False
        with os.scandir(folder) as entries:
            number = sum(1 for _ in zip(entries, range(self.files_left + 1), strict=False))
        return number <= self.files_left

    def _copies(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_file(follow_symlinks=True):
            return False
        size = entry.stat().st_size
        if size > COPIED_BYTES or size > self.bytes_left:
            return False
        self.bytes_left -= size
        return True


def guard(own: tuple[Path, ...]) -> None:
    """Stop this process before it changes any file outside of `own` that it has not made.

    Allowed everywhere is what no one keeps: devices, pipes, and the directory for temporary files.
    Seen is what Python opens, removes, renames and makes; not what a library's own C code opens.
    Lasts to the end of the process: audit hooks can't be taken off.
    """
    allowed = tuple(
        str(path.resolve()) + os.sep
        for path in (*own, Path(tempfile.gettempdir()), Path("/dev"), Path("/proc"), *_caches())
    )

    def forbidden(path: object) -> str | None:
        if not isinstance(path, str | bytes | Path):
            # A file descriptor: it was opened, and allowed, before.
            return None
        # Links are followed: a great file of the user's is linked to in the scratch directory.
        real = os.path.realpath(os.fsdecode(path))
        return None if (real + os.sep).startswith(allowed) else real

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
            if not writes and not (mode is None and isinstance(flags, int) and flags & WRITING):
                return
            places: tuple[object, ...] = (path,)
        elif event in _CHANGING:
            places = tuple(arguments[n] for n in _CHANGING[event] if n < len(arguments))
        else:
            return
        for place in places:
            if (real := forbidden(place)) is not None:
                raise WouldWriteError(real)

    # Imports would otherwise leave bytecode beside modules that are not the trial's; processes that
    # the script starts are not guarded, and leave none either.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.addaudithook(hook)


def _caches() -> tuple[Path, ...]:
    """Where libraries keep what they could make again."""
    home = Path.home()
    named = [os.environ.get(name) for name in ("XDG_CACHE_HOME", "KERAS_HOME", "MPLCONFIGDIR")]
    kept = [Path(value) for value in named if value]
    return (home / ".cache", home / ".keras", home / ".config" / "matplotlib", *kept)
