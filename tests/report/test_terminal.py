"""The verdict card, read as a user reads it: 80 columns, no colour."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from report import runs
from report.snapshots import assert_snapshot
from snellen.core import Place, Severity, Undecided, Verdict
from snellen.record import Event, RunContents
from snellen.report.document import document_of
from snellen.report.terminal import print_card


def card(
    contents: RunContents,
    verdicts: Sequence[Verdict],
    *,
    encoding: str = "utf-8",
    width: int = 80,
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    outcomes = {subject.name: runs.Turned(False, ()) for subject in contents.subjects}
    document = document_of(contents, verdicts, outcomes, file="train.snellen")
    print_card(document, file, width=width)
    return raw.getvalue().decode(encoding)


def faulty() -> tuple[RunContents, list[Verdict]]:
    layers = [
        runs.layer("conv1", 0, 8),
        runs.layer("conv2", 1, 16),
        runs.layer("squash", 2, 4, "tanh"),
        runs.layer("wide", 3, 512),
    ]
    subject = runs.subject(
        layers,
        {
            "conv1": runs.summary(8, silent=[0, 1, 2, 3, 4, 6, 7]),
            "conv2": runs.summary(16, silent=[3], nonfinite=[15]),
            "squash": runs.summary(4, saturated=[1, 2]),
            "wide": runs.summary(512, silent=[7]),
        },
        {"conv2": runs.dependence(16, constant=[4, 5])},
    )
    verdicts: list[Verdict] = [
        runs.finding("conv1", "7 of 8 channels were zero", channels=[0, 1, 2, 3, 4, 6, 7]),
        runs.finding(
            "squash",
            "2 of 4 channels were at the limits of tanh for 100% of their values",
            code="S03",
            symptom="saturated-maps",
            severity=Severity.WARNING,
            channels=[1, 2],
        ),
        runs.undecided("conv1", "2 more checks"),
        runs.undecided("conv2", "2 more checks"),
        runs.clear("conv1", "S04", "input-independent-maps"),
    ]
    return runs.contents(subject), verdicts


def test_a_faulty_run() -> None:
    assert_snapshot("faulty.txt", card(*faulty()))


def test_a_faulty_run_on_an_ascii_terminal() -> None:
    assert_snapshot("faulty-ascii.txt", card(*faulty(), encoding="ascii"))


def test_a_healthy_run_says_what_was_checked_and_what_was_not() -> None:
    subject = runs.subject([runs.layer("conv1", 0, 8)])
    verdicts = [
        runs.clear("conv1"),
        runs.clear("conv1", "S01", "dead-channels"),
        runs.undecided("", "losses of the training"),
    ]
    assert_snapshot("healthy.txt", card(runs.contents(subject), verdicts))


def test_fifty_layers_with_one_fault_fold() -> None:
    layers = [runs.layer(f"block.{i}.conv", i, 8) for i in range(50)]
    silent = {x.name: runs.summary(8, silent=range(6)) for x in layers[10:40]}
    verdicts = [
        runs.finding(x.name, "6 of 8 channels were zero", channels=range(6)) for x in layers[10:40]
    ]
    text = card(runs.contents(runs.subject(layers, silent)), verdicts)
    assert_snapshot("fifty-layers.txt", text)
    assert "and in 27 more layers" in text
    assert len(text.splitlines()) < 60


def test_nothing_is_wider_than_the_terminal() -> None:
    contents, verdicts = faulty()
    for width in (30, 40, 60, 80, 120):
        lines = card(contents, verdicts, width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("width", [1, 5, 12, 20])
def test_a_terminal_too_narrow_breaks_nothing(width: int) -> None:
    assert "ERROR" in "".join(card(*faulty(), width=width).split())


def test_no_escape_sequence_reaches_the_terminal() -> None:
    evil = "conv\x1b[2J\x07\u202e\n"
    subject = runs.subject([runs.layer(evil, 0, 8)], name="Net\x1b]0;x\x07")
    verdicts = [
        runs.finding(evil, "7 of 8 \x1b[31m", channels=[1], subject=subject.name),
        runs.undecided(evil, "more\x08"),
    ]
    events = [Event("note", "said \x1b[1m")]
    text = card(runs.contents(subject, script="a\x1bc.py", events=events), verdicts)
    assert not any(c in text for c in "\x1b\x07\x08\u202e")
    assert "conv\\x1b[2J" in text


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    class Screen(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    contents, verdicts = faulty()
    screen = Screen()
    print_card(document_of(contents, verdicts, {}, file="x"), screen, width=80)
    assert ("\x1b[31m" in screen.getvalue() or "\x1b[1;31m" in screen.getvalue()) is coloured


def test_what_was_not_measured_is_not_shown_as_alive() -> None:
    layer = runs.layer("conv1", 0, 8)
    subject = runs.subject([layer], name="Net")
    unseen = type(subject)(subject.name, "torch", subject.facts, (layer,), subject.moments, {}, {})
    text = card(runs.contents(unseen), [])
    assert "8 of 8 not measured" in text
    assert "alive" not in text
    assert "FINE" not in text


def test_two_models_are_told_apart() -> None:
    first = runs.subject([runs.layer("conv1", 0, 8)], name="Net")
    second = runs.subject([runs.layer("conv1", 0, 8)], name="Net#2")
    verdicts = [runs.finding("conv1", "7 of 8", channels=[1], subject="Net#2")]
    text = card(runs.contents(first, second), verdicts)
    assert "of Net#2" in text
    assert "Channels of Net at" in text
    assert "Channels of Net#2 at" in text


@pytest.mark.parametrize("kind", ["stopped", "script-error", "note"])
def test_what_happened_to_the_watching_is_told(kind: str) -> None:
    subject = runs.subject([runs.layer("conv1", 0, 8)])
    event = Event(kind, "the watching stopped after step 7: OSError", 7)
    assert "The watching stopped after step 7: OSError" in card(
        runs.contents(subject, events=[event]), []
    )


def test_a_reader_that_has_gone_breaks_nothing(tmp_path: Path) -> None:
    contents, verdicts = faulty()
    outcomes: Mapping[str, runs.Turned] = {}
    document = document_of(contents, verdicts, outcomes, file="x")
    closed = (tmp_path / "card").open("w", encoding="utf-8")
    closed.close()
    print_card(document, closed)


def test_many_checks_are_told_by_their_codes() -> None:
    numbers = (1, 2, 3, 5, 7, 8, 9, 11, 40)
    verdicts = [runs.clear("", f"S{n:02}", f"symptom-{n}") for n in numbers]

    shown = card(runs.contents(runs.subject([], {})), verdicts)

    assert "S01 to S03, S05, S07 to S09, S11, S40" in shown
    assert "symptom-1" not in shown


def test_of_many_that_could_not_judge_the_rest_is_told_by_code() -> None:
    verdicts = [
        Undecided(f"S{n:02}", f"symptom-{n}", Place("Net"), f"more {n}") for n in range(1, 12)
    ]

    shown = card(runs.contents(runs.subject([], {})), verdicts)

    assert "S08 symptom-8: needs more 8" in shown
    assert "and S09 to S11" in shown
