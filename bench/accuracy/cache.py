"""What was seen and judged before, so that nothing is trained or judged twice.

`.accuracy/<case>/` holds the run file of one case and two keys. The first says what the training
and the watching depended on, the second what the judgement depended on. A case whose first key
still fits is not trained again; one whose second key still fits is not judged again either.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.accuracy.plan import Case

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".accuracy"
SOURCE = ROOT / "src" / "snellen"

WATCHING = ("core", "settings", "adapters", "capture", "stats", "record", "cli/watching.py")
TRIALS = "adapters/changes"
"""What is loaded in trials alone, and never where a program is only watched."""
JUDGING = ("core", "stats", "record", "symptoms", "causes")
VERSIONED = ("numpy", "torch", "keras", "tensorflow-cpu", "tensorflow", "jax")


@cache
def source_hash(rooms: tuple[str, ...]) -> str:
    """Of every source file in these rooms of `src/snellen`, or of a file named itself."""
    patterns = [(room, f"*.{kind}") for room in rooms for kind in ("py", "c", "h")]
    found = {path for room, end in patterns for path in (SOURCE / room).rglob(end)}
    found -= set((SOURCE / TRIALS).rglob("*"))
    files = sorted(found | {SOURCE / room for room in rooms if room.endswith(".py")})
    return digest(
        part for path in files for part in (str(path.relative_to(SOURCE)), path.read_bytes())
    )


def digest(parts: Iterable[str | bytes]) -> str:
    """One hash of all parts; where one ends and the next begins counts."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()


def run_key(case: Case) -> str:
    """Of all that the run file depends on."""
    truth = case.truth
    arguments = [*truth.arguments(case.seed), truth.framework]
    return digest([truth.script.read_bytes(), *arguments, source_hash(WATCHING), *_versions()])


def judging_key(case: Case) -> str:
    """Of all that the verdicts on a run file depend on."""
    return digest([run_key(case), source_hash(JUDGING)])


@cache
def _versions() -> tuple[str, ...]:
    found: list[str] = []
    for package in VERSIONED:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return tuple(found)


def folder(case: Case) -> Path:
    return PLACE / case.name


def run_file(case: Case) -> Path:
    return folder(case) / "run.snellen"


def kept_run(case: Case) -> dict[str, Any] | None:
    """What is known of this case's run, if it was kept and nothing has changed since."""
    told = _read(folder(case) / "run.json")
    return told if told.get("key") == run_key(case) and run_file(case).exists() else None


def kept_judgement(case: Case) -> dict[str, Any] | None:
    """The `findings` at each strictness and the `signs` of causes, if they were kept and nothing
    has changed since."""
    told = _read(folder(case) / "judged.json")
    fits = told.get("key") == judging_key(case) and kept_run(case) is not None
    return told if fits else None


def keep_run(case: Case, made_in: Path, told: dict[str, Any]) -> None:
    """Take over the run file in `made_in`, which is then gone, in place of what was kept before.

    `told` has the `key` of before the run: what changed while it ran belongs to the next one.
    """
    (made_in / "run.json").write_text(json.dumps(told), encoding="utf-8")
    shutil.rmtree(folder(case), ignore_errors=True)
    made_in.rename(folder(case))


def keep_judgement(case: Case, judged: dict[str, Any]) -> None:
    path = folder(case) / "judged.json"
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"key": judging_key(case), **judged}), encoding="utf-8")
    new.replace(path)


def seconds_before(case: Case) -> float | None:
    """How long it took when it was last run, whatever has changed since."""
    return _read(folder(case) / "run.json").get("seconds")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
