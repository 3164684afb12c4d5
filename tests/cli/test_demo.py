"""The demo is an ordinary run of an ordinary script."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import python, snellen

WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from snellen.cli.app import main
sys.argv[0] = "snellen"
main()
"""


@pytest.mark.parametrize(
    ("absent", "arguments", "install"),
    [
        (["torch", "keras"], [], "pip install 'snellen[demo]'"),
        (["torch"], ["--framework", "torch"], "pip install 'snellen[demo]'"),
        (["keras"], ["--framework", "keras"], "pip install 'snellen[keras]' scikit-learn"),
        (["sklearn"], [], "pip install 'snellen[demo]'"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    tmp_path: Path, absent: list[str], arguments: list[str], install: str
) -> None:
    source = WITHOUT.format(names=absent)
    done = python("-c", source, "demo", *arguments, directory=tmp_path)
    assert done.returncode == 2
    assert install in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_the_demo_shows_the_fault_that_it_plants(tmp_path: Path, framework: str) -> None:
    done = snellen("demo", "--framework", framework, directory=tmp_path, timeout_seconds=300)
    assert done.returncode == 0
    assert "Training" in done.stderr
    assert "ERROR  Learning rate too high (likely)" in done.stderr
    assert "S01 dead-channels" in done.stderr
    assert "64 of 64 dead" in done.stderr
    assert done.stdout.startswith("test loss 2.3")
    assert len(list(tmp_path.glob("digits_*.snellen"))) == 1
