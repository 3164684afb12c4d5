"""How many pixels of the image lie between neighbouring positions of a layer's map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from snellen.core import Layer, Window, WindowKind

SLIDING = (WindowKind.CONV, WindowKind.MAX_POOL, WindowKind.AVERAGE_POOL)
GROWING = (WindowKind.TRANSPOSED_CONV, WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE)
STILL = (WindowKind.PAD, WindowKind.CROP)

Jump = tuple[Fraction, ...]


def jumps(layers: Iterable[Layer]) -> Iterator[tuple[Layer, tuple[int, ...]]]:
    """Each layer whose jump is known and whole, with the jump along each spatial axis."""
    known: dict[str, Jump] = {}
    for layer in layers:
        jump = _jump(layer, known)
        if jump is None:
            continue
        known[layer.name] = jump
        if jump and all(j.denominator == 1 for j in jump):
            yield layer, tuple(int(j) for j in jump)


def _jump(layer: Layer, known: dict[str, Jump]) -> Jump | None:
    axes = len(layer.positions)
    if not axes or len(layer.paths) != max(len(layer.inputs), 1):
        return None
    if layer.weighted and layer.window is None:
        return None
    starts = [known.get(name) for name in layer.inputs] or [(Fraction(1),) * axes]
    ways: set[Jump] = set()
    for start, path in zip(starts, layer.paths, strict=True):
        jump = start
        for window in (*path, *((layer.window,) if layer.window is not None else ())):
            jump = None if jump is None else _through(window, jump)
        if jump is not None:
            ways.add(jump)
    # Ways of different jumps that meet (a gate that sees all positions) leave no one jump.
    return ways.pop() if len(ways) == 1 else None


def _through(window: Window, jump: Jump) -> Jump | None:
    if window.kind in STILL:
        return jump
    if len(window.stride) != len(jump):
        return None
    if window.kind in SLIDING:
        return tuple(j * s for j, s in zip(jump, window.stride, strict=True))
    if window.kind in GROWING:
        return tuple(j / s for j, s in zip(jump, window.stride, strict=True))
    return None
