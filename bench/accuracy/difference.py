"""What has changed since the committed results."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMMITTED = "bench/accuracy/results.json"


def committed() -> dict[str, Any] | None:
    """The results of the last commit that has any; `None` when none has, or git can't say."""
    try:
        done = subprocess.run(
            ["git", "show", f"HEAD:{COMMITTED}"],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return json.loads(done.stdout) if done.returncode == 0 else None


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """In words, run by run, for the runs that both have; nothing when nothing has changed."""
    for name, now in new["runs"].items():
        before = old["runs"].get(name)
        if before is None:
            continue
        yield from _run(name, before, now)


def _run(name: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if "trouble" in now and "trouble" not in before:
        yield f"now nothing to judge: {name}: {now['trouble']}"
        return
    old, new = set(before.get("caught", ())), set(now.get("caught", ()))
    yield from (f"now caught: {code}, {name}" for code in sorted(new - old))
    gone = set(now.get("missed", ())) & old
    yield from (f"no longer caught: {code}, {name}" for code in sorted(gone))
    if now["kind"] == "healthy":
        for severity in ("error", "warning", "note"):
            old, new = set(before[severity]), set(now[severity])
            what = "note" if severity == "note" else f"false {severity}"
            yield from (f"new {what}: {code}, {name}" for code in sorted(new - old))
            yield from (f"{what} gone: {code}, {name}" for code in sorted(old - new))
