"""`snellen confirm` says what it can't do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import snellen


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.py",), "no run file and no script"),
        (("--budget", "soon", "x.snellen"), "is no time; give seconds, or 90s, 5m, 1h"),
        (("--budget", "0s", "x.snellen"), "is no time"),
        (("x.snellen",), "x.snellen"),
    ],
)
def test_what_can_not_be_done_is_said(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = snellen("confirm", *arguments, directory=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
