"""Remedies are tried in the order in which they are worth it, each change once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from causes.cases import case, found
from snellen.causes import Case, Cause, Ledger, catalogue
from snellen.core import Severity
from snellen.diagnosis import Candidate, Diagnosis
from snellen.diagnosis.fixing import MOST_TRIED, Source, source, treatments
from snellen.trials.process import Workplace
from snellen.trials.proof import Proof, Ruling
from snellen.trials.trial import Invocation
from symptoms.build import subject

SCRIPT = Source("import torch\no = torch.optim.SGD(p, lr=5.0, weight_decay=0.5)\n", "train.py")


def faulty() -> Case:
    facts = {"optimizer": "SGD", "learning_rate": 5.0, "weight_decay": 0.5}
    return case(subject(facts=facts), found("S01", layer="conv1", severity=Severity.ERROR))


def candidate(code: str, belief: float = 0.8, ruling: Ruling | None = None) -> Candidate:
    cause: type[Cause] = catalogue()[code]
    ledger = Ledger(cause, belief, ())
    proof = None if ruling is None else Proof(cause, ruling, "tried")
    return Candidate(ledger, tuple(cause().remedies(faulty())), proof)


def planned(
    *candidates: Candidate,
    others: tuple[str, ...] = (),
    script: Source = SCRIPT,
    whole: bool = True,
) -> list[tuple[str, str]]:
    diagnosis = Diagnosis("Net", True, candidates)
    suspects = [(catalogue()[code], 0.1) for code in others]
    told = treatments(faulty(), diagnosis, suspects, script, whole=whole)
    return [(one.code, one.ways[0].arm if one.ways else one.untried) for one in told]


def test_first_remedies_come_before_second_ones() -> None:
    assert planned(candidate("C20"), candidate("C22")) == [
        ("C20", "script: learning rate 0.05"),
        ("C22", "script: weight decay 0.0001"),
        ("C20", "clipping"),
    ]


def test_a_confirmed_cause_comes_first_with_all_its_remedies() -> None:
    confirmed = candidate("C22", ruling=Ruling.CONFIRMED)
    assert [code for code, _ in planned(candidate("C20"), confirmed)] == ["C22", "C20", "C20"]
    confirmed = candidate("C20", ruling=Ruling.CONFIRMED)
    assert [code for code, _ in planned(confirmed, candidate("C22"))] == ["C20", "C20", "C22"]


def test_a_refuted_cause_has_no_remedy() -> None:
    refuted = candidate("C20", ruling=Ruling.REFUTED)
    assert [code for code, _ in planned(refuted, candidate("C22"))] == ["C22"]


def test_the_same_change_is_tried_once() -> None:
    arms = [arm for _, arm in planned(candidate("C09"), candidate("C34"))]
    assert arms.count("normalisation") == 1


def test_causes_believed_less_come_last_and_only_with_what_can_be_tried() -> None:
    told = planned(candidate("C20"), others=("C36", "C01", "C04"))
    assert told[-1][0] == "C36"
    assert {code for code, _ in told} == {"C20", "C36"}


def test_what_only_a_person_can_do_is_told() -> None:
    told = planned(candidate("C01"))
    assert {why for _, why in told} == {
        "it needs other data or a look at them, which is yours to do"
    }


def test_not_more_than_so_many_are_tried() -> None:
    told = planned(others=tuple(catalogue()))
    assert sum("yours" not in arm for _, arm in told) == MOST_TRIED


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Source(barred="it lies elsewhere"), "it lies elsewhere"),
        (replace(SCRIPT, text="o = SGD(p, lr=rate())"), "computed, or given by a schedule"),
        (replace(SCRIPT, text="x = ("), "not Python"),
    ],
)
def test_where_the_script_can_not_be_edited_the_boundary_is_left(script: Source, why: str) -> None:
    diagnosis = Diagnosis("Net", True, (candidate("C20"),))
    first = treatments(faulty(), diagnosis, [], script)[0]
    assert [way.arm for way in first.ways] == ["learning-rate 0.01"]
    assert why in first.unedited


def test_a_longer_training_needs_whole_ones() -> None:
    script = Source("for epoch in range(10):\n    pass\n", "train.py")
    assert ("C28", "script: epochs 30") in planned(candidate("C28"), script=script)
    told = planned(candidate("C28"), script=script, whole=False)
    assert "--budget" in told[0][1]


def test_a_remedy_that_is_in_force_already_is_none() -> None:
    usual = case(subject(facts={"optimizer": "SGD", "learning_rate": 0.1, "momentum": 0.9}))
    suspects = [(catalogue()["C31"], 0.1)]
    assert treatments(usual, Diagnosis("Net", True), suspects, SCRIPT) == []


def test_the_script_is_read_where_it_is_run(tmp_path: Path) -> None:
    script = tmp_path / "src" / "train.py"
    script.parent.mkdir()
    script.write_text("a = 1\n")
    invocation = Invocation(str(script), ("--x",), False, str(tmp_path), "torch")
    assert source(Workplace(invocation)) == Source("a = 1\n", "src/train.py", ("--x",))
    module = replace(invocation, target="src.train", module=True)
    assert source(Workplace(module)).name == "src/train.py"
    assert source(Workplace(invocation, in_place=True)) == source(Workplace(invocation))
    assert "in-place" in source(Workplace(module, in_place=True)).barred
    assert "module is not in" in source(Workplace(replace(module, target="torch"))).barred
    # From its own directory where it lies outside of the one it is run in.
    elsewhere = replace(invocation, directory=str(tmp_path / "data"))
    assert source(Workplace(elsewhere)).name == "train.py"
    script.write_bytes(b"# \xff\n")
    assert "UTF-8" in source(Workplace(invocation)).barred
