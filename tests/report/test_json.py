"""The JSON that docs/json.md describes."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from report import diagnoses as made
from report import runs
from report.snapshots import assert_snapshot
from snellen.core import Finding, Place, Severity
from snellen.diagnosis import Diagnosis, Tie
from snellen.report.document import Document, document_of
from snellen.report.errors import ReportError
from snellen.report.json import json_of, plain_value, write_json

SCHEMA = Path(__file__).parents[2] / "docs" / "verdicts.schema.json"


def document(*diagnoses: Diagnosis) -> Document:
    subject = runs.subject([runs.layer("conv1", 0, 4), runs.layer("conv2", 1, 4)])
    verdicts = [
        runs.finding("conv2", "2 of 4", channels=[1, 3], severity=Severity.NOTE),
        runs.finding("conv1", "nan", code="S06", symptom="non-finite-origin", share=math.nan),
        runs.undecided("conv1", "2 more checks"),
        runs.clear("conv1", "S03", "saturated-maps"),
    ]
    outcomes = {"Net": runs.Turned(True, ("the loss is 2.3",))}
    return document_of(
        runs.contents(subject), verdicts, outcomes, file="train.snellen", diagnoses=diagnoses
    )


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


def told() -> Diagnosis:
    return made.diagnosis(
        made.long_steps(),
        made.believed(made.DarkImages, 1.0),
        made.believed(made.FewWeights, -1.0),
        tie=Tie("steps-too-long", "dark-images", "try both"),
    )


def test_a_diagnosis() -> None:
    found = json_of(document(told()))
    assert_snapshot("diagnosis.json", json.dumps(found, indent=2))
    assert found["headline"] == "Steps too long or dark images (likely)"


def test_the_weights_of_a_cause_add_up_to_its_belief() -> None:
    causes = json_of(document(told()))["diagnosis"]
    assert [cause["code"] for cause in causes] == ["C90", "C91", "C92"]
    for cause in causes:
        log_odds = cause["prior"] + sum(one["weight"] for one in cause["evidence"])
        assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(cause["belief"], abs=1e-12)
        signs = {one["for_or_against"]: one["weight"] > 0 for one in cause["evidence"]}
        assert signs in ({"for": True}, {"for": True, "against": False})


def test_the_best_cause_of_all_models_comes_first() -> None:
    names = ("Net", "Net#2")
    contents = runs.contents(*(runs.subject([runs.layer("conv1", 0, 4)], name=n) for n in names))
    found = document_of(
        contents,
        [runs.finding("conv1", "x", subject=name) for name in names],
        {},
        file="x",
        diagnoses=[
            made.diagnosis(made.believed(made.LongSteps, 40.0), subject="Net"),
            made.diagnosis(made.believed(made.DarkImages, 41.0), subject="Net#2"),
        ],
    )
    causes = json_of(found)["diagnosis"]
    assert [(cause["code"], cause["subject"]) for cause in causes] == [
        ("C91", "Net#2"),
        ("C90", "Net"),
    ]


@pytest.mark.parametrize(
    ("diagnosis", "unknown"),
    [
        (made.sound(), False),
        (made.diagnosis(), True),
        (made.diagnosis(made.believed(made.LongSteps, -0.5)), True),
        (made.diagnosis(made.believed(made.LongSteps, 0.5)), False),
    ],
)
def test_whether_the_cause_is_unknown_is_told_by_model(diagnosis: Diagnosis, unknown: bool) -> None:
    found = json_of(document(diagnosis))
    assert [subject["unknown_cause"] for subject in found["subjects"]] == [unknown]


def test_nothing_is_explained_where_nothing_is_wrong() -> None:
    subject = runs.subject([runs.layer("conv1", 0, 4)])
    fine = {"Net": runs.Turned(False, ())}
    found = document_of(runs.contents(subject), [], fine, file="x", diagnoses=[told()])
    assert json_of(found)["diagnosis"] == json_of(found)["undistinguished"] == []


@pytest.mark.parametrize("diagnoses", [(), (told(),), (made.diagnosis(),)])
def test_the_schema_describes_it(diagnoses: tuple[Diagnosis, ...]) -> None:
    validator().validate(json_of(document(*diagnoses)))


@pytest.mark.parametrize(
    "path",
    [("schema",), ("diagnosis",), ("diagnosis", 0, "evidence", 0, "weight"), ("subjects", 0)],
)
def test_the_schema_refuses_what_is_none(path: tuple[Any, ...]) -> None:
    broken = json_of(document(told()))
    holder: Any = broken
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = "else"
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(broken)


def test_every_key_is_in_the_schema() -> None:
    """A key that the schema does not know would pass it unseen."""
    unknown: list[str] = []
    validate_keys(json_of(document(told())), validator().schema, "", unknown)
    assert unknown == []


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def validate_keys(value: Any, schema: Any, at: str, unknown: list[str]) -> None:
    """Add the keys of `value` that `schema` does not describe, where it describes any."""
    if isinstance(value, list):
        for item in value:
            validate_keys(item, schema.get("items", {}), at, unknown)
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            if key not in schema["properties"]:
                unknown.append(f"{at}.{key}")
            else:
                validate_keys(inner, schema["properties"][key], f"{at}.{key}", unknown)


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
