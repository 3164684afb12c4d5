"""S58: layers that the model runs but does not own."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.symptoms.wiring.unregistered_layers import UnregisteredLayers
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject

IN_A_LIST = {"unregistered": [{"type": "Conv2d", "name": "Conv2d"}] * 2}
IN_FORWARD = {"created_in_forward": [{"type": "Linear"}]}


def wired(facts: dict[str, Any]) -> Subject:
    return subject(conv(), head(), facts=facts)


@pytest.mark.parametrize("outcome", [HARMED, UNHARMED])
@pytest.mark.parametrize("facts", [IN_A_LIST, IN_FORWARD])
def test_certain_from_the_wiring(facts: dict[str, Any], outcome: Any) -> None:
    assert grade(UnregisteredLayers(), wired(facts), "", outcome) == "error"


def test_healthy() -> None:
    assert grade(UnregisteredLayers(), wired({"unregistered": []}), "") == "clear"
    assert grade(UnregisteredLayers(), wired({}), "") == "silent"
    assert grade(UnregisteredLayers(), wired({"unregistered": "none"}), "") == "silent"


def test_frozen_helpers_hidden_from_the_state_on_purpose() -> None:
    """A pretrained network for a perceptual loss is often kept in a list."""
    frozen = {"unregistered": [{"type": "Conv2d", "name": "vgg", "trainable": False}]}
    assert grade(UnregisteredLayers(), wired(frozen), "") == "clear"


def test_sentences() -> None:
    assert sentence(UnregisteredLayers(), wired(IN_A_LIST)) == (
        "2 weight layers (Conv2d) ran whose weights are not among the model's parameters "
        "(allowed: none)"
    )
    assert sentence(UnregisteredLayers(), wired(IN_FORWARD)) == (
        "1 weight layer (Linear) came into being within the forward pass, with new random weights "
        "every time (allowed: none)"
    )
