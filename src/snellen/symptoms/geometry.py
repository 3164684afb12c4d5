"""What each layer can see of the image, computed from how its operations slide.

Axes are independent: along each of them a position of a map reads some positions of the map before
it (`taps`), and so some pixels of the image. What is not known is not guessed: a layer behind an
operation of kind `OTHER`, or whose sizes do not fit, has no `Sight`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, prod
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, LayerKind, Window, WindowKind
from snellen.record import Clock, Subject
from snellen.stats import TargetKind, Targets

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SLIDING = (WindowKind.CONV, WindowKind.MAX_POOL, WindowKind.AVERAGE_POOL)
GROWING = (WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE)
GATHERING = (WindowKind.GLOBAL_POOL, WindowKind.FLATTEN)
"""Every output sees all positions."""
MOVING = (WindowKind.PAD, WindowKind.CROP)


@dataclass(frozen=True, eq=False)
class Axis:
    """How the positions of one layer's maps lie along one axis of the image, in pixels."""

    smallest: float
    """Side of the receptive field over the inputs that see the least; inf: everything. Not cut at
    the image's edge; behind upsampling, where it differs from position to position, its mean."""
    largest: float
    """The same over the inputs that see the most."""
    jump: Fraction
    """Pixels from one position to the next."""
    centre: Fraction
    """Middle of what the first position sees; below 0 where padding shifts it out of the image."""
    first: Ints
    """Shape `(positions,)`: first and (`last`) last pixel of the image that each position sees;
    `first > last` where it sees none."""
    last: Ints

    @property
    def positions(self) -> int:
        return len(self.first)

    @property
    def blind(self) -> npt.NDArray[np.bool_]:
        """Positions that see nothing but padding."""
        return self.first > self.last

    def drift(self, pixels: int) -> float:
        """Distance of the grid's middle from the image's, in positions of the grid."""
        middle = self.centre + self.jump * Fraction(self.positions - 1, 2)
        return float((middle - Fraction(pixels - 1, 2)) / self.jump)


@dataclass(frozen=True, eq=False)
class Sight:
    """What the positions of one layer's maps see of the image."""

    axes: tuple[Axis, ...]

    @property
    def smallest(self) -> float:
        return min((a.smallest for a in self.axes), default=inf)

    @property
    def largest(self) -> float:
        """Side of the receptive field, along the axis where it is smaller."""
        return min((a.largest for a in self.axes), default=inf)

    @property
    def jump(self) -> float:
        return max((float(a.jump) for a in self.axes), default=1.0)

    @property
    def grid(self) -> tuple[int, ...]:
        return tuple(a.positions for a in self.axes)

    @property
    def blind_share(self) -> float:
        """Share (0 to 1) of positions that see nothing but padding."""
        return 1 - prod(float((~a.blind).mean()) for a in self.axes)


@dataclass(frozen=True)
class Ending:
    """Where maps become a vector, or the answer itself."""

    layer: str
    """The layer whose maps these are."""
    kind: str
    """`pooled` (a mean or maximum over positions), `flattened` (a dense layer sees each position by
    itself) or `dense` (an answer for each position)."""
    grid: tuple[int, ...]
    """Positions that are pooled, flattened or answered."""
    reader: str
    """The layer that reads the vector; the layer itself where that is the head."""


@dataclass(frozen=True, eq=False)
class Geometry:
    image: tuple[int, ...]
    """Pixels along each axis."""
    sights: Mapping[str, Sight]
    """By layer; layers whose structure is not known are missing."""
    endings: tuple[Ending, ...]
    coverage: tuple[Floats, ...] | None
    """For each axis `(pixels,)`: how many ways lead from a pixel to the answer, relative to the
    most; 0 for one that is never read. `None`: some layer's structure is not known."""

    @property
    def unread_share(self) -> float:
        """Share (0 to 1) of the image's pixels that never reach the answer; NaN: not known."""
        if self.coverage is None:
            return float("nan")
        return 1 - prod(float((counts > 0).mean()) for counts in self.coverage)


def geometry(subject: Subject) -> Geometry | None:
    """What the subject's layers see; `None` where the image's size is not known."""
    image = image_size(subject)
    if image is None:
        return None
    sights: dict[str, Sight] = {}
    for layer in subject.layers:
        sight = _sight(layer, image, sights)
        if sight is not None:
            sights[layer.name] = sight
    found = tuple(endings(subject, sights))
    return Geometry(image, sights, found, _coverage(subject, image, sights, found))


def image_size(subject: Subject) -> tuple[int, ...] | None:
    """Pixels along each axis of what enters the model; `None`: not known, or no image."""
    shape: Any = subject.facts.get("image_shape")
    if shape is not None:
        sides = list(cast("Sequence[Any]", shape))[1:] if isinstance(shape, list | tuple) else []
        known = all(isinstance(n, int) and n > 0 for n in sides)
        return tuple(sides) if sides and known else None
    for layer in subject.layers:
        if not layer.inputs and layer.paths:
            for window in _windows(layer, 0):
                if window.positions and all(n > 0 for n in window.positions):
                    return window.positions
    return None


def taps(window: Window, axis: int, before: int, after: int) -> Ints:
    """Positions (of `before`) that each of the `after` outputs reads along one axis.

    Shape `(taps, after)`; −1 where it reads padding, or nothing. Raises `ValueError` for what is
    not known.
    """
    kind = window.kind
    out = np.arange(after)[None]
    if kind in SLIDING:
        k, s, d, pad = _sizes(window, axis)
        read = out * s - pad + np.arange(k)[:, None] * d
    elif kind is WindowKind.TRANSPOSED_CONV:
        k, s, d, pad = _sizes(window, axis)
        reach = out - pad - np.arange(k)[:, None] * d
        read = np.where(reach % s == 0, reach // s, -1)
    elif kind in GROWING:
        read = _grown(window, axis, out)
    elif kind in GATHERING:
        read = np.broadcast_to(np.arange(before)[:, None], (before, after))
    elif kind in MOVING:
        read = out - _entry(window.before, axis, 0)
    else:
        raise ValueError(f"how {kind} reads its positions is not known")
    return np.where((read >= 0) & (read < before), read, -1)


def _grown(window: Window, axis: int, out: Ints) -> Ints:
    factor = _entry(window.stride, axis, None)
    if _entry(window.kernel, axis, 1) > 1:
        # Linear interpolation between the two nearest positions.
        low = (2 * out + 1 - factor) // (2 * factor)
        return np.concatenate([low, low + 1])
    return out // factor


def _sizes(window: Window, axis: int) -> tuple[int, int, int, int]:
    """Kernel, stride, dilation and positions added before the first one: of the input, or of the
    output of a transposed convolution (negative: cut off)."""
    kernel = _entry(window.kernel, axis, None)
    stride = _entry(window.stride, axis, 1)
    return kernel, stride, _entry(window.dilation, axis, 1), _entry(window.before, axis, 0)


def _entry(values: tuple[int, ...], axis: int, default: int | None) -> int:
    if values and axis < len(values):
        value = int(values[axis])
    elif default is not None:
        value = default
    else:
        raise ValueError("a window without its sizes")
    if default != 0 and value < 1:
        raise ValueError("a window whose sizes make no sense")
    return value


def _windows(layer: Layer, number: int) -> tuple[Window, ...]:
    """All windows from its input `number` to its own maps."""
    return layer.paths[number] + ((layer.window,) if layer.window is not None else ())


def _sight(layer: Layer, image: tuple[int, ...], sights: Mapping[str, Sight]) -> Sight | None:
    """`None` where anything on the way is not known, or sizes do not fit."""
    if len(layer.paths) != max(len(layer.inputs), 1):
        return None
    if layer.kind is LayerKind.CONV and layer.window is None:
        return None
    seen: list[tuple[Axis, ...]] = []
    for number in range(len(layer.paths)):
        source = sights.get(layer.inputs[number]) if layer.inputs else _pixels(image)
        if source is None:
            return None
        try:
            seen.append(_through(_windows(layer, number), source.axes, layer.positions))
        except ValueError:
            return None
    return _joined(seen)


def _pixels(image: tuple[int, ...]) -> Sight:
    return Sight(
        tuple(Axis(1, 1, Fraction(1), Fraction(0), np.arange(n), np.arange(n)) for n in image)
    )


def _through(
    windows: Sequence[Window], axes: tuple[Axis, ...], positions: tuple[int, ...]
) -> tuple[Axis, ...]:
    """What is seen through these windows; raises `ValueError` where sizes do not fit."""
    for number, window in enumerate(windows):
        grid = tuple(a.positions for a in axes)
        if window.positions and window.positions != grid:
            # A vector that is spread over positions: a gate, or a label laid over the maps.
            axes = _spread_over(axes, window.positions)
        later = windows[number + 1].positions if number + 1 < len(windows) else positions
        if window.kind in GATHERING:
            sizes = (1,) * len(axes)
        elif later and len(later) == len(axes):
            sizes = later
        else:
            raise ValueError("a size that is not known")
        axes = tuple(_step(window, i, a, sizes[i]) for i, a in enumerate(axes))
    grid = tuple(a.positions for a in axes)
    if positions and grid != positions:
        return _spread_over(axes, positions)
    if not positions and not _alone(grid):
        raise ValueError("positions that vanish in an unknown way")
    return axes


def _alone(grid: tuple[int, ...]) -> bool:
    return all(n == 1 for n in grid)


def _spread_over(axes: tuple[Axis, ...], positions: tuple[int, ...]) -> tuple[Axis, ...]:
    """One position's value laid over many."""
    if not _alone(tuple(a.positions for a in axes)) or len(positions) != len(axes):
        raise ValueError("sizes do not fit")
    return tuple(
        Axis(a.smallest, a.largest, a.jump, a.centre, np.repeat(a.first, n), np.repeat(a.last, n))
        for a, n in zip(axes, positions, strict=True)
    )


def _step(window: Window, number: int, axis: Axis, after: int) -> Axis:
    if axis.positions < 1 or after < 1:
        raise ValueError("maps without positions")
    read = taps(window, number, axis.positions, after)
    known = read >= 0
    safe = np.where(known, read, 0)
    # What sees nothing must not count: its first pixel is beyond every other's.
    blind = axis.blind[safe] | ~known
    beyond = np.iinfo(np.int64).max
    first = np.where(blind, beyond, axis.first[safe]).min(axis=0, initial=beyond)
    last = np.where(blind, -1, axis.last[safe]).max(axis=0, initial=-1)
    if window.kind in GATHERING:
        reach = axis.jump * axis.positions
        middle = axis.centre + axis.jump * Fraction(axis.positions - 1, 2)
        return Axis(inf, inf, reach, middle, first, last)
    wider, jump, centre = _growth(window, number)
    return Axis(
        axis.smallest + float(wider * axis.jump),
        axis.largest + float(wider * axis.jump),
        axis.jump * jump,
        axis.centre + centre * axis.jump,
        first,
        last,
    )


def _growth(window: Window, axis: int) -> tuple[Fraction, Fraction, Fraction]:
    """By how many positions of its input a window widens the field, what it multiplies the jump by,
    and how far it moves the first centre (Araujo et al. 2019, with growth by strides < 1)."""
    kind = window.kind
    if kind in SLIDING:
        k, s, d, pad = _sizes(window, axis)
        return Fraction((k - 1) * d), Fraction(s), Fraction((k - 1) * d, 2) - pad
    if kind is WindowKind.TRANSPOSED_CONV:
        k, s, d, pad = _sizes(window, axis)
        wider = max(Fraction(0), Fraction((k - 1) * d + 1, s) - 1)
        return wider, Fraction(1, s), -(pad + Fraction((k - 1) * d, 2)) / s
    if kind in GROWING:
        factor = _entry(window.stride, axis, None)
        wider = Fraction(_entry(window.kernel, axis, 1) > 1)
        return wider, Fraction(1, factor), -Fraction(factor - 1, 2 * factor)
    return Fraction(0), Fraction(1), Fraction(-_entry(window.before, axis, 0))


def _joined(seen: Sequence[tuple[Axis, ...]]) -> Sight | None:
    """What a layer sees that reads several; the grid is that of an input which sees least."""
    ranks = {len(axes) for axes in seen}
    if len(ranks) != 1:
        return None
    joined: list[Axis] = []
    for axes in zip(*seen, strict=True):
        if len({a.positions for a in axes}) != 1:
            return None
        local = min(axes, key=lambda a: a.smallest)
        blind = np.array([a.blind for a in axes])
        beyond = np.iinfo(np.int64).max
        first = np.where(blind, beyond, np.array([a.first for a in axes])).min(axis=0)
        last = np.where(blind, -1, np.array([a.last for a in axes])).max(axis=0)
        largest = max(a.largest for a in axes)
        joined.append(Axis(local.smallest, largest, local.jump, local.centre, first, last))
    return Sight(tuple(joined))


def endings(subject: Subject, sights: Mapping[str, Sight]) -> list[Ending]:
    """Where maps become vectors for good (a gate that scales maps is no ending)."""
    found: list[Ending] = []
    back = _returning(subject)
    for layer in subject.layers:
        for source, path in zip(layer.inputs, layer.paths, strict=False):
            gathers = [w for w in path if w.kind in GATHERING]
            if gathers and layer.name not in back and source in sights:
                grid = gathers[0].positions or sights[source].grid
                kind = _kind(gathers[0], path, grid)
                found.append(Ending(source, kind, grid, layer.name))
        if layer.head and layer.name in sights and not _alone(sights[layer.name].grid):
            # Convolutions whose maps are the answer, or are averaged after the last weights.
            kind = "pooled" if _one_answer(subject) else "dense"
            found.append(Ending(layer.name, kind, layer.positions, layer.name))
    return found


def _kind(window: Window, path: tuple[Window, ...], grid: tuple[int, ...]) -> str:
    """Flattening one position is no flattening: what was pooled down to it is."""
    if window.kind is WindowKind.GLOBAL_POOL:
        return "pooled"
    pools = [w for w in path if w.kind is WindowKind.AVERAGE_POOL]
    return "pooled" if _alone(grid) and pools else "flattened"


def _one_answer(subject: Subject) -> bool:
    last = subject.last("", Targets, "", Clock.INLINE)
    return last is not None and last.value.kind in (TargetKind.CLASSES, TargetKind.MULTI_LABEL)


def _returning(subject: Subject) -> set[str]:
    """Layers that vectors flow from back into maps of several positions."""
    returning: set[str] = set()
    for layer in reversed(subject.layers):
        large = bool(layer.positions) and not _alone(layer.positions)
        if large or layer.name in returning:
            returning.update(layer.inputs)
    return returning


def _coverage(
    subject: Subject,
    image: tuple[int, ...],
    sights: Mapping[str, Sight],
    found: tuple[Ending, ...],
) -> tuple[Floats, ...] | None:
    """How often each pixel is used on its way to the answer, walking back from the heads."""
    if not subject.layers or not found or any(x.name not in sights for x in subject.layers):
        return None
    used: dict[str, list[Floats]] = {}
    pixels = [np.zeros(n) for n in image]
    for layer in reversed(subject.layers):
        mine = used.get(layer.name)
        if layer.head:
            mine = [np.ones(n) for n in sights[layer.name].grid]
        if mine is None:
            continue
        for number in range(len(layer.paths)):
            source = layer.inputs[number] if layer.inputs else None
            into = (
                pixels
                if source is None
                else used.setdefault(source, [np.zeros(n) for n in sights[source].grid])
            )
            for axis, counts in enumerate(_back(_windows(layer, number), mine, into)):
                into[axis] += counts
    return tuple(c / c.max() if c.max() > 0 else c for c in pixels)


def _back(windows: Sequence[Window], counts: list[Floats], into: list[Floats]) -> list[Floats]:
    for number in reversed(range(len(windows))):
        window = windows[number]
        sizes = window.positions or tuple(len(x) for x in into)
        counts = [_gathered(window, i, c, sizes[i]) for i, c in enumerate(counts)]
    # Spread over positions from one: what any of them uses is used.
    return [
        c if len(c) == len(x) else np.full(len(x), c.sum())
        for c, x in zip(counts, into, strict=True)
    ]


def _gathered(window: Window, axis: int, counts: Floats, before: int) -> Floats:
    read = taps(window, axis, before, len(counts))
    known = read >= 0
    weights = np.broadcast_to(counts, read.shape)[known]
    total: Floats = np.zeros(before)
    np.add.at(total, read[known], weights)
    return total / total.max() if total.size and total.max() > 0 else total
