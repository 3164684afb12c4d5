"""The JSON that docs/json.md describes."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from report import runs
from snellen.core import Finding, Place, Severity
from snellen.report.document import Document, document_of
from snellen.report.errors import ReportError
from snellen.report.json import json_of, plain_value, write_json


def document() -> Document:
    subject = runs.subject([runs.layer("conv1", 0, 4), runs.layer("conv2", 1, 4)])
    verdicts = [
        runs.finding("conv2", "2 of 4", channels=[1, 3], severity=Severity.NOTE),
        runs.finding("conv1", "nan", code="S06", symptom="non-finite-origin", share=math.nan),
        runs.undecided("conv1", "2 more checks"),
        runs.clear("conv1", "S03", "saturated-maps"),
    ]
    outcomes = {"Net": runs.Turned(True, ("the loss is 2.3",))}
    return document_of(runs.contents(subject), verdicts, outcomes, file="train.snellen")


def test_the_whole() -> None:
    stored = Path(__file__).parent / "snapshots" / "verdicts.json"
    assert json_of(document()) == json.loads(stored.read_text())


def test_only_findings_are_verdicts_and_the_undecided_stand_apart() -> None:
    found = json_of(document())
    assert [v["code"] for v in found["verdicts"]] == ["S06", "S01"]
    assert [v["code"] for v in found["undecided"]] == ["S18"]
    assert [v["code"] for v in found["clear"]] == ["S03"]


def test_what_is_written_is_strict_json(tmp_path: Path) -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is not JSON")

    write_json(document(), tmp_path / "x.json", io.StringIO())
    text = (tmp_path / "x.json").read_text()
    assert json.loads(text, parse_constant=refuse) == json_of(document())


def test_a_dash_is_standard_output(tmp_path: Path) -> None:
    out = io.StringIO()
    write_json(document(), Path("-"), out)
    assert json.loads(out.getvalue()) == json_of(document())


def test_a_path_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="could not be written to"):
        write_json(document(), tmp_path / "gone" / "x.json", io.StringIO())


@dataclass(frozen=True)
class Inner:
    count: int
    names: tuple[str, ...]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, math.nan]), [1.0, "NaN"]),
        (Severity.NOTE, "note"),
        (True, True),
        (None, None),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (Inner(2, ("x",)), {"count": 2, "names": ["x"]}),
        (Path("a"), "a"),
    ],
)
def test_values_become_those_of_json(value: Any, expected: Any) -> None:
    found = plain_value(value)
    assert found == expected
    assert type(found) is type(expected)


def test_numpy_channels_become_numbers() -> None:
    place = Place("Net", "conv1", tuple(np.arange(2)))
    finding = Finding("S01", "dead-channels", place, Severity.ERROR, runs.Said("x"))
    subject = runs.subject([runs.layer("conv1", 0, 4)])
    made = document_of(runs.contents(subject), [finding], {}, file="x")
    assert json.loads(json.dumps(json_of(made)))["verdicts"][0]["channels"] == [0, 1]
