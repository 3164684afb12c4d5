"""Findings that were accepted stay silent until they grow worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from snellen.core import Clear, Finding, Place, Severity
from snellen.symptoms import Baseline
from snellen.symptoms.baseline import BaselineError


class Said:
    def sentence(self) -> str:
        return "seen"


def finding(
    severity: str = "warning", layer: str = "conv", code: str = "S01", subject: str = "Net"
) -> Finding:
    return Finding(code, "dead-channels", Place(subject, layer), Severity(severity), Said())


@pytest.mark.parametrize(
    ("now", "accepted"),
    [
        (finding(), True),
        (finding("note"), True),
        (finding("error"), False),
        (finding(layer="conv2"), False),
        (finding(code="S02"), False),
        (finding(subject="Net#2"), False),
    ],
)
def test_the_same_or_milder_at_the_same_place_is_accepted(now: Finding, accepted: bool) -> None:
    assert Baseline.of([finding()]).accepts(now) is accepted


def test_the_worse_of_two_counts() -> None:
    assert Baseline.of([finding("error"), finding("note")]).accepts(finding("error"))


def test_only_findings_are_taken_away() -> None:
    clear = Clear("S01", "dead-channels", Place("Net", "conv"))
    new = finding(layer="other")

    assert Baseline.of([finding()]).without([finding(), new, clear]) == ([new, clear], 1)


def test_a_baseline_survives_its_file(tmp_path: Path) -> None:
    baseline = Baseline.of([finding(), finding("note", "")])
    baseline.write(tmp_path / "b.json")

    assert Baseline.read(tmp_path / "b.json") == baseline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no", "not JSON"),
        ("[]", "not a baseline"),
        ('{"schema": "snellen.verdicts/1", "accepted": []}', "not a baseline"),
        ('{"schema": "snellen.baseline/1"}', "not a baseline"),
        ('{"schema": "snellen.baseline/1", "accepted": [{"code": "S01"}]}', "damaged"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match=said):
        Baseline.read(tmp_path / "b.json")


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="can't be read"):
        Baseline.read(tmp_path / "none.json")
