"""The windows of functions that models call without a layer: pools, pads, resizings."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Any

from snellen.adapters.keras import windows
from snellen.adapters.keras.windows import Positions
from snellen.core import Window, WindowKind

_POOLS = ("max_pool", "avg_pool", "average_pool")
_REDUCTIONS = ("mean", "max", "sum", "amax", "adaptive")


def of_function(
    name: str, args: Any, kwargs: Any, axis: int, taken: Positions, given: Positions
) -> Window | None:
    """The window of a call; `None` where positions stay what they are.

    `axis`: where the channels are (-1 or 1) of what the call takes first.
    """
    if name.startswith(_POOLS):
        return _pool(name, args, kwargs, axis, taken, given)
    if name == "pad":
        return _pad(args, kwargs, axis, taken, given)
    if name in ("resize", "interpolate"):
        place, usual = (3, "nearest") if name == "interpolate" else (2, "bilinear")
        mode = _argument(args, kwargs, place, "interpolation", "method", "mode") or usual
        return windows.resized(taken, given, str(mode))
    if name in ("depth_to_space", "pixel_shuffle"):
        return windows.shuffled(taken, given)
    if name in ("transpose", "permute"):
        return None if sorted(taken) == sorted(given) else Window(WindowKind.OTHER, positions=taken)
    if name.removeprefix("reduce_").startswith(_REDUCTIONS):
        return windows.global_or_other(taken, given)
    return windows.reshaped(taken, given)


def _argument(args: Any, kwargs: Any, place: int, *names: str) -> Any:
    if len(args) > place:
        return args[place]
    return next((kwargs[name] for name in names if name in kwargs), None)


def _spatial(value: Any, rank: int, axis: int) -> Positions | None:
    """The entries of the spatial axes in what may be one number or have one for every axis."""
    if isinstance(value, int):
        return (value,) * rank
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, int) for one in value):
        return None
    values = tuple(value)
    if len(values) == rank + 2:
        return values[2:] if axis == 1 else values[1:-1]
    if len(values) == 1:
        return values * rank
    return values if len(values) == rank else None


def _pool(
    name: str, args: Any, kwargs: Any, axis: int, taken: Positions, given: Positions
) -> Window:
    rank = len(taken)
    unknown = Window(WindowKind.OTHER, positions=taken)
    kernel = _spatial(_argument(args, kwargs, 1, "pool_size", "ksize", "kernel_size"), rank, axis)
    step = _argument(args, kwargs, 2, "strides", "stride")
    stride = kernel if step is None or step == [] else _spatial(step, rank, axis)
    if kernel is None or stride is None or not taken or len(taken) != len(given):
        return unknown
    padding = _argument(args, kwargs, 3, "padding")
    largest = name.startswith("max")
    if isinstance(padding, str):
        found = windows.pool(largest, kernel, stride, padding, taken)
        exact = found.kind is WindowKind.GLOBAL_POOL or _gives(found, given)
        return found if exact else unknown
    ends = _spatial(padding or 0, rank, axis)
    if ends is None:
        return unknown
    found = windows.pool(largest, kernel, stride, "valid", taken)
    if found.kind is WindowKind.GLOBAL_POOL and not any(ends):
        return found
    kind = WindowKind.MAX_POOL if largest else WindowKind.AVERAGE_POOL
    ones = (1,) * rank
    found = Window(kind, kernel, stride, ones, ends, ends, taken, padding=found.padding)
    return found if _gives(found, given) else unknown


def _gives(window: Window, given: Positions) -> bool:
    """Whether the window makes maps of this shape."""
    return given == tuple(
        (size + first + last - taps) // step + 1
        for size, first, last, taps, step in zip(
            window.positions,
            window.before,
            window.after,
            window.kernel,
            window.stride,
            strict=True,
        )
    )


def _pad(args: Any, kwargs: Any, axis: int, taken: Positions, given: Positions) -> Window | None:
    rank = len(taken)
    unknown = Window(WindowKind.OTHER, positions=taken)
    amounts = _argument(args, kwargs, 1, "pad_width", "paddings", "pad")
    mode = _argument(args, kwargs, 2, "mode") or "constant"
    try:
        flat = [tuple(int(end) for end in pair) for pair in amounts]
    except TypeError:
        # Of torch: the last axis first, both ends laid end to end.
        ends = [int(end) for end in amounts]
        pairs = list(zip(ends[0::2], ends[1::2], strict=False))
        flat = [(0, 0)] * (rank + 2 - len(pairs)) + pairs[::-1]
    if len(flat) != rank + 2:
        return unknown
    spatial = flat[2:] if axis == 1 else flat[1:-1]
    pairs = [(pair[0], pair[-1]) for pair in spatial]
    grown = tuple(size + first + last for size, (first, last) in zip(taken, pairs, strict=True))
    return windows.padded(pairs, str(mode), taken) if grown == given else unknown
