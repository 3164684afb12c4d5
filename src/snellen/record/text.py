"""Plain values and layers as JSON text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, cast

import numpy as np

from snellen.core import Layer, LayerKind, Window, WindowKind


def to_json(value: Any) -> str:
    """JSON text of plain values, NumPy's own included. NaN and ±inf become the bare words `NaN`,
    `Infinity` and `-Infinity`, which Python and JSON5 read. Anything else raises `TypeError`."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return cast(Any, value).tolist()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{value!r} ({type(value).__name__}) can't be kept: only plain JSON values can")


def layer_to_json(layer: Layer) -> str:
    return to_json(dataclasses.asdict(layer))


def layer_from_json(text: str) -> Layer:
    """Attributes that this release does not know are left out. Raises `ValueError` when it is no
    layer."""
    entries = json.loads(text)
    try:
        known = {f.name: entries[f.name] for f in dataclasses.fields(Layer) if f.name in entries}
        known["kind"] = LayerKind(known["kind"])
        if known.get("window") is not None:
            known["window"] = _window(known["window"])
        if "paths" in known:
            known["paths"] = tuple(tuple(_window(w) for w in path) for path in known["paths"])
        for name, value in known.items():
            if isinstance(value, list):
                known[name] = tuple(value)  # pyright: ignore[reportUnknownArgumentType]
        return Layer(**known)
    except (KeyError, TypeError) as exc:
        raise ValueError(f"not a layer: {text}") from exc


def _window(entries: Mapping[str, Any]) -> Window:
    """Attributes and kinds that this release does not know: left out, and `other`."""
    known = {f.name: entries[f.name] for f in dataclasses.fields(Window) if f.name in entries}
    for name, value in known.items():
        if isinstance(value, list):
            known[name] = tuple(value)  # pyright: ignore[reportUnknownArgumentType]
    kinds = {str(kind) for kind in WindowKind}
    known["kind"] = WindowKind(known["kind"] if known["kind"] in kinds else "other")
    return Window(**known)
