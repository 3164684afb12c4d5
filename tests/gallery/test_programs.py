"""`snellen run` on each gallery program gives its ground truth."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 400


def _truth_module():
    """`gallery/truth.py`: the gallery lies beside `src`, on no import path of the tests."""
    spec = importlib.util.spec_from_file_location("gallery_truth", ROOT / "gallery" / "truth.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


truth_module = _truth_module()
TRUTHS = [
    pytest.param(
        truth,
        id=f"{truth.program}-{truth.framework}",
        marks=[pytest.mark.slow] if truth.slow else [],
    )
    for truth in truth_module.truths()
]


def environment(truth) -> dict[str, str]:
    settings = dict(os.environ)
    settings |= {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    settings |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    settings["PYTHONPATH"] = str(ROOT / "src")
    if truth.framework != "torch":
        settings["KERAS_BACKEND"] = truth.framework.removeprefix("keras-")
    return settings


def watch(truth, tmp_path: Path) -> tuple[subprocess.CompletedProcess[str], list[dict]]:
    """What the command did, and the verdicts it wrote."""
    card = tmp_path / "verdicts.json"
    options = ["--json", str(card), "--run-file", str(tmp_path / "run.snellen")]
    done = subprocess.run(
        [sys.executable, "-m", "snellen", "run", *options, str(truth.script)],
        env=environment(truth),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    verdicts = json.loads(card.read_text(encoding="utf-8"))["verdicts"] if card.exists() else []
    return done, verdicts


def said(verdicts: list[dict]) -> str:
    lines = [f"{v['severity']} {v['code']} {v['layer']}: {v['sentence']}" for v in verdicts]
    return "\n".join(["snellen said:", *(lines or ["nothing"])])


@pytest.mark.gallery
@pytest.mark.parametrize("truth", TRUTHS)
def test_program_gives_its_ground_truth(truth, tmp_path):
    done, verdicts = watch(truth, tmp_path)

    assert done.returncode == truth.exit_status, done.stderr[-2000:]
    assert truth.stderr in done.stderr
    assert (tmp_path / "verdicts.json").exists(), done.stderr[-2000:]
    assert truth.missed(verdicts) == [], said(verdicts)
    assert truth.false_alarms(verdicts) == [], said(verdicts)


def verdict(code: str, severity: str, layer: str = "") -> dict:
    return {"code": code, "severity": severity, "layer": layer, "sentence": ""}


def dying(program: str = "vanishing_mended"):
    return truth_module.read(program, "keras-jax")


def test_truth_is_stated_for_every_program_on_every_framework():
    scripts = {path.parent.name for path in (ROOT / "gallery").glob("*/*_train.py")}

    assert set(truth_module.programs()) == scripts
    assert all(truth.script.exists() for truth in truth_module.truths())


def test_truth_is_met_by_the_findings_it_names():
    found = [verdict("S01", "error", "conv2d_3"), verdict("S22", "warning", "conv2d_2")]

    assert dying().missed(found) == []
    assert dying().false_alarms(found) == []


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="nothing found"),
        pytest.param([verdict("S01", "note", "conv2d_3")], id="too mild"),
        pytest.param([verdict("S01", "error", "conv2d")], id="another layer"),
    ],
)
def test_truth_misses_what_was_not_found_as_stated(found):
    assert "S01 warning at conv2d_3" in dying().missed(found)


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("vanishing_mended", verdict("S10", "warning", "conv2d")),
        ("vanishing_mended", verdict("S45", "note")),
        ("healthy_small", verdict("S18", "warning", "conv2d")),
        ("vanishing_as_written", verdict("S01", "error", "conv2d")),
    ],
)
def test_truth_forbids(program, found):
    assert dying(program).false_alarms([found]) == [found]


def test_truth_lets_a_note_pass_on_a_healthy_program():
    assert dying("healthy_small").false_alarms([verdict("S01", "note", "conv2d")]) == []
