"""Whatever a run holds or lacks, every cause gives an account of it and none breaks."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest

from causes.cases import Said
from snellen.causes import Case, Change, Weights, account, catalogue
from snellen.core import Clear, Finding, Place, Severity
from snellen.symptoms import catalogue as symptoms
from snellen.symptoms import judge, outcomes
from snellen.trials.interventions import made
from symptoms import test_any_geometry
from symptoms.build import run
from symptoms.test_any_richer_run import RicherDice
from symptoms.test_any_run import Dice

NOT_A_NUMBER = re.compile(r"\bnan\b|\bNaN\b(?! or| in)")
"""A number that was printed without having been measured; `NaN or inf` speaks of such values."""


def account_of_all(case: Case) -> None:
    for cause in catalogue().values():
        ledger = account(cause, case, Weights())
        assert 0 < ledger.belief < 1
        for term in ledger.terms:
            assert math.isfinite(term.weight)
            assert term.sentence
            assert "\n" not in term.sentence
            assert not NOT_A_NUMBER.search(term.sentence), (cause.code, term.sentence)
        given = list(cause().remedies(case))
        assert given, cause.code
        for remedy in given:
            assert remedy.framework == case.framework
            compile(remedy.code, cause.code, "exec")
            if remedy.change is not None:
                change_can_be_made(remedy.change)


def change_can_be_made(change: Change) -> None:
    """Every intervention exists and takes these parameters; everything is plain JSON."""
    assert change.boundary or change.edits
    for asked in change.boundary:
        assert made(asked.name, asked.parameters).sentence()
    json.dumps(dataclasses.asdict(change), allow_nan=False)


@pytest.mark.parametrize("kind", [Dice, RicherDice, test_any_geometry.Dice])
@pytest.mark.parametrize("seed", range(25))
def test_any_run_is_accounted_for(kind: type, seed: int) -> None:
    subject = kind(seed).subject()
    contents = run(subject)
    verdicts = judge(contents)
    account_of_all(Case(subject, verdicts, outcomes(contents)[subject.name]))


@pytest.mark.parametrize("seed", range(25))
def test_any_verdicts_are_accounted_for(seed: int) -> None:
    """Findings that do not come from this run at all."""
    dice = Dice(seed)
    subject = dice.subject()
    verdicts = []
    for code, symptom in symptoms().items():
        layer = dice.one_of(["", *(x.name for x in subject.layers), "gone"])
        place = Place(subject.name, layer)
        if dice.often():
            severity = dice.one_of(list(Severity))
            finding = Finding(code, symptom.name, place, severity, Said(f"{code} was planted"))
            verdicts.append(finding)
        else:
            verdicts.append(Clear(code, symptom.name, place))
    account_of_all(Case(subject, verdicts, outcomes(run(subject))[subject.name]))
