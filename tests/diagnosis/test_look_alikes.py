"""Faults that look alike have different causes, and are told apart in both frameworks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from snellen.diagnosis import Diagnosis, diagnose
from snellen.record import read
from snellen.symptoms import judge, outcomes

HERE = Path(__file__).parent / "alike"
CAUSES = {
    "dead by rate": "learning-rate-too-high",
    "dead by l1": "l1-too-strong",
    "dead by biases": "bad-initialisation",
    "dead by raw pixels": "wrong-input-scaling",
    "plateau by rate": "learning-rate-too-low",
    "plateau by shuffled labels": "labels-unrelated-to-images",
    "plateau by sigmoids": "saturating-activation",
    "plateau by zeros": "bad-initialisation",
    "rare by imbalance": "class-imbalance",
    "rare by label noise": "label-noise",
}
FRAMEWORKS = ("torch", "keras")


def train(framework: str, folder: Path) -> dict[str, Diagnosis]:
    """What is believed of each training; all of a framework's run in one process."""
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "tensorflow"}
    script = str(HERE / f"{framework}_train.py")
    command = [sys.executable, script, str(folder), "sound", *CAUSES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Diagnosis] = {}
    for name in ("sound", *CAUSES):
        contents = read(folder / f"{name}.snellen")
        (found[name],) = diagnose(contents, judge(contents), outcomes(contents))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_true_cause_stands_first_among_look_alikes(framework: str, tmp_path: Path) -> None:
    diagnoses = train(framework, tmp_path)

    order = {
        name: [(c.cause.name, round(c.belief, 2)) for c in told.candidates]
        for name, told in diagnoses.items()
    }
    first = {name: causes[0][0] if causes else "nothing" for name, causes in order.items()}
    assert first == CAUSES | {"sound": "nothing"}, order
    assert not any(told.unknown for told in diagnoses.values())
    assert not diagnoses["sound"].needed
