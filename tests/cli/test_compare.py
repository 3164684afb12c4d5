"""`snellen compare`: two real runs, and two steps of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import snellen

SCRIPT = Path(__file__).parents[1] / "trials" / "scripts" / "small.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bad.snellen` trained at a rate of 3, `good.snellen` at one of 0.03."""
    pytest.importorskip("torch")
    place = tmp_path_factory.mktemp("compared")
    for name, rate in (("bad", "3.0"), ("good", "0.03")):
        options = ("-q", "--run-file", f"{name}.snellen")
        done = snellen("run", *options, str(SCRIPT), "--rate", rate, directory=place)
        assert done.returncode == 0, done.stderr
    return place


def test_what_was_mended_is_better_and_what_was_broken_fails(folder: Path) -> None:
    better = snellen("compare", "bad.snellen", "good.snellen", directory=folder)
    assert better.returncode == 0, better.stderr
    assert "What got better" in better.stdout
    assert "S01 dead-channels" in better.stdout
    gate = ("--fail-on", "regression")
    kept = snellen("compare", *gate, "bad.snellen", "good.snellen", directory=folder)
    broken = snellen("compare", *gate, "good.snellen", "bad.snellen", directory=folder)
    assert (kept.returncode, broken.returncode) == (0, 3)


def test_two_steps_of_one_run(folder: Path) -> None:
    done = snellen(
        *("compare", "bad.snellen", "--at", "1", "--at", "160", "--json", "-", "-q"),
        directory=folder,
    )
    told = json.loads(done.stdout)
    assert (told["before"], told["after"]) == ("bad.snellen at step 1", "bad.snellen at step 160")
    (model,) = told["models"]
    assert model["before"]["steps"] == 1
    assert model["regressed"] is True
    assert {"S01"} <= {change["code"] for change in model["worse"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bad.snellen",), "0 steps were given"),
        (("bad.snellen", "--at", "5"), "1 steps were given"),
        (("bad.snellen", "good.snellen", "--at=1", "--at=2", "--at=3"), "3 steps were given"),
        (("bad.snellen", "none.snellen"), "none.snellen"),
        (("bad.snellen", "good.snellen", "--json", "no/such/place.json"), "could not be written"),
    ],
)
def test_what_can_not_be_compared_is_said(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = snellen("compare", *arguments, directory=folder)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_for_code_hosts_and_build_servers(folder: Path) -> None:
    options = ("-q", "--sarif", "out.sarif", "--junit", "-", "--fail-on", "error")
    done = snellen("report", *options, "bad.snellen", directory=folder)
    assert done.returncode == 3
    assert '<failure type="error"' in done.stdout
    (run,) = json.loads((folder / "out.sarif").read_text())["runs"]
    assert "S01" in {result["ruleId"] for result in run["results"]}
    lines = {
        result["locations"][0]["physicalLocation"].get("region", {}).get("startLine")
        for result in run["results"]
        if result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Sequential/0"
    }
    # The layers of a Sequential are numbered: no line is theirs alone.
    assert lines == {None}


def test_a_report_that_can_not_be_written_is_an_error(folder: Path) -> None:
    done = snellen("report", "--junit", "no/such/place.xml", "bad.snellen", directory=folder)
    assert done.returncode == 2
    assert "the JUnit XML could not be written to no/such/place.xml" in done.stderr
