"""What a trial keeps of its model for a report, and that read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import nan
from pathlib import Path
from typing import Any, cast

from snellen.record import HELD_OUT, Subject
from snellen.report.health import Health, LayerHealth, layer_health
from snellen.symptoms.outcome import macro_recall


def shown(path: Path, subject: Subject) -> dict[str, Any]:
    """Plain JSON values about one model of a run file: its recall, and how its channels fare."""
    del path
    return {
        "recall": _recall(subject, ""),
        "held_out_recall": _recall(subject, HELD_OUT),
        "layers": [_layer(layer_health(subject, layer)) for layer in subject.layers],
    }


def recall_of(told: Mapping[str, Any], key: str) -> float:
    """NaN where it was not measured."""
    value = told.get(key)
    return float(value) if isinstance(value, int | float) else nan


def layers_of(told: Mapping[str, Any]) -> tuple[LayerHealth, ...]:
    """In the order of the network."""
    layers = cast("Sequence[Mapping[str, Any]]", told.get("layers", ()))
    return tuple(
        LayerHealth(
            layer["layer"],
            tuple(Health(kind) for kind, number in layer["channels"] for _ in range(number)),
            layer["step"],
            layer["images"],
        )
        for layer in layers
    )


def _recall(subject: Subject, part: str) -> float | None:
    found = macro_recall(subject, part)
    return None if found is None else found.value


def _layer(health: LayerHealth) -> dict[str, Any]:
    """Channels of a kind that stand side by side are counted: a strip is mostly of one kind."""
    runs = [[str(kind), len(list(same))] for kind, same in groupby(health.channels)]
    return {
        "layer": health.layer,
        "step": health.step,
        "images": health.images,
        "channels": runs,
    }
