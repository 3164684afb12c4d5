"""The share of the gap to the healthy twin that a remedy restores."""

from __future__ import annotations

from typing import Any

import pytest

from gallery.mending import compared
from trials.samples import measured


def told(before: float, after: float, what: str = "on held-out images") -> dict[str, Any]:
    effect = {"control": before, "progress": after}
    remedy = {"title": "Lower it", "code": "C20", "diff": "--- a", "effect": effect}
    return {"best": 0, "remedies": [remedy], "measures": [{"what": what}]}


def test_the_gap_is_that_to_the_twin_by_the_same_measure() -> None:
    twin = measured(1.0, unseen=0.9)
    assert compared(told(0.1, 0.5), twin)["restored"] == pytest.approx(0.5)
    assert compared(told(0.1, 0.55, "on training images"), twin)["restored"] == pytest.approx(0.5)


def test_nothing_found_restores_nothing() -> None:
    assert compared({**told(0, 1), "best": None}, measured(1.0))["restored"] == 0
    assert compared(None, measured(1.0))["restored"] == 0


def test_without_a_gap_no_share_is_claimed() -> None:
    assert compared(told(0.9, 0.95), measured(1.0, unseen=0.9))["restored"] is None
    assert compared(told(0.1, 0.5), None)["restored"] is None
