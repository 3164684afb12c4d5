"""`snellen run` on each gallery program gives its ground truth."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def gallery_module(name: str):
    """A module of `gallery/`, which lies beside `src`, on no import path of the tests."""
    path = ROOT / "gallery" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"snellen_gallery_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


truth_module = gallery_module("truth")
watching = gallery_module("watching")
ON_EVERY_BACKEND = {
    "healthy_small",
    "high_learning_rate",
    "insufficient_data_noise",
    "vanishing_as_written",
}
"""The others run on PyTorch and on Keras with TensorFlow here, to keep the suite within a quarter
of an hour; `make gallery` runs all programs on all backends."""
TRUTHS = [
    pytest.param(truth, id=f"{truth.program}-{truth.framework}")
    for truth in truth_module.truths()
    if truth.framework in ("torch", "keras-tensorflow") or truth.program in ON_EVERY_BACKEND
]


@pytest.mark.slow
@pytest.mark.gallery
@pytest.mark.parametrize("truth", TRUTHS)
def test_program_gives_its_ground_truth(truth, tmp_path):
    watched = watching.watch(truth, tmp_path)

    found = [watching.said(v) for v in watched.verdicts or []]
    assert watched.difference(truth) == [], "\n".join([*found, watched.stderr[-2000:]])


def verdict(code: str, severity: str, layer: str = "") -> dict:
    return {"code": code, "severity": severity, "layer": layer, "sentence": ""}


def dying(program: str = "vanishing_mended"):
    return truth_module.read(program, "keras-jax")


def test_truth_is_stated_for_every_program_on_every_framework():
    scripts = {path.parent.name for path in (ROOT / "gallery").glob("*/*_train.py")}

    assert set(truth_module.programs()) == scripts
    assert all(truth.script.exists() for truth in truth_module.truths())
    assert {truth.program for truth in truth_module.truths()} == scripts


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


def watched(verdicts: list[dict] | None, exit_status: int = 0, stderr: str = ""):
    return watching.Watched(exit_status, stderr, verdicts, seconds=1.0)


def test_run_without_verdicts_differs():
    healthy = dying("healthy_small")

    assert watched([]).difference(healthy) == []
    assert watched(None).difference(healthy) == ["no verdicts written"]
    assert watched([], exit_status=1).difference(healthy) == ["exit status 1, not 0"]


def test_script_that_fails_keeps_its_error():
    failing = dying("vanishing_as_written")

    assert watched(None, 1, f"Traceback\n{failing.stderr} rank").difference(failing) == []
    assert len(watched(None, 0, "snellen: stopped").difference(failing)) == 2
