"""Stored texts, reviewed like code. `SNAPSHOTS=write pytest` stores what is shown now."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent / "snapshots"


def assert_snapshot(name: str, text: str) -> None:
    path = HERE / name
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
