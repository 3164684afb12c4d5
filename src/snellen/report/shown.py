"""What a trial keeps of its model for a report, and that read again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from math import nan
from pathlib import Path
from typing import Any, cast

from snellen.record import HELD_OUT, Subject, Thumbnail, thumbnails
from snellen.report.health import Health, LayerHealth, layer_health
from snellen.symptoms.outcome import macro_recall

PICTURED_LAYERS = 6
PICTURED_IMAGES = 2
PICTURED_CHANNELS = 4
"""Maps that a trial keeps: at most 48, some 100 kB where they are large."""
MOST_COLOURS = 3
"""Channels of an image that are pictured."""


def shown(path: Path, subject: Subject, *, pictured: bool = False) -> dict[str, Any]:
    """Plain JSON values about one model of a run file: its recall, how its channels fare, and with
    `pictured` some maps of some probe images at the last look."""
    told: dict[str, Any] = {
        "recall": _recall(subject, ""),
        "held_out_recall": _recall(subject, HELD_OUT),
        "layers": [_layer(layer_health(subject, layer)) for layer in subject.layers],
    }
    if pictured:
        kept = [("", MOST_COLOURS), *((name, PICTURED_CHANNELS) for name in _spread(subject))]
        told["pictures"] = [
            _picture(one)
            for layer, channels in kept
            for one in _last(thumbnails(path, subject.name, layer))
            if one.channel < channels and one.image < PICTURED_IMAGES
        ]
    return told


def pictures_of(told: Mapping[str, Any]) -> tuple[Thumbnail, ...]:
    """By layer in the order of the network, image and channel; those of layer `""` are of the
    images themselves."""
    pictures = cast("Sequence[Mapping[str, Any]]", told.get("pictures", ()))
    return tuple(
        Thumbnail(
            one["subject"],
            one["layer"],
            one["step"],
            one["image"],
            one["channel"],
            one["low"],
            one["high"],
            b64decode(one["png"]),
        )
        for one in pictures
    )


def _spread(subject: Subject) -> list[str]:
    """The first and the last layer that has maps, and some between them, at equal distances."""
    names = [layer.name for layer in subject.layers if layer.positions]
    if len(names) <= PICTURED_LAYERS:
        return names
    step = (len(names) - 1) / (PICTURED_LAYERS - 1)
    return [names[round(place * step)] for place in range(PICTURED_LAYERS)]


def _last(every: Iterator[Thumbnail]) -> list[Thumbnail]:
    """Those of the latest step; they come in the order of the steps."""
    latest: list[Thumbnail] = []
    for one in every:
        if latest and latest[-1].step != one.step:
            latest = []
        latest.append(one)
    return latest


def _picture(one: Thumbnail) -> dict[str, Any]:
    return {**asdict(one), "png": b64encode(one.png).decode("ascii")}


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
