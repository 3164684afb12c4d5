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


@pytest.fixture(scope="module")
def diagnoses(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Diagnosis]:
    """Of every training in both frameworks, each framework in one process."""
    found: dict[tuple[str, str], Diagnosis] = {}
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "tensorflow"}
    for framework in FRAMEWORKS:
        folder = tmp_path_factory.mktemp(framework)
        script = str(HERE / f"{framework}_train.py")
        command = [sys.executable, script, str(folder), "sound", *CAUSES]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for name in ("sound", *CAUSES):
            contents = read(folder / f"{name}.snellen")
            (told,) = diagnose(contents, judge(contents), outcomes(contents))
            found[framework, name] = told
    return found


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", CAUSES)
def test_true_cause_stands_first_among_look_alikes(diagnoses, framework, name):
    told = diagnoses[framework, name]

    order = [(c.cause.name, round(c.belief, 2)) for c in told.candidates]
    assert order, "nothing was to explain"
    assert order[0][0] == CAUSES[name], order
    assert not told.unknown


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nothing_is_blamed_for_a_sound_training(diagnoses, framework):
    told = diagnoses[framework, "sound"]

    assert not told.needed
    assert not told.candidates
