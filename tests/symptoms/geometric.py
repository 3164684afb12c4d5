"""Networks that are nothing but structure: layers, and the windows between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from snellen.core import Layer, LayerKind, Window, WindowKind
from snellen.record import Clock, Subject
from snellen.stats import ConstantResponse, EffectiveField, ShiftResponse, Statistic
from symptoms.build import conv, head, subject

Sizes = tuple[int, ...]


def pair(value: int | Sizes, axes: int = 2) -> Sizes:
    return (value,) * axes if isinstance(value, int) else value


def slid(window: Window, positions: Sizes) -> Sizes:
    """Positions that come out of a window that slides over so many."""
    found: list[int] = []
    for i, n in enumerate(positions):
        k, s = (window.kernel or (1,) * 9)[i], (window.stride or (1,) * 9)[i]
        d = (window.dilation or (1,) * 9)[i]
        before = (window.before or (0,) * 9)[i]
        after = (window.after or (0,) * 9)[i]
        if window.kind is WindowKind.TRANSPOSED_CONV:
            found.append((n - 1) * s + (k - 1) * d + 1 + before + after)
        elif window.kind in (WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE):
            found.append(n * s)
        elif window.kind in (WindowKind.PAD, WindowKind.CROP):
            found.append(n + before + after)
        elif window.kind in (WindowKind.GLOBAL_POOL, WindowKind.FLATTEN):
            found.append(1)
        else:
            found.append((n + before + after - (k - 1) * d - 1) // s + 1)
    return tuple(found)


def window(
    kind: WindowKind,
    kernel: int | Sizes = 1,
    stride: int | Sizes = 1,
    *,
    padding: int | Sizes = 0,
    after: int | Sizes | None = None,
    dilation: int | Sizes = 1,
    axes: int = 2,
) -> Window:
    return Window(
        kind,
        pair(kernel, axes),
        pair(stride, axes),
        pair(dilation, axes),
        pair(padding, axes),
        pair(padding if after is None else after, axes),
    )


def sliding(kernel: int, stride: int = 1, padding: int | None = None, **changes: Any) -> Window:
    """A convolution; padded to keep the size (of odd kernels) unless it says otherwise."""
    pad = (kernel - 1) // 2 * changes.get("dilation", 1) if padding is None else padding
    return window(WindowKind.CONV, kernel, stride, padding=pad, **changes)


def max_pool(kernel: int = 2, stride: int | None = None) -> Window:
    return window(WindowKind.MAX_POOL, kernel, stride or kernel)


def mean_pool(kernel: int, stride: int | None = None) -> Window:
    return window(WindowKind.AVERAGE_POOL, kernel, stride or kernel)


def transposed(kernel: int, stride: int, padding: int = 0, **changes: Any) -> Window:
    """`padding` is what the framework calls so: positions cut off the output at both ends."""
    return window(WindowKind.TRANSPOSED_CONV, kernel, stride, padding=-padding, **changes)


GLOBAL, FLATTEN = Window(WindowKind.GLOBAL_POOL), Window(WindowKind.FLATTEN)
UNKNOWN = Window(WindowKind.OTHER)


def chain(
    image: int | Sizes, *steps: Window, last: Window | None = GLOBAL, **changes: Any
) -> tuple[Layer, ...]:
    """Layers in a row: one for every convolution among the windows, the others between them; then
    the windows `last` and a dense head (`None`: no head; the last layer is it)."""
    grid = pair(image)
    layers: list[Layer] = []
    path: list[Window] = []
    for step in steps:
        placed = replace(step, positions=grid)
        grid = slid(placed, grid)
        if step.kind in (WindowKind.CONV, WindowKind.TRANSPOSED_CONV):
            layers.append(
                conv(
                    f"conv{len(layers)}",
                    index=len(layers),
                    inputs=(layers[-1].name,) if layers else (),
                    paths=(tuple(path),),
                    window=placed,
                    positions=grid,
                    weight_shape=(8, 8, *step.kernel),
                    transposed=step.kind is WindowKind.TRANSPOSED_CONV,
                    **changes,
                )
            )
            path = []
        else:
            path.append(placed)
    if last is None:
        return (*layers[:-1], replace(layers[-1], head=True, activation="linear"))
    ending = (*path, replace(last, positions=grid))
    return (*layers, head(inputs=(layers[-1].name,), index=len(layers), paths=(ending,)))


def network(
    image: int | Sizes,
    *steps: Window,
    last: Window | None = GLOBAL,
    history: Mapping[Any, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Subject:
    """A training of `chain(image, *steps)`."""
    known = {"image_shape": [1, *pair(image)]} | dict(facts or {})
    return subject(*chain(image, *steps, last=last), history=history, facts=known, **changes)


def seen(layer: str, value: Statistic, part: str = "", step: int = 1000) -> dict[Any, Any]:
    return {(layer, type(value), part, Clock.PROBE): [(step, value)]}


def shift_response(
    *consistency: float, images: int = 200, blank: bool = True, shifts: Sequence[int] | None = None
) -> ShiftResponse:
    """Answers, or maps, that stay so when moved by 1, 2, 3, ... pixels."""
    moved = np.arange(1, len(consistency) + 1) if shifts is None else np.array(shifts)
    return ShiftResponse(images, moved.astype(np.int64), np.array(consistency, float), blank)


def constant_response(
    border: float | Sequence[float], affected: float = 0.4, channels: int = 8
) -> ConstantResponse:
    values = np.broadcast_to(np.asarray(border, float), channels).copy()
    return ConstantResponse(values, affected)


def effective_field(side: int, image: int = 64, images: int = 64) -> EffectiveField:
    """A square of influence of this side, in pixels."""
    influence = np.zeros((image, image))
    influence[:side, :side] = 1.0
    return EffectiveField(images, influence, 1.0)


def renamed(layers: Sequence[Layer], **names: str) -> tuple[Layer, ...]:
    """The same layers, some under other names."""
    return tuple(
        replace(
            x,
            name=names.get(x.name, x.name),
            inputs=tuple(names.get(i, i) for i in x.inputs),
        )
        for x in layers
    )


ACTIVATION = LayerKind.ACTIVATION
