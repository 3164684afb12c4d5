"""What got better and what got worse between two documents."""

from __future__ import annotations

import io
import json

import pytest

from report import runs
from snellen.core import Severity, Verdict
from snellen.report.comparing import json_of_comparison, print_comparison
from snellen.report.comparison import Comparison, compared
from snellen.report.document import Document, document_of

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
NAMES = ("a.snellen", "b.snellen")


def made(
    *verdicts: Verdict, names: tuple[str, ...] = ("Net",), harmed: bool | None = False
) -> Document:
    layers = [runs.layer(name, i, 32) for i, name in enumerate(("conv1", "conv2"))]
    contents = runs.contents(*(runs.subject(layers, name=name) for name in names))
    outcomes = {name: runs.Turned(harmed, ("it was planted",)) for name in names}
    return document_of(contents, verdicts, outcomes, file="x.snellen")


def one(before: Document, after: Document) -> Comparison:
    (comparison,) = compared(before, after)
    return comparison


def found(layer: str, severity: Severity, symptom: str = "dead-channels") -> Verdict:
    code = {"dead-channels": "S01", "rank-collapse": "S13", "loss-curve": "S20"}[symptom]
    said = f"{symptom} in {layer}"
    return runs.finding(layer, said, code=code, severity=severity, symptom=symptom)


def test_changes_stand_with_the_largest_first() -> None:
    comparison = one(
        made(found("conv1", NOTE), found("conv2", ERROR), found("", WARNING, "loss-curve")),
        made(found("conv1", WARNING), found("conv2", NOTE), found("conv2", ERROR, "rank-collapse")),
    )
    assert [(c.symptom, c.layer, c.by) for c in comparison.worse] == [
        ("rank-collapse", "conv2", 3),
        ("dead-channels", "conv1", 1),
    ]
    assert [(c.symptom, c.layer, c.by) for c in comparison.better] == [
        ("dead-channels", "conv2", -2),
        ("loss-curve", "", -2),
    ]
    assert comparison.same == ()


def test_what_is_as_it_was_is_counted() -> None:
    comparison = one(made(found("conv1", ERROR)), made(found("conv1", ERROR)))
    assert (comparison.worse, comparison.better, len(comparison.same)) == ((), (), 1)
    assert not comparison.regressed


@pytest.mark.parametrize(
    ("before", "after", "harmed", "regressed"),
    [
        ([], [found("conv1", NOTE)], (False, False), False),
        ([], [found("conv1", WARNING)], (False, False), True),
        ([found("conv1", NOTE)], [found("conv1", WARNING)], (False, False), True),
        ([found("conv1", ERROR)], [found("conv1", WARNING)], (True, True), False),
        ([], [], (False, True), True),
        ([], [], (None, True), True),
        ([], [], (True, True), False),
        ([], [], (True, False), False),
    ],
)
def test_what_is_a_regression(
    before: list[Verdict],
    after: list[Verdict],
    harmed: tuple[bool | None, bool | None],
    regressed: bool,
) -> None:
    comparison = one(made(*before, harmed=harmed[0]), made(*after, harmed=harmed[1]))
    assert comparison.regressed is regressed


def test_models_are_paired_by_name_and_lone_ones_whatever_they_are_called() -> None:
    assert len(compared(made(names=("Net",)), made(names=("Other",)))) == 1
    pairs = compared(made(names=("G", "D")), made(names=("D", "E")))
    assert [(pair.before.name, pair.after.name) for pair in pairs] == [("D", "D")]


def shown(before: Document, after: Document, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_comparison(compared(before, after), NAMES, file, width=100)
    return raw.getvalue().decode(encoding)


def test_the_card() -> None:
    text = shown(made(found("conv2", ERROR), harmed=True), made(found("conv1", WARNING)))
    assert "harmed after" in text
    assert "nothing → warning S01 dead-channels, conv1" in text
    assert "error → nothing   S01 dead-channels, conv2" in text
    assert text.index("What got worse") < text.index("What got better")


def test_nothing_in_common_is_said() -> None:
    text = shown(made(names=("A", "B")), made(names=("C", "D")))
    assert "No model is in both" in text


def test_names_and_sentences_can_do_nothing_to_a_terminal() -> None:
    text = shown(made(), made(runs.finding("\x1b[2Jconv", "\x1b[31mred\u202e")))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_in_ascii_where_nothing_else_can_be_shown() -> None:
    assert "nothing -> error" in shown(made(), made(found("conv1", ERROR)), encoding="ascii")


def test_as_json() -> None:
    before, after = made(found("conv2", ERROR), harmed=True), made(found("conv1", WARNING))
    told = json.loads(json.dumps(json_of_comparison(compared(before, after), NAMES)))
    assert (told["schema"], told["before"], told["regressed"]) == (
        "snellen.comparison/1",
        "a.snellen",
        True,
    )
    (model,) = told["models"]
    assert model["worse"][0]["before"] is None
    assert model["worse"][0]["after"]["severity"] == "warning"
    assert model["better"][0]["after"] is None
    assert model["before"]["harmed"] is True
