"""Changes that remedies of several causes make."""

from __future__ import annotations

from typing import Any

from snellen.causes.case import Case
from snellen.causes.change import AtBoundary, Change, Edit, Setting, at_boundary
from snellen.causes.coding import rate, written


def other_rate(case: Case, becomes: float) -> Change:
    """The learning rate set to this, rounded as it is written in code."""
    used, wanted = rate(case), float(written(becomes))
    scaled = at_boundary("learning-rate", factor=float(f"{wanted / used:.2g}")) if used else ()
    return Change(scaled, (Edit(Setting.LEARNING_RATE, wanted, used),))


def other_decay(setting: Setting, becomes: float, was: float) -> Change:
    """A weaker pull on the weights. At the boundary it is none at all: penalties that a script adds
    by hand can be taken away there, and not scaled."""
    edits = (Edit(setting, float(written(becomes)), was),) if was else ()
    return Change(at_boundary("decay"), edits)


def other_batch(becomes: int, was: int | None) -> Change:
    """Batches of so many images."""
    if not was or was == becomes:
        return Change(edits=(Edit(Setting.BATCH_SIZE, becomes, was),))
    return Change(
        at_boundary("batch-size", factor=becomes / was), (Edit(Setting.BATCH_SIZE, becomes, was),)
    )


def clipped(norm: float | None, was: float | None = None) -> Change:
    """The norm of all gradients limited; `None`: no clipping at all. `was`: the script's own limit
    on a norm, where it has one."""
    edits = (Edit(Setting.CLIPPING, norm, was),) if was else ()
    return Change(at_boundary("clipping", norm=norm), edits)


def scaled(mean: list[float], deviation: list[float]) -> Change:
    """The model's images less their mean, divided by their deviation, per channel."""
    told: dict[str, Any] = {"mean": mean, "deviation": deviation}
    return Change(at_boundary("inputs", **told), (Edit(Setting.SCALING, told),))


def edited(setting: Setting, becomes: Any, was: Any, *boundary: AtBoundary) -> Change:
    """One setting, with what does the same at the boundary."""
    return Change(boundary, (Edit(setting, becomes, was),))
