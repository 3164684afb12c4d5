"""The rows that the charts of a page draw."""

from __future__ import annotations

from typing import Any

from snellen.report.html.thinning import spread_out
from snellen.report.parts.curves import Curve, Curves
from snellen.report.parts.data import ClassCount, DataCard
from snellen.report.parts.layer import LayerView
from snellen.report.parts.signal import Band, Reading
from snellen.symptoms.wording import amount, percent

Row = dict[str, Any]

NAMES = {"train": "training", "objective": "training", "eval": "held-out"}
MOST_CLASSES = 60
"""Classes of one chart: more would make a page of their own."""
MOST_POINTS = 32
"""Of one layer's curves."""
RANGE_FOR_LOG = 10
"""A loss that spans more than this factor is drawn on a logarithmic axis."""


def loss_rows(curves: Curves) -> list[Row]:
    rows = [row for curve in curves.losses for row in _curve(curve)]
    if curves.guessing is not None:
        rows.append(
            {
                "kind": "guessing",
                "value": curves.guessing,
                "series": f"guessing: {amount(curves.guessing)}",
            }
        )
    rows += [
        {
            "kind": "mark",
            "step": mark.step,
            "severity": mark.severity.value,
            "label": ", ".join(f"{code} {symptom}" for code, symptom in mark.symptoms),
        }
        for mark in curves.marks
    ]
    return rows


def _curve(curve: Curve) -> list[Row]:
    name = NAMES.get(curve.name, curve.name)
    return [
        {
            "kind": "curve",
            "series": name,
            "step": point.step,
            "value": point.mean,
            "low": point.low,
            "high": point.high,
        }
        for point in curve.points
    ]


def logarithmic(curves: Curves) -> bool:
    """Whether the losses are all above zero and span so much that a linear axis hides most."""
    values = [
        x for curve in curves.losses for point in curve.points for x in (point.low, point.high)
    ]
    return bool(values) and min(values) > 0 and max(values) > RANGE_FOR_LOG * min(values)


def rate_rows(curves: Curves) -> list[Row]:
    return [{"step": step, "value": rate} for step, rate in curves.learning_rate]


def signal_rows(readings: tuple[Reading, ...], band: Band | None, order: list[str]) -> list[Row]:
    """`order`: layers in the order of the network."""
    steps = sorted({reading.step for reading in readings})
    places = {layer: place for place, layer in enumerate(order)}
    words = {step: "before training" if step == 0 else f"after step {step}" for step in steps}
    rows: list[Row] = [
        {
            "kind": "reading",
            "layer": reading.layer,
            "place": places[reading.layer],
            "when": words[reading.step],
            "value": reading.value,
        }
        for reading in readings
    ]
    if band is not None:
        top = max(r.value for r in readings) * 3 if band.high is None else band.high
        rows += [
            {"kind": "band", "layer": layer, "place": place, "low": band.low, "high": top}
            for layer, place in places.items()
            if any(r.layer == layer for r in readings)
        ]
    return rows


def spread_columns(view: LayerView) -> list[list[float]]:
    """Step by step, the step and the strengths from the weakest channel to the strongest."""
    kept = spread_out(view.spreads, MOST_POINTS)
    return [[one.step, *one.quantiles] for one in kept]


def learning_columns(view: LayerView) -> dict[str, list[list[float]]]:
    """By series the steps and the values; what is not above zero has no place on a logarithmic
    axis."""
    series = {
        "moved from the start": view.learning.moved,
        "one update": view.learning.update,
        "gradient": view.learning.gradient,
    }
    found: dict[str, list[list[float]]] = {}
    for name, points in series.items():
        kept = spread_out([point for point in points if point[1] > 0], MOST_POINTS)
        found[name] = [[step for step, _ in kept], [value for _, value in kept]]
    return found


def count_rows(card: DataCard) -> list[Row]:
    """Of many classes the most and the least frequent."""
    return [
        {
            "class": one.number,
            "labels": one.labels,
            "recall": _share(one.recall),
            "held_out": _share(one.held_out_recall),
            "said": _answered(one.recall, one.held_out_recall),
        }
        for one in sorted(shown_classes(card), key=lambda one: one.number)
    ]


def shown_classes(card: DataCard) -> list[ClassCount]:
    if len(card.classes) <= MOST_CLASSES:
        return list(card.classes)
    ranked = sorted(card.classes, key=lambda one: -one.labels)
    return ranked[: MOST_CLASSES // 2] + ranked[-MOST_CLASSES // 2 :]


def _answered(recall: float | None, held_out: float | None) -> str:
    if recall is None:
        return ""
    said = f"{percent(recall)} right"
    return said if held_out is None else f"{said}, held-out {percent(held_out)}"


def _share(value: float | None) -> str:
    return "not measured" if value is None else percent(value)
