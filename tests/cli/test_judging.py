"""What is shown may be chosen; what is judged, and how often, may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from report import runs
from snellen.cli import judging
from snellen.cli.judging import judged
from snellen.core import Verdict
from snellen.settings import Settings
from snellen.symptoms import Baseline

FINDINGS = [
    runs.finding("conv1", "x"),
    runs.finding("conv2", "x", code="S22", symptom="oversized-updates"),
]
VERDICTS: list[Verdict] = [*FINDINGS, runs.clear("conv1", "S03")]
CONTENTS = runs.contents(runs.subject([runs.layer("conv1", 0, 4)]))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The calls to `judge`, which finds what is above."""
    made: list[dict[str, Any]] = []

    def judge(contents: object, **options: Any) -> list[Verdict]:
        made.append(options)
        return VERDICTS

    monkeypatch.setattr(judging, "judge", judge)
    return made


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (Settings(), ["S01", "S22", "S03"]),
        (Settings(select=("update",)), ["S22"]),
        (Settings(ignore=("S22", "S03")), ["S01"]),
    ],
)
def test_what_is_chosen_is_shown_and_everything_judged_once(
    calls: list[dict[str, Any]], settings: Settings, shown: list[str]
) -> None:
    found = judged(CONTENTS, settings)

    assert [verdict.code for verdict in found.shown] == shown
    assert found.everything == VERDICTS
    assert found.accepted == 0
    [call] = calls
    assert {"S01", "S22", "S03"} <= {symptom.code for symptom in call["symptoms"]}


def test_accepted_findings_still_count_as_evidence(
    calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    Baseline.of(FINDINGS[:1]).write(tmp_path / "accepted.json")

    found = judged(CONTENTS, Settings(baseline=tmp_path / "accepted.json"))

    assert [verdict.code for verdict in found.shown] == ["S22", "S03"]
    assert found.accepted == 1
    assert found.everything == VERDICTS


def test_the_users_thresholds_hold_for_what_is_not_shown(calls: list[dict[str, Any]]) -> None:
    judged(CONTENTS, Settings(select=("S22",), thresholds={"dead-channels.max-share": 0.9}))

    [dead] = [s for s in calls[0]["symptoms"] if s.code == "S01"]
    assert dead.max_share == 0.9
