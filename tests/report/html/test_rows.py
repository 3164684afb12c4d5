"""What the charts are given."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.report.html.rows import MOST_CLASSES, count_rows, logarithmic, loss_rows, signal_rows
from snellen.report.parts.curves import Curve, Curves, Point
from snellen.report.parts.data import ClassCount, DataCard
from snellen.report.parts.pictures import Pictures
from snellen.report.parts.signal import Band, Reading


def curves(*values: float, **options: Any) -> Curves:
    points = tuple(Point(step, value, value, value) for step, value in enumerate(values))
    told = {"others": (), "learning_rate": (), "guessing": None, "marks": (), **options}
    return Curves((Curve("train", points, None),), **told)


@pytest.mark.parametrize(
    ("values", "expected"),
    [((1.0, 10.0), False), ((1.0, 10.1), True), ((0.0, 99.0), False), ((-1.0, 9.0), False)],
)
def test_a_logarithmic_axis_is_for_losses_above_zero_that_span_much(
    values: tuple[float, ...], expected: bool
) -> None:
    assert logarithmic(curves(*values)) is expected
    assert logarithmic(Curves((), (), (), None, ())) is False


def test_guessing_is_a_line_where_it_is_known() -> None:
    assert [row["kind"] for row in loss_rows(curves(1.0))] == ["curve"]
    rows = loss_rows(curves(1.0, guessing=2.302585))
    assert rows[-1] == {"kind": "guessing", "value": 2.302585, "series": "guessing: 2.3"}


def test_layers_keep_the_order_of_the_network() -> None:
    readings = (Reading("b", 0, 1.0), Reading("a", 0, 2.0), Reading("b", 9, 3.0))
    rows = signal_rows(readings, Band("S10", 0.1, None), ["a", "c", "b"])
    assert [(r["layer"], r["place"], r["when"]) for r in rows if r["kind"] == "reading"] == [
        ("b", 2, "before training"),
        ("a", 0, "before training"),
        ("b", 2, "after step 9"),
    ]
    # A layer that was not measured has no band; without an upper limit it reaches over everything.
    bands = [(r["layer"], r["low"], r["high"]) for r in rows if r["kind"] == "band"]
    assert bands == [("a", 0.1, 9.0), ("b", 0.1, 9.0)]


def test_of_many_classes_the_most_and_the_least_frequent_are_shown() -> None:
    classes = tuple(ClassCount(n, n * 10, 0.5, None) for n in range(200))
    card = DataCard("classes", classes, (), (), (), Pictures({}), ())
    numbers = [row["class"] for row in count_rows(card)]
    half = MOST_CLASSES // 2
    assert numbers == [*range(half), *range(200 - half, 200)]
    assert count_rows(card)[0]["said"] == "50% right"
