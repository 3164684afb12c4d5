"""Choosing symptoms, thresholds, strictness and a baseline, on a real run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.command import snellen
from cli.training import DEAD, write_script


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("chosen")
    write_script(directory)
    snellen("run", "--quiet", "--run-file", "dead.snellen", "train.py", *DEAD, directory=directory)
    return directory / "dead.snellen"


def report(run_file: Path, *options: str) -> dict[str, Any]:
    done = snellen(
        "report", "--quiet", "--json", "-", *options, run_file.name, directory=run_file.parent
    )
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def codes(document: dict[str, Any]) -> set[str]:
    return {verdict["code"] for verdict in document["verdicts"]}


def test_only_what_is_selected_is_judged(run_file: Path) -> None:
    chosen = report(run_file, "--select", "S01", "--select", "update")

    assert "S01" in codes(chosen) <= {"S01", "S22"}
    assert {entry["code"] for entry in chosen["undecided"]} <= {"S01", "S22"}


def test_what_is_ignored_is_not_judged(run_file: Path) -> None:
    assert "S01" not in codes(report(run_file, "--ignore", "dead-channels"))


def test_the_causes_do_not_hang_on_what_is_shown(run_file: Path) -> None:
    whole, part = report(run_file), report(run_file, "--select", "S38")

    assert whole["diagnosis"]
    assert part["diagnosis"] == whole["diagnosis"]
    assert codes(part) <= {"S38"}


def test_a_threshold_can_be_moved(run_file: Path) -> None:
    moved = ["--set", "S01.max-share=1.1", "--set", "S01.error-share=1.1"]
    moved += ["--set", "S01.max-growth=1.1", "--set", "S01.min-alive=0", "--select", "S01"]
    found = report(run_file, *moved)["verdicts"]

    assert [v for v in found if v["layer"] == "conv1"] == []


def test_the_project_file_chooses_too(run_file: Path) -> None:
    project = run_file.parent / "pyproject.toml"
    project.write_text('[tool.snellen]\nignore = ["S01"]\nstrictness = "lenient"\n')
    try:
        assert "S01" not in codes(report(run_file))
    finally:
        project.unlink()


def test_accepted_findings_are_shown_no_more_and_fail_nothing(run_file: Path) -> None:
    directory = run_file.parent
    before = report(run_file)
    accepted = snellen("baseline", run_file.name, "-o", "accepted.json", directory=directory)
    after = snellen(
        "report",
        "--fail-on",
        "warning",
        "--baseline",
        "accepted.json",
        run_file.name,
        directory=directory,
    )

    count = len(before["verdicts"])
    assert f"{count} findings accepted" in accepted.stdout
    assert after.returncode == 0
    assert f"{count} findings accepted by the baseline" in after.stdout
    assert "S01 dead-channels" not in after.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--select", "S99"], "no symptom or family 'S99'"),
        (["--set", "S01.share=1"], "has no threshold 'share'"),
        (["--set", "S01"], "SYMPTOM.THRESHOLD=NUMBER"),
        (["--baseline", "nowhere.json"], "can't be read"),
    ],
)
def test_a_wrong_choice_is_said_before_the_script_runs(
    tmp_path: Path, options: list[str], said: str
) -> None:
    write_script(tmp_path)

    done = snellen("run", *options, "train.py", directory=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
