"""Imports point one way, and importing the package imports no framework."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOMS = [
    "core",
    "settings",
    "stats",
    "record",
    "symptoms",
    "causes",
    "adapters",
    "capture",
    "trials",
    "diagnosis",
    "audit",
    "report",
    "live",
    "integrations",
    "demo",
    "cli",
]
"""Lowest first. A room imports itself and rooms to its left, types included."""

FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "jaxlib"}

SOURCE = Path(__file__).parents[2] / "src" / "snellen"
FILES = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]


def imported(code: str) -> set[str]:
    """Full names of everything that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def upward(room: str, code: str) -> set[str]:
    own = {name.split(".")[1] for name in imported(code) if name.startswith("snellen.")}
    return {other for other in own & set(ROOMS) if ROOMS.index(other) > ROOMS.index(room)}


def frameworks(code: str) -> set[str]:
    return {name.split(".")[0] for name in imported(code)} & FRAMEWORKS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    assert upward(path.relative_to(SOURCE).parts[0], path.read_text()) == set()


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms <= set(ROOMS)
    assert "stats" in rooms


@pytest.mark.parametrize(
    "code",
    [
        "from snellen.symptoms import Symptom",
        "from snellen import symptoms",
        "import snellen.symptoms.activation",
        "def later():\n    import snellen.symptoms",
    ],
)
def test_an_upward_import_would_be_caught(code: str) -> None:
    assert upward("stats", code) == {"symptoms"}


@pytest.mark.parametrize(
    "path",
    # The demo is a script that trains: what it imports runs as the user's own would.
    [path for path in FILES if path.relative_to(SOURCE).parts[0] not in ("adapters", "demo")],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_only_adapters_import_a_framework(path: Path) -> None:
    assert frameworks(path.read_text()) == set()


def test_an_import_of_a_framework_would_be_caught() -> None:
    assert frameworks("def f():\n    from torch.nn import Module") == {"torch"}


def loaded_by(statement: str) -> str:
    code = f"{statement}\nimport sys; print(sorted({FRAMEWORKS!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import snellen",
        "import snellen.symptoms; assert snellen.symptoms.catalogue()",
        "import snellen.cli.app",
        "import snellen.adapters",
    ],
)
def test_loads_no_framework(statement: str) -> None:
    assert loaded_by(statement) == "[]"


def test_loading_a_framework_would_be_caught() -> None:
    pytest.importorskip("torch")
    assert "torch" in loaded_by("import torch")
