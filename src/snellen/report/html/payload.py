"""What the page's script reads: the layers at every step, as JSON values kept small."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.report.health import Health
from snellen.report.html import rows
from snellen.report.html.sprites import (
    Detail,
    Sprite,
    filter_sprite,
    fitting,
    image_sprite,
    map_sprite,
)
from snellen.report.html.thinning import spread_out
from snellen.report.parts.exhibit import Exhibit
from snellen.report.parts.layer import LayerView
from snellen.report.parts.readings import Readings

CODES = {
    Health.ALIVE: "a",
    Health.SATURATED: "s",
    Health.CONSTANT: "c",
    Health.DEAD: "d",
    Health.NOT_FINITE: "n",
    Health.UNKNOWN: "u",
}
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
"""A share as one character; the first is exactly 0, the last exactly 1."""
UNKNOWN_LEVEL = "."
MOST_LOOKS = 24
"""Stops of the slider."""
MOST_SERIES = 40_000
"""Channels × looks, of all layers, of which numbers are given beside the health."""
IMAGE_SIDE = 64
MOST_CELLS = 40_000
"""Cells of all heat maps of one page."""
MOST_COLUMNS = 96
"""Channels of one heat map: more are too narrow to see."""

Floats = npt.NDArray[np.float64]


def payload(exhibits: Sequence[Exhibit]) -> dict[str, Any]:
    """`layers` by their identifier in the page, and the data of each model's charts."""
    views = [view for exhibit in exhibits for view in exhibit.layers]
    detail = fitting([view.pictures for view in views if view.pictures.steps])
    looks = [len(chosen_looks(view)) for view in views]
    most = max(8, MOST_SERIES // max(sum(looks), 1))
    cells = MOST_CELLS // max(sum(view.classes is not None for view in views), 1)
    return {
        "layers": {
            layer_id(number, place): _layer(view, detail, most, cells)
            for number, exhibit in enumerate(exhibits)
            for place, view in enumerate(exhibit.layers)
        },
        "models": [_model(exhibit) for exhibit in exhibits],
    }


def layer_id(model: int, place: int) -> str:
    """Of the layer at this place of this model's network."""
    return f"layer-{model}-{place}"


def _model(exhibit: Exhibit) -> dict[str, Any]:
    order = [view.layer.name for view in exhibit.layers]
    signal, curves = exhibit.signal, exhibit.curves
    return {
        "images": _sprite(image_sprite(exhibit.data.pictures, IMAGE_SIDE)),
        "numbers": list(exhibit.data.pictures.images),
        "charts": {
            "loss": rows.loss_rows(curves),
            "rate": rows.rate_rows(curves),
            "forward": rows.signal_rows(signal.activations, signal.forward, order),
            "backward": rows.signal_rows(signal.gradients, signal.backward, order),
            "counts": rows.count_rows(exhibit.data),
        },
    }


def _layer(view: LayerView, detail: Detail, most: int, cells: int) -> dict[str, Any]:
    looks = chosen_looks(view)
    read = view.readings
    channels = chosen_channels(view, most)
    pictures = view.pictures
    steps = spread_out(sorted(pictures.steps), detail.steps)
    return {
        "name": view.layer.name,
        "size": view.layer.channels,
        "steps": [read.steps[look] for look in looks],
        "images": [read.looks[look].images for look in looks],
        "health": [_runs(read, look) for look in looks],
        "channels": channels,
        "active": [levels(read.active[look, channels]) for look in looks],
        "varying": [levels(read.varying[look, channels]) for look in looks],
        "beyond": [levels(read.beyond[look, channels]) for look in looks],
        "rms": [[short(x) for x in read.rms[look, channels].tolist()] for look in looks],
        "twins": [[t.channel, t.other, t.correlation] for t in read.twins],
        "maps": {
            "images": list(pictures.images),
            "channels": list(pictures.channels),
            "scale": {step: _scale(view, step) for step in steps},
            "sprites": {step: _sprite(map_sprite(pictures, step, detail.side)) for step in steps},
        },
        "filters": {f.step: _sprite(filter_sprite(f)) for f in view.filters},
        "spread": rows.spread_columns(view),
        "learning": rows.learning_columns(view),
        "classes": _classes(view, cells),
    }


def chosen_looks(view: LayerView) -> list[int]:
    """Places of the looks that the slider stops at: those with pictures first of all."""
    steps = view.readings.steps
    pictured = [place for place, step in enumerate(steps) if step in view.pictures.steps]
    others = [place for place in range(len(steps)) if place not in pictured]
    pictured = spread_out(pictured, MOST_LOOKS)
    room = MOST_LOOKS - len(pictured)
    return sorted({*pictured, *(spread_out(others, room) if room > 1 else [])})


def chosen_channels(view: LayerView, most: int) -> list[int]:
    """Channels of which numbers are given: pictured ones, faulty ones, then the others in order."""
    looks = view.readings.looks
    fine = (Health.ALIVE, Health.UNKNOWN)
    faulty = [c for c, h in enumerate(looks[-1].channels) if h not in fine] if looks else []
    wanted = [*view.pictures.channels, *faulty, *range(view.layer.channels)]
    known = [c for c in dict.fromkeys(wanted) if c < view.layer.channels]
    return sorted(known[:most]) if looks else []


def levels(shares: Floats) -> str:
    """A character of `LEVELS` for each share. Only nothing is shown as nothing, and only all as
    all."""
    last = len(LEVELS) - 1
    with np.errstate(invalid="ignore"):
        between = 1 + np.clip(np.nan_to_num(shares) * (last - 1), 0, last - 2).astype(np.int64)
    places = np.where(shares <= 0, 0, np.where(shares >= 1, last, between))
    places = np.where(np.isfinite(shares), places, len(LEVELS))
    return "".join((LEVELS + UNKNOWN_LEVEL)[place] for place in places.tolist())


def short(number: float) -> float | None:
    """Three digits: as many as are shown."""
    return float(f"{number:.3g}") if np.isfinite(number) else None


def _runs(read: Readings, look: int) -> str:
    """The health of all channels, in runs: `3a1d28a`."""
    codes = (CODES[health] for health in read.looks[look].channels)
    return "".join(f"{len(list(run))}{code}" for code, run in groupby(codes))


def _scale(view: LayerView, step: int) -> list[float]:
    first = next(iter(view.pictures.steps[step].values()))
    return [first.low, first.high]


def _sprite(sprite: Sprite | None) -> list[Any] | None:
    """Columns, rows, tile width, tile height, PNG."""
    if sprite is None:
        return None
    return [sprite.columns, sprite.rows, sprite.width, sprite.height, sprite.png]


def _classes(view: LayerView, cells: int) -> dict[str, Any] | None:
    activity = view.classes
    if activity is None:
        return None
    present = np.flatnonzero(activity.images > 0)
    pairs = int(activity.silent[present].sum())
    # Classes for which some channel is silent must not be the ones left out.
    worst = np.argsort(-activity.silent[present].sum(axis=1), kind="stable")
    numbers = np.sort(present[worst[: rows.MOST_CLASSES]])
    silent = activity.silent[numbers]
    most = max(8, min(MOST_COLUMNS, cells // max(len(numbers), 1)))
    # Channels that are silent for some class must not be the ones left out.
    first = np.argsort(~silent.any(axis=0), kind="stable")[:most]
    channels = np.sort(first)
    return {
        "step": activity.step,
        "classes": numbers.tolist(),
        "channels": channels.tolist(),
        "shares": [levels(row) for row in activity.relative[numbers][:, channels]],
        "silent": ["".join("01"[cell] for cell in row) for row in silent[:, channels].astype(int)],
        "silent_pairs": pairs,
        "left_out": [
            max(view.layer.channels - len(channels), 0),
            len(present) - len(numbers),
        ],
    }
