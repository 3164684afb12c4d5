"""What a remedy changes, told in values, so that a trial can make it without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Setting(StrEnum):
    """A choice that a training script makes in plain sight."""

    LEARNING_RATE = "learning rate"
    WEIGHT_DECAY = "weight decay"
    L1 = "L1 penalty"
    L2 = "L2 penalty"
    MOMENTUM = "momentum"
    BETAS = "betas"
    EPSILON = "epsilon"
    CLIPPING = "clipping"
    BATCH_SIZE = "batch size"
    EPOCHS = "epochs"
    SHUFFLING = "shuffling"
    DROPOUT = "dropout"
    INITIALISER = "initialiser"
    ACTIVATION = "activation"
    CLASS_WEIGHTS = "class weights"
    SCALING = "scaling"
    SOFTMAX = "softmax"
    ZEROING = "zeroing"
    FREEZING = "freezing"
    PARAMETERS = "parameters"


@dataclass(frozen=True)
class Edit:
    """One setting in the text of the script."""

    setting: Setting
    becomes: Any
    """Plain JSON values, as the framework of the remedy takes them; what they mean for each setting
    is said where the script is edited (`snellen.trials.edits`)."""
    was: Any = None
    """What the run was made with, by which the place is known again; `None`: not known."""


@dataclass(frozen=True)
class AtBoundary:
    """An intervention of `snellen.trials.interventions`, by its name."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Plain JSON values, without those that stay as usual."""


@dataclass(frozen=True)
class Change:
    """What one remedy does. Whichever of the two ways can be gone surely is gone; the script's is
    the better one, since what is measured then is what is printed."""

    boundary: tuple[AtBoundary, ...] = ()
    """Made together at the framework's boundary to the unchanged script; empty: nothing there does
    the same."""
    edits: tuple[Edit, ...] = ()
    """Made together in the script's text; empty: it is no matter of a value in plain sight."""


def at_boundary(name: str, **parameters: Any) -> tuple[AtBoundary, ...]:
    """One intervention alone."""
    return (AtBoundary(name, parameters),)
