"""What comes first, what folds together, and what the headline says."""

from __future__ import annotations

import pytest

from report import runs
from snellen.core import Severity, Verdict
from snellen.record import RunContents
from snellen.report.document import Document, document_of


def made(*verdicts: Verdict, subjects: int = 1, harmed: bool | None = False) -> Document:
    layers = [runs.layer(name, i, 32) for i, name in enumerate(("conv1", "conv2", "conv3"))]
    names = ["Net", "Net#2"][:subjects]
    contents = runs.contents(*(runs.subject(layers, name=name) for name in names))
    outcomes = {name: runs.Turned(harmed, ()) for name in names}
    return document_of(contents, verdicts, outcomes, file="a file.snellen")


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([], "Nothing could be judged"),
        ([runs.undecided("conv1", "more")], "Nothing could be judged"),
        ([runs.clear("conv1")], "No fault found"),
        ([runs.clear("conv1"), runs.undecided("conv1", "more")], "No fault found"),
        ([runs.finding("conv1", "x", severity=NOTE)], "No fault found; 1 oddity noted"),
        (
            [runs.finding("conv1", "x", severity=NOTE), runs.finding("conv2", "x", severity=NOTE)],
            "No fault found; 2 oddities noted",
        ),
        (
            [runs.finding("conv1", "x", channels=range(31))],
            "Dead channels in layer conv1: 31 of 32 channels",
        ),
        ([runs.finding("conv1", "x")], "Dead channels in layer conv1"),
        ([runs.finding("", "x", symptom="trivial-predictor")], "Trivial predictor"),
        (
            [runs.finding(x, "x", channels=[0]) for x in ("conv1", "conv2")],
            "Dead channels in layer conv1: 1 of 32 channels, and in 1 more layer",
        ),
    ],
)
def test_the_headline(verdicts: list[Verdict], headline: str) -> None:
    assert made(*verdicts).headline == headline


@pytest.mark.parametrize(
    ("harmed", "fine", "adds"),
    [
        (False, True, ""),
        (None, False, "; how the training turned out is unknown"),
        (True, False, ", though the training came to nothing"),
    ],
)
def test_only_a_training_known_to_have_gone_well_is_fine(
    harmed: bool | None, fine: bool, adds: str
) -> None:
    found = made(runs.clear("conv1"), harmed=harmed)
    assert found.headline == f"No fault found{adds}"
    assert found.fine is fine
    assert not made(harmed=harmed).fine


def test_the_headline_names_the_model_where_there_are_several() -> None:
    found = made(runs.finding("conv1", "x", subject="Net#2"), subjects=2)
    assert found.headline == "Dead channels in layer conv1 of Net#2"


def test_worse_groups_come_first_and_in_a_group_worse_findings() -> None:
    found = made(
        runs.finding("conv1", "x", code="S24", symptom="filter-norm-collapse", severity=NOTE),
        runs.finding("conv1", "x", severity=WARNING, channels=range(3)),
        runs.finding("conv2", "x", severity=WARNING, channels=range(9)),
        runs.finding("conv3", "x", severity=ERROR, channels=range(2)),
    )
    assert [g.code for g in found.groups] == ["S01", "S24"]
    assert [f.place.layer for f in found.groups[0].findings] == ["conv3", "conv2", "conv1"]
    assert found.severity is ERROR


def test_equals_stay_in_the_order_of_the_network() -> None:
    findings = [runs.finding(x, "x") for x in ("conv3", "conv1", "conv2")]
    assert [f.place.layer for f in made(*findings).groups[0].findings] == [
        "conv1",
        "conv2",
        "conv3",
    ]


def test_what_passed_is_told_though_some_layers_could_not_be_judged() -> None:
    found = made(runs.clear("conv1"), runs.clear("conv2"), runs.undecided("conv3", "more", "S03"))
    assert [(p.code, p.layers) for p in found.passed] == [("S03", 2)]
    assert [u.code for u in found.unjudged] == ["S03"]


def test_a_symptom_with_a_finding_has_not_passed() -> None:
    assert made(runs.clear("conv1", "S01"), runs.finding("conv2", "x")).passed == ()


def test_the_undecided_fold_by_what_they_need() -> None:
    found = made(
        runs.undecided("conv1", "2 more checks"),
        runs.undecided("conv2", "2 more checks"),
        runs.undecided("conv3", "labels"),
    )
    assert [(u.needs, u.layers) for u in found.unjudged] == [
        ("2 more checks", ("conv1", "conv2")),
        ("labels", ("conv3",)),
    ]


def test_commands_to_copy_are_quoted_for_the_shell() -> None:
    assert made().next[-1][0] == "snellen report 'a file.snellen' --open"


def test_the_runs_own_times_outweigh_those_of_its_moments() -> None:
    subject = runs.subject([runs.layer("conv1", 0, 2)])
    killed = document_of(RunContents({}, (subject,), ()), [], {}, file="x").run
    assert (killed.seconds, killed.watching_seconds) == (5.0, 0.1)
    times = {"training_seconds": 8.0, "watching_seconds": 0.2}
    closed = document_of(RunContents(times, (subject,), ()), [], {}, file="x").run
    assert closed.overhead_share == pytest.approx(0.025)


def test_no_training_time_gives_no_share() -> None:
    run = document_of(RunContents({}, (), ()), [], {}, file="x").run
    assert run.overhead_share is None
