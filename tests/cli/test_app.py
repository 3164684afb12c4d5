"""What the command line loads and says about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import python, snellen

HEAVY = ("numpy", "torch", "keras", "tensorflow", "jax", "PIL", "pandas", "sqlite3", "wrapt")


@pytest.mark.parametrize("command", ["", "run", "report", "demo", "symptoms", "causes", "explain"])
def test_help_loads_nothing_heavy(tmp_path: Path, command: str) -> None:
    source = f"""
import sys
from snellen.cli.app import main
sys.argv = ["snellen", *{command.split()!r}, "--help"]
try:
    main()
finally:
    print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""
    done = python("-c", source, directory=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert done.stderr.strip() == ""


def test_importing_snellen_loads_no_framework(tmp_path: Path) -> None:
    source = "import snellen, sys; print(sorted({'torch', 'keras', 'jax'} & set(sys.modules)))"
    assert python("-c", source, directory=tmp_path).stdout == "[]\n"


def test_version_says_which_kernel_measures(tmp_path: Path) -> None:
    done = snellen("--version", directory=tmp_path)
    assert done.returncode == 0
    assert "kernel" in done.stdout


def test_every_symptom_has_a_page(tmp_path: Path) -> None:
    listed = snellen("symptoms", directory=tmp_path).stdout.splitlines()
    assert any(line.startswith("S01\tactivation\tdead-channels\t") for line in listed)
    for line in listed:
        code = line.split()[0]
        assert line.split(maxsplit=2)[2], f"{code} has no first sentence"
    for wanted in ("S01", "s01", "dead-channels"):
        page = snellen("explain", wanted, directory=tmp_path)
        assert page.stdout.startswith("# dead-channels (S01)\n")
        assert "## Thresholds" in page.stdout


def test_every_cause_has_a_page(tmp_path: Path) -> None:
    listed = [
        line.split("\t") for line in snellen("causes", directory=tmp_path).stdout.splitlines()
    ]
    families = [family for _, family, _, _ in listed]
    assert families == sorted(families)
    assert set(families) <= {"data", "architecture", "optimisation", "wiring"}
    assert ["C20", "optimisation", "learning-rate-too-high"] in [row[:3] for row in listed]
    assert all(summary.endswith(".") for *_, summary in listed)
    for wanted in ("C20", "c20", "learning-rate-too-high"):
        page = snellen("explain", wanted, directory=tmp_path)
        assert page.stdout.startswith("# learning-rate-too-high (C20)\n")
        assert "## Evidence" in page.stdout


def test_a_name_that_a_symptom_and_a_cause_share_gives_both_pages(tmp_path: Path) -> None:
    page = snellen("explain", "label-noise", directory=tmp_path).stdout
    assert page.startswith("# label-noise (S44)\n")
    assert "\n\n# label-noise (C03)\n" in page


def test_an_unknown_symptom_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = snellen("explain", "S99", directory=tmp_path)
    assert done.returncode == 2
    assert "dead-channels" in done.stderr
    assert "learning-rate-too-high" in done.stderr
