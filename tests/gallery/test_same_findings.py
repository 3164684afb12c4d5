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
FAULTS = ("none", "rate", "decay", "biases", "sigmoid", "constant", "double_softmax", "imbalance")
PLANTED = {
    "rate": "S01",
    "decay": "S24",
    "biases": "S01",
    "constant": "S40",
    "double_softmax": "S45",
    "imbalance": "S16",
}


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


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_both_frameworks_find_the_same_at_the_same_layers(fault: str, tmp_path: Path) -> None:
    folders = [tmp_path / "torch", tmp_path / "keras"]
    for folder in folders:
        folder.mkdir()

    torch, keras = found("torch", fault, folders[0]), found("keras", fault, folders[1])

    assert torch == keras
    assert PLANTED.get(fault, "") in {"", *(code for code, _ in torch)}
    assert fault != "none" or not torch
