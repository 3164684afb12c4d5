"""Every intervention is done in both frameworks, with the parameters that it has."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import snellen.adapters.changes
from snellen.trials import interventions
from snellen.trials.interventions import INTERVENTIONS, made
from snellen.trials.patterns import arm_name
from snellen.trials.trial import Done, Ended, Trial

CHANGES = Path(snellen.adapters.changes.__file__).parent


def parameters(framework: str, name: str) -> list[str]:
    """Those of the change's `arm`, beside the effect and the patches."""
    path = CHANGES / framework / f"{name.replace('-', '_')}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "arm":
            assert [a.arg for a in node.args.args] == ["effect", "patches"]
            return [a.arg for a in node.args.kwonlyargs]
    raise AssertionError(f"{path} has no function `arm`")


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize("name", INTERVENTIONS)
def test_it_is_done_with_its_own_parameters(framework: str, name: str) -> None:
    fields = [field.name for field in dataclasses.fields(INTERVENTIONS[name])]
    assert parameters(framework, name) == fields


@pytest.mark.parametrize("name", INTERVENTIONS)
def test_it_says_what_it_does(name: str) -> None:
    change = INTERVENTIONS[name]()
    assert (
        change.sentence()[0].islower()
        or change.sentence()[0].isdigit()
        or name
        in (
            "initialisation",
            "activations",
        )
    )
    assert not change.sentence().endswith(".")
    assert change.summary().endswith(".")


@pytest.mark.parametrize("name", INTERVENTIONS)
def test_it_travels_between_processes(name: str) -> None:
    change = INTERVENTIONS[name]()
    assert made(name, change.parameters) == change
    trial = Trial(arm_name((change,)), 2, (change,), 30, 12.5)
    assert Trial.from_json(trial.to_json()) == trial
    done = Done(trial, Ended.FAILED, 1.0, "why", {"a": 1}, ("b",), {"steps": 3})
    assert Done.from_json(done.to_json()) == done


def test_none_is_missing_from_the_list() -> None:
    folder = Path(interventions.__file__).parent
    files = {p.stem.replace("_", "-") for p in folder.glob("[a-z]*.py")}
    assert files == set(INTERVENTIONS)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        made("nothing", {})
