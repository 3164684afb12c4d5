"""The command line as a user calls it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SOURCES = str(Path(__file__).parents[2] / "src")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """That of the tests, without what would change how text is shown, with our sources first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNELLEN_", "PYTHON"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        kept.pop(name, None)
    return {**kept, "PYTHONPATH": SOURCES, **(extra or {})}


def snellen(
    *arguments: str,
    directory: Path,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = 120,
) -> subprocess.CompletedProcess[str]:
    """`python -m snellen ARGUMENTS` in `directory`."""
    return python(
        "-m", "snellen", *arguments, directory=directory, env=env, timeout_seconds=timeout_seconds
    )


def python(
    *arguments: str,
    directory: Path,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = 120,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
