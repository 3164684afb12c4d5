"""What machines read of a verdict: SARIF for code hosts, JUnit for build servers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from report import runs
from snellen.core import Severity, Verdict
from snellen.report.document import Document, document_of
from snellen.report.junit import junit_text
from snellen.report.sarif import sarif_text

SOURCE = "class Net:\n    def __init__(self):\n        self.conv1 = Conv2d(1, 8, 3)\n"
HOSTILE = "</script><script>alert(1)</script>\x1b[2J"


def made(*verdicts: Verdict, script: str = "src/train.py") -> Document:
    layers = [runs.layer(name, i, 32) for i, name in enumerate(("conv1", "conv2"))]
    contents = runs.contents(runs.subject(layers), script=script)
    outcomes = {"Net": runs.Turned(True, ())}
    return document_of(contents, verdicts, outcomes, file="x.snellen")


def results(document: Document, source: str | None = None) -> list[dict[str, Any]]:
    (run,) = json.loads(sarif_text(document, source))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(
        {r["ruleId"] for r in run["results"]}
    )
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run["results"]


SOME = (
    runs.finding("conv1", "31 of 32 channels were zero"),
    runs.finding(
        "conv2", "a note", code="S22", symptom="oversized-updates", severity=Severity.NOTE
    ),
    runs.clear("conv1"),
    runs.undecided("conv1", "more images"),
)


def test_a_finding_stands_beside_the_line_that_builds_its_layer() -> None:
    dead, note = results(made(*SOME), SOURCE)
    assert (dead["ruleId"], dead["level"], note["level"]) == ("S01", "error", "note")
    assert dead["message"]["text"] == "Dead channels in conv1: 31 of 32 channels were zero"
    place = dead["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "src/train.py"},
        "region": {"startLine": 3},
    }
    assert "region" not in note["locations"][0]["physicalLocation"]
    assert dead["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Net/conv1"


def test_the_same_fault_keeps_its_fingerprint_when_its_numbers_change() -> None:
    prints = [
        results(made(runs.finding("conv1", text)))[0]["partialFingerprints"]
        for text in ("31 of 32", "30 of 32")
    ]
    assert prints[0] == prints[1]


@pytest.mark.parametrize(
    ("script", "uri"), [("train.py", "train.py"), ("/abs/train.py", "abs/train.py"), ("", "script")]
)
def test_a_script_is_named_by_a_relative_address(script: str, uri: str) -> None:
    (result,) = results(made(SOME[0], script=script))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def cases(document: Document, **options: Any) -> tuple[ElementTree.Element, dict[str, Any]]:
    root = ElementTree.fromstring(junit_text(document, **options))
    (suite,) = root
    return suite, {case.get("name"): [child.tag for child in case] for case in suite}


def test_each_symptom_is_a_test_case() -> None:
    suite, told = cases(made(*SOME))
    assert told == {
        "S01 dead-channels": ["failure"],
        "S03 saturated-maps": [],
        "S18 unstable-maps": ["skipped"],
        "S22 oversized-updates": ["system-out"],
    }
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "0", "skipped": "1"}


def test_what_fails_is_for_the_user_to_say() -> None:
    warning = made(runs.finding("conv1", "x", severity=Severity.WARNING))
    assert cases(warning)[1] == {"S01 dead-channels": ["failure"]}
    assert cases(warning, fail_on=Severity.ERROR)[1] == {"S01 dead-channels": ["system-out"]}


def test_names_from_elsewhere_are_text() -> None:
    hostile = made(runs.finding(HOSTILE, HOSTILE))
    text = junit_text(hostile)
    assert "<script>" not in text
    assert "\x1b" not in text
    ElementTree.fromstring(text)
    json.loads(sarif_text(hostile))
