"""The diagnosis on the card, read as a user reads it."""

from __future__ import annotations

import ast
import io
import textwrap
from dataclasses import replace

import pytest

from report import diagnoses as made
from report import runs
from report.snapshots import assert_snapshot
from snellen.causes import Remedy
from snellen.core import Severity, Verdict
from snellen.diagnosis import Candidate, Diagnosis, Tie
from snellen.report.document import document_of
from snellen.report.terminal import print_card


def card(
    *diagnoses: Diagnosis,
    severity: Severity = Severity.ERROR,
    harmed: bool | None = True,
    encoding: str = "utf-8",
    width: int = 80,
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    names = list(dict.fromkeys(d.subject for d in diagnoses)) or ["Net"]
    contents = runs.contents(*(runs.subject([runs.layer("conv1", 0, 8)], name=n) for n in names))
    verdicts: list[Verdict] = [
        runs.finding("conv1", "7 of 8 were zero", channels=range(7), severity=severity, subject=n)
        for n in names
    ]
    outcomes = {name: runs.Turned(harmed, ("the loss is that of guessing",)) for name in names}
    document = document_of(contents, verdicts, outcomes, file="train.snellen", diagnoses=diagnoses)
    print_card(document, file, width=width)
    return raw.getvalue().decode(encoding)


def full() -> Diagnosis:
    return made.diagnosis(
        made.long_steps(),
        made.believed(made.DarkImages, 2.0),
        made.believed(made.FewWeights, -1.0),
    )


def test_a_diagnosis() -> None:
    assert_snapshot("diagnosis.txt", card(full()))


def test_a_diagnosis_on_a_narrow_ascii_terminal() -> None:
    assert_snapshot("diagnosis-ascii.txt", card(full(), encoding="ascii", width=50))


def test_the_headline_comes_first_and_what_was_found_stays() -> None:
    lines = card(full()).splitlines()
    assert lines[2] == "ERROR  Steps too long (likely), dark images (likely)"
    assert lines[3] == "Dead channels in layer conv1: 7 of 8 channels"
    assert lines.index("Why") < lines.index("What to change") < lines.index("What was found")


def test_the_three_strongest_for_it_are_told_and_the_strongest_against() -> None:
    text = card(made.diagnosis(made.long_steps()))
    assert text.count("    for      ") == 3
    assert text.count("    against  ") == 1
    assert "swings by 12%" in text
    assert "2.1 times" not in text


def test_evidence_that_hardly_weighs_is_left_to_the_json() -> None:
    terms = (
        made.term(4.0, "it is hot"),
        made.term(0.2, "it is dry"),
        made.term(0.19, "it is late"),
        made.term(-0.19, "it is far"),
    )
    text = card(made.diagnosis(made.candidate(made.LongSteps, *terms)))
    assert "it is hot" in text
    assert "it is dry" in text
    assert "it is late" not in text
    assert "it is far" not in text


def test_nothing_is_said_of_what_speaks_against_where_nothing_does() -> None:
    assert "against" not in card(made.diagnosis(made.believed(made.LongSteps, 2.0)))


def test_the_next_page_to_read_is_that_of_the_cause() -> None:
    after = card(full()).split("\nNext\n")[1].splitlines()
    assert after[0].startswith("  snellen explain C90  steps-too-long")
    assert sum("snellen explain" in line for line in after) == 3


def test_an_unknown_cause_is_called_so_and_the_nearest_one_named() -> None:
    text = card(made.diagnosis(made.believed(made.LongSteps, -0.5)))
    assert "ERROR  Unknown cause" in text
    assert "no cause that snellen knows is believed" in text
    assert "Closest: C90 steps-too-long (possible)" in text
    assert "What to change" not in text


@pytest.mark.parametrize("diagnoses", [(), (made.sound(),)])
def test_without_a_diagnosis_what_was_found_leads(diagnoses: tuple[Diagnosis, ...]) -> None:
    text = card(*diagnoses)
    assert "ERROR  Dead channels in layer conv1" in text
    assert "Why" not in text
    assert "cause" not in text.split("\nNext\n")[0]


def test_nothing_is_explained_where_only_oddities_are_noted() -> None:
    text = card(full(), severity=Severity.NOTE, harmed=False)
    assert "NOTE  No fault found; 1 oddity noted" in text
    assert "steps-too-long" not in text


def test_a_harmed_training_is_explained_though_no_symptom_is_beyond_a_note() -> None:
    text = card(full(), severity=Severity.NOTE)
    assert "HARMED  Steps too long (likely), dark images (likely)" in text
    assert "No fault found; 1 oddity noted, though the training came to nothing" in text


def test_two_that_cannot_be_told_apart_are_told_with_the_trial() -> None:
    text = card(
        made.diagnosis(
            made.believed(made.LongSteps, 1.5),
            made.believed(made.DarkImages, 1.0),
            tie=Tie("steps-too-long", "dark-images", "train with steps a tenth as long"),
        )
    )
    assert "ERROR  Steps too long or dark images (likely)" in text
    flat = " ".join(text.split())
    assert "Can't tell steps-too-long from dark-images: train with steps a tenth as long" in flat


def test_further_likely_causes_have_code_and_possible_ones_a_title() -> None:
    text = card(
        made.diagnosis(
            made.believed(made.LongSteps, 3.0),
            made.believed(made.DarkImages, 2.0),
            made.believed(made.FewWeights, 0.5),
        )
    )
    change = text.split("What to change\n")[1].split("What was found")[0]
    assert change.count("Take steps of 0.001") == 3
    assert change.count("torch.optim.Adam(") == 2
    assert change.count("    costs") == 1


def test_the_model_with_the_worst_finding_comes_first() -> None:
    contents = runs.contents(
        *(runs.subject([runs.layer("conv1", 0, 8)], name=n) for n in ("Net", "Net#2"))
    )
    verdicts = [
        runs.finding("conv1", "x", severity=Severity.WARNING),
        runs.finding("conv1", "x", subject="Net#2"),
    ]
    both = [made.diagnosis(made.long_steps(), subject=n) for n in ("Net", "Net#2")]
    document = document_of(contents, verdicts, {}, file="x", diagnoses=both)
    assert [e.subject for e in document.explanations] == ["Net#2", "Net"]


def test_models_are_told_apart() -> None:
    text = card(
        made.diagnosis(made.long_steps(), subject="Net"),
        made.diagnosis(made.believed(made.DarkImages, 2.0), subject="Net#2"),
        made.sound("Net#3"),
    )
    headings = [line for line in text.splitlines() if line.startswith(("Why", "What to"))]
    assert headings == [
        "Why, for Net",
        "What to change in Net",
        "Why, for Net#2",
        "What to change in Net#2",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    lines = card(full(), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("width", [1, 5, 12, 20])
def test_a_terminal_too_narrow_breaks_nothing(width: int) -> None:
    assert "Stepstoolong" in "".join(card(full(), width=width).split())


def coded(code: str) -> Candidate:
    remedy = Remedy("Do this", "torch", code, "nothing", "the loss")
    return replace(made.believed(made.LongSteps, 2.0), remedies=(remedy,))


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_code_is_code_however_narrow_the_terminal(width: int) -> None:
    long = " + ".join(["x"] * 30)
    code = (
        "class Block(nn.Module):\n"
        "    def forward(self, x):\n"
        "        # the skip: what comes in is added to what goes out, so that a gradient gets by\n"
        "\n"
        f"        y = {long}\n"
        "        return self.convolution(x) + y  # both of the same shape, else a 1 x 1 convolution"
    )
    text = card(made.diagnosis(coded(code)), width=width)
    block = text.split("Do this\n")[1].split("    costs")[0]
    assert ast.dump(ast.parse(textwrap.dedent(block))) == ast.dump(ast.parse(code))


def test_a_comment_that_does_not_fit_goes_above_its_line() -> None:
    code = "model = build()  # the same as before, but for the layers that are named above"
    assert code in card(made.diagnosis(coded(code)), width=120)
    lines = [line.strip() for line in card(made.diagnosis(coded(code)), width=60).splitlines()]
    place = lines.index("model = build()")
    assert lines[place - 2 : place] == [
        "# the same as before, but for the layers that are",
        "# named above",
    ]


def test_no_escape_sequence_reaches_the_terminal() -> None:
    evil = "conv\x1b[2J\x07\u202e"
    remedy = Remedy(f"Change {evil}", "torch", f"{evil} = 1\n\t# {evil}", evil, evil)
    reasons = (made.term(5.0, f"{evil} is high"), made.term(-0.5, evil))
    diagnosis = made.diagnosis(
        made.candidate(made.LongSteps, *reasons, remedies=(remedy, remedy)), subject=evil
    )
    text = card(diagnosis, made.sound("Net"))
    assert not any(c in text for c in "\x1b\x07\u202e\t")
    assert "conv\\x1b[2J" in text
