"""Which symptoms judge, and by which thresholds."""

from __future__ import annotations

import pytest

from snellen.symptoms import catalogue, configured, family
from snellen.symptoms.activation.dead_channels import DeadChannels
from snellen.symptoms.configured import ChoiceError


def codes(**chosen: object) -> list[str]:
    return [symptom.code for symptom in configured(**chosen)]  # type: ignore[arg-type]


def test_without_a_choice_all_symptoms_judge() -> None:
    assert codes() == list(catalogue())


@pytest.mark.parametrize("name", ["S01", "s01", "dead-channels", "dead-chan*"])
def test_a_symptom_goes_by_its_code_and_its_name(name: str) -> None:
    assert codes(select=[name]) == ["S01"]


def test_a_family_stands_for_its_symptoms() -> None:
    expected = [code for code, kind in catalogue().items() if family(kind) == "activation"]

    assert codes(select=["activation"]) == expected
    assert set(codes(ignore=["activation"])) == set(catalogue()) - set(expected)


def test_what_is_ignored_is_left_out_of_what_is_selected() -> None:
    assert "S01" not in codes(select=["activation"], ignore=["S01"])


@pytest.mark.parametrize("key", ["dead-channels.max-share", "S01.max_share", "s01.max-share"])
def test_a_threshold_is_set_by_name(key: str) -> None:
    (symptom,) = configured(select=["S01"], thresholds={key: 0.55})

    assert isinstance(symptom, DeadChannels)
    assert symptom.max_share == 0.55
    assert symptom.error_share == DeadChannels.error_share


def test_a_whole_number_stays_one() -> None:
    (symptom,) = configured(select=["S01"], thresholds={"S01.min-alive": 6.0})

    assert isinstance(symptom, DeadChannels)
    assert symptom.min_alive == 6
    assert isinstance(symptom.min_alive, int)


@pytest.mark.parametrize("choice", [{"select": ["S99"]}, {"ignore": ["dead-chanels"]}])
def test_what_names_nothing_is_an_error(choice: dict[str, list[str]]) -> None:
    with pytest.raises(ChoiceError, match="no symptom or family"):
        configured(**choice)  # type: ignore[arg-type]


def test_the_error_says_what_is_near() -> None:
    with pytest.raises(ChoiceError, match="did you mean dead-channels"):
        configured(ignore=["dead-chanels"])


def test_a_threshold_that_is_none_names_those_there_are() -> None:
    with pytest.raises(ChoiceError, match=r"its thresholds are: .*max-share"):
        configured(thresholds={"S01.share": 0.5})
