"""What came of trying remedies is shown as it was measured, and nothing is claimed beyond it."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from causes.cases import case, found
from report.test_json import validate_keys, validator
from snellen.core import Severity
from snellen.report import document
from snellen.report.health import Health
from snellen.report.json import json_of
from snellen.report.mended import MendedFacts, mended_facts
from snellen.report.mending import show_mended
from snellen.report.page import Page
from snellen.trials.course import Course
from snellen.trials.edits.script import Replacement
from snellen.trials.interventions import HeInitialisation, ScaledLearningRate
from snellen.trials.proof import CONTROL
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done, Ended, Trial
from symptoms.build import subject
from trials.samples import measured

LOWER, START = ScaledLearningRate(0.1), HeInitialisation()
EDITED = Way(
    "script: learning rate 0.05", "the script edited", (), (Replacement(0, "a", "b"),), "--- a"
)
BOUNDARY = Way("learning-rate", LOWER.sentence(), (LOWER,))
ELSE = Way("initialisation", START.sentence(), (START,))
RATE = Treatment("C20", "learning-rate-too-high", "Lower it", "lower()", (EDITED, BOUNDARY))
OTHER = Treatment("C10", "bad-initialisation", "Draw anew", "draw()", (ELSE,), "no one place")
BY_HAND = Treatment("C01", "too-few-images", "Get more", "more()", untried="only you can")


def course(*treatments: Treatment) -> Course:
    own = case(subject(), found("S01", layer="conv1", severity=Severity.ERROR))
    return Course(own, treatments or (RATE, OTHER, BY_HAND))


def picture(layer: str, png: bytes, channel: int = 0) -> dict[str, Any]:
    told = {"subject": "Net", "layer": layer, "step": 9, "image": 0, "channel": channel}
    return {**told, "low": 0.0, "high": 1.0, "png": b64encode(png).decode()}


def told(alive: int, recall: float, *pictures: dict[str, Any]) -> dict[str, Any]:
    channels = [["alive", alive], ["dead", 4 - alive]]
    layers = [{"layer": "conv1", "step": 9, "images": 8, "channels": channels}]
    return {"recall": recall, "held_out_recall": None, "layers": layers, "pictures": [*pictures]}


def several(
    way: Way | None, skills: Sequence[float], shown: dict[str, Any], *codes: str
) -> list[Done]:
    made: list[Done] = []
    for offset, skill in enumerate(skills, 1):
        trial = Trial(CONTROL, offset)
        if way is not None:
            trial = Trial(way.arm, offset, way.changes, edits=way.edits)
        seen = measured(skill, findings={(code, "conv1"): 1.0 for code in codes})
        did = {"x": 1} if trial.changes else {}
        made.append(Done(trial, Ended.BY_ITSELF, 1.0, "", did, (), seen.to_json(), shown))
    return made


BEFORE = several(None, (0.02, 0.03, 0.02), told(1, 0.1, picture("conv1", b"x")), "S01", "S20")
AFTER = several(EDITED, (0.9, 0.92, 0.94), told(4, 0.93, picture("conv1", b"y")), "S20", "S18")
FAILED = several(ELSE, (0.02,), told(1, 0.1))


def facts(*done: Done, own: Course | None = None) -> MendedFacts:
    made = mended_facts(own or course(), done)
    assert made is not None
    return made


def said(mended: MendedFacts, width: int = 80) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, emoji=False, markup=False)
    show_mended(Page(console, ascii=False), mended, several=False)
    return out.getvalue()


def test_the_best_remedy_is_compared_with_the_unchanged_script() -> None:
    mended = facts(*BEFORE, *AFTER, *FAILED)
    assert mended.best is not None
    assert mended.best.title == mended.headline == "Lower it"
    assert mended.best.diff == "--- a"
    assert [r.word for r in mended.remedies] == ["best", "no gain", "not tried"]
    measures = {one.what: one for one in mended.measures}
    progress = measures["progress, 0 to 1, on training images"]
    assert (progress.before.least, progress.before.most) == (0.02, 0.03)
    assert (progress.after.least, progress.after.most) == (0.9, 0.94)
    assert measures["macro recall, training images"].after.mean == pytest.approx(0.93)
    assert "macro recall, held-out images" not in measures
    (layer,) = mended.layers
    assert layer.before.counts == {Health.ALIVE: 1, Health.DEAD: 3}
    assert layer.after.counts == {Health.ALIVE: 4}
    assert [one.code for one in mended.gone] == ["S01"]
    assert [one.code for one in mended.left] == ["S20"]
    assert [one.code for one in mended.new] == ["S18"]


def test_a_symptom_of_one_seed_in_three_is_none() -> None:
    (rare,) = several(EDITED, (0.9,), told(4, 0.93), "S22")
    mended = facts(*BEFORE, rare, *AFTER[1:])
    assert [one.code for one in mended.new] == ["S18"]


def test_maps_of_the_same_channel_stand_side_by_side() -> None:
    mended = facts(*BEFORE, *AFTER)
    ((pair),) = mended.maps
    assert (pair.layer, pair.before.png, pair.after.png) == ("conv1", b"x", b"y")
    assert mended.same_images is None


@pytest.mark.parametrize(("after", "same"), [(b"one", True), (b"two", False)])
def test_whether_the_images_are_the_same_is_told(after: bytes, same: bool) -> None:
    one = several(None, (0.02, 0.03, 0.02), told(1, 0.1, picture("", b"one")), "S01")
    two = several(EDITED, (0.9, 0.92, 0.94), told(4, 0.9, picture("", after)))
    assert facts(*one, *two).same_images is same


def test_a_script_that_failed_once_it_was_edited_is_not_handed_out() -> None:
    trial = Trial(EDITED.arm, 1, (), edits=EDITED.edits)
    broken = Done(trial, Ended.FAILED, 1.0, "NameError: b")
    mended = facts(*BEFORE, broken, *several(BOUNDARY, (0.9, 0.92, 0.94), told(4, 0.9)))
    assert mended.best is not None
    assert mended.best.diff == ""
    assert mended.best.unedited == "the edited script failed"
    shown = said(mended)
    assert "to be written by hand: the edited script failed" in " ".join(shown.split())
    assert "lower()" in shown
    assert "--- a" not in shown


def test_where_nothing_helps_it_is_said() -> None:
    bad = several(EDITED, (0.02,), told(1, 0.1))
    mended = facts(*BEFORE, *bad, *FAILED)
    assert mended.best is None
    assert mended.headline == "None of 2 remedies surely helps"
    assert mended.measures == mended.layers == ()
    shown = said(mended)
    assert "None of 2 remedies surely helps." in shown
    assert "The change" not in shown


def test_what_was_not_tried_is_never_called_useless() -> None:
    mended = facts(*BEFORE)
    assert {r.word for r in mended.remedies} == {"not tried"}
    assert {r.diff for r in mended.remedies} == {""}
    assert mended.headline == "No remedy was tried"
    shown = said(mended)
    assert "no gain" not in shown
    assert "Get more: only you can" in shown
    assert "2 further remedies: their turn did not come" in shown


def test_a_fault_that_does_not_show_again_is_said() -> None:
    mended = facts(*several(None, (0.95, 0.96, 0.97), told(4, 0.9)))
    assert mended.headline == "No remedy was tried"
    assert "3 of 3 trainings went well" in " ".join(said(mended).split())


def test_without_any_trial_there_is_nothing_to_show() -> None:
    assert mended_facts(course(), []) is None


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_of_prose_is_wider_than_the_terminal(width: int) -> None:
    shown = said(facts(*BEFORE, *AFTER, *FAILED), width)
    assert max(map(len, shown.splitlines())) <= width


def test_the_json_holds_it_and_the_schema_describes_it() -> None:
    from report import runs

    contents = runs.contents(runs.subject([runs.layer("conv1", 0, 4)]))
    whole = document.document_of(contents, [], {}, file="x", mended=facts(*BEFORE, *AFTER))
    told = json.loads(json.dumps(json_of(whole), allow_nan=False))
    validator().validate(told)
    unknown: list[str] = []
    schema = validator().schema
    validate_keys(told["fix"], schema["properties"]["fix"]["anyOf"][1], "", unknown)
    assert unknown == []
    assert told["fix"]["best"] == 0
    assert told["fix"]["symptoms"]["gone"] == [
        {"code": "S01", "symptom": "dead-channels", "before": 1, "after": 0}
    ]


def test_a_layer_that_is_there_in_one_of_them_alone_is_not_measured() -> None:
    renamed = told(4, 0.9)
    renamed["layers"][0]["layer"] = "other"
    mended = facts(*BEFORE, *(replace(d, shown=renamed) for d in AFTER))
    assert mended.layers[0].after.channels == (Health.UNKNOWN,)
