"""One training in PyTorch and in Keras, with the same weights and data: the same findings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "same"
ALIKE = ("none", "biases", "sigmoid")
"""Trainings that stay together step by step: every finding is the same, its severity too."""
PLANTED = {"biases": {"S01"}}
DIVERGING = {"rate": {"S01", "S22"}, "constant": {"S40"}}
"""Trainings that magnify rounding: the planted faults are found at the same layers in both."""


def found(framework: str, fault: str, folder: Path) -> dict[tuple[str, str], str]:
    """Severity by code and layer of every warning and error."""
    script = HERE / f"{framework}_train.py"
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, "-m", "snellen", "run", "--json", "v.json", str(script), fault],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts: list[dict[str, Any]] = json.loads((folder / "v.json").read_text())["verdicts"]
    return {(v["code"], v["layer"]): v["severity"] for v in verdicts if v["severity"] != "note"}


def both(fault: str, place: Path) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    folders = [place / "torch", place / "keras"]
    for folder in folders:
        folder.mkdir()
    return found("torch", fault, folders[0]), found("keras", fault, folders[1])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ALIKE)
def test_both_frameworks_find_the_same_at_the_same_layers(fault: str, tmp_path: Path) -> None:
    torch, keras = both(fault, tmp_path)

    assert torch == keras
    assert PLANTED.get(fault, set()) <= {code for code, _ in torch}
    assert fault != "none" or not torch


@pytest.mark.slow
@pytest.mark.parametrize("fault", DIVERGING)
def test_planted_faults_are_found_at_the_same_layers(fault: str, tmp_path: Path) -> None:
    torch, keras = both(fault, tmp_path)

    for code in DIVERGING[fault]:
        layers = {layer for named, layer in torch if named == code}
        assert layers
        assert layers == {layer for named, layer in keras if named == code}
