"""Where positions go between one weight layer and the next: which axes hold them, and which windows
they pass."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import torch

from snellen.adapters.torch import windows
from snellen.adapters.torch.windows import Call, Positions
from snellen.core import Window, WindowKind

INPUT = -1
"""Stands for the model's input where layers are known by number."""

MIXING = {
    "matmul", "__matmul__", "__rmatmul__", "bmm", "baddbmm", "mm", "einsum", "tensordot",
    "scaled_dot_product_attention", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh",
    "grid_sample", "roll", "flip", "fliplr", "flipud", "rot90", "unfold", "fold", "cumsum", "sort",
    "fft_fft2", "fft_ifft2", "fft_rfft2", "fft_irfft2", "fft_fftn", "fft_ifftn", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "pixel_unshuffle",
}  # fmt: skip
"""Functions that carry values from position to position, in no way that a window describes."""

REDUCTIONS = {
    "mean", "sum", "amax", "amin", "max", "min", "logsumexp", "std", "var", "nanmean", "nansum",
    "median", "prod",
}  # fmt: skip
RESHAPES = {
    "view", "view_as", "reshape", "reshape_as", "flatten", "unflatten", "squeeze", "squeeze_",
    "unsqueeze", "unsqueeze_",
}  # fmt: skip
TURNS = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t"}
PIECES = {"chunk", "split", "split_with_sizes", "tensor_split", "unbind", "select"}
CONCATENATIONS = {"cat", "concat", "concatenate"}
RESIZES = {"interpolate", "upsample", "upsample_nearest", "upsample_bilinear"}

_POOL = re.compile(r"(?:max|avg|lp)_pool([123])d(?:_with_indices)?")
_ADAPTIVE = re.compile(r"adaptive_(?:max|avg)_pool([123])d(?:_with_indices)?")


@dataclass(frozen=True)
class Way:
    """What lies between the last weights and a tensor."""

    paths: Mapping[int, tuple[Window, ...]]
    """Windows by the number of the layer they lead from (`INPUT`: the model's input)."""
    axes: Positions = ()
    """The tensor's spatial axes, in the order of `grid`."""
    grid: Positions = ()
    """Positions along each axis; longer than `axes` where several were laid end to end."""
    padded_by: str | None = field(default=None, compare=False)
    """The module in which the last window, a padding, was just made."""

    @classmethod
    def of(cls, number: int, shape: Positions, axes: Positions | None = None) -> Way:
        """Maps just made by layer `number`."""
        own = spatial(len(shape)) if axes is None else axes
        return cls({number: ()}, own, tuple(shape[a] for a in own))

    @property
    def fresh(self) -> bool:
        """It is the model's input, and no window has passed over it: how its axes lie is not
        sure."""
        return not any(self.paths.values()) and set(self.paths) == {INPUT}

    def after(self, window: Window | None, axes: Positions, shape: Positions) -> Way:
        """Behind one more window, with its spatial axes among `shape`."""
        paths = self.paths
        if window is not None:
            paths = {k: (*v, window) for k, v in paths.items()}
        return Way(paths, axes, tuple(shape[a] for a in axes))

    def unknown(self, shape: Positions) -> Way:
        """Behind something that is not known."""
        axes = spatial(len(shape))
        if all(path and path[-1].kind is WindowKind.OTHER for path in self.paths.values()):
            return self.after(None, axes, shape)
        return self.after(Window(WindowKind.OTHER, positions=self.grid), axes, shape)

    def in_terms_of(self, axes: Positions, shape: Positions) -> Way:
        """As read by a function that takes these axes of the tensor for the spatial ones."""
        grid = tuple(shape[a] for a in axes)
        if (self.axes, self.grid) == (axes, grid):
            return self
        if self.fresh or (not self.axes and all(n == 1 for n in grid)):
            return Way(self.paths, axes, grid)
        return replace(self.unknown(shape), axes=axes, grid=grid)


def spatial(rank: int) -> Positions:
    """Where the positions of a tensor with so many axes most likely are: `(images, channels,
    *positions)`."""
    return tuple(range(2, rank))


def read_by_convolution(way: Way, call: Call, rank: int) -> Way:
    """The way as a convolution over `rank` spatial axes meets it."""
    axes = tuple(range(len(call.given) - rank, len(call.given)))
    return way.in_terms_of(axes, call.given)


def read_by_dense(way: Way, call: Call) -> Way:
    """The way as a dense layer meets it, whose inputs are on the last axis."""
    last = len(call.given) - 1
    axes = tuple(range(1, last))
    if last in way.axes and not way.fresh:
        window = Window(WindowKind.FLATTEN, positions=way.grid)
        return way.after(window, axes, call.given)
    return way.in_terms_of(axes, call.given)


def fold_padding(way: Way, window: Window, module: str) -> tuple[Way, Window]:
    """A module that pads by itself before it convolves: both are one window."""
    ends = {path[-1] if path else None for path in way.paths.values()}
    if way.padded_by != module or len(ends) != 1:
        return way, window
    (pad,) = ends
    if pad is None or pad.kind is not WindowKind.PAD:
        return way, window
    own = zip(pad.before, window.before, strict=True), zip(pad.after, window.after, strict=True)
    before, after = (tuple(a + b for a, b in pairs) for pairs in own)
    window = replace(
        window, before=before, after=after, positions=pad.positions, padding=pad.padding
    )
    return replace(way, paths={k: v[:-1] for k, v in way.paths.items()}), window


def through(way: Way, call: Call, module: str) -> Way:
    """The way behind a call on these maps alone. `module`: the one being called."""
    name, rank = call.name, len(call.out)
    if name in MIXING:
        return way.unknown(call.out) if len(way.grid) else way
    if name in TURNS:
        return _turned(way, call)
    if name in RESHAPES:
        return _reshaped(way, call)
    if not way.axes:
        return _from_vector(way, call)
    for pattern, read in ((_POOL, windows.pool), (_ADAPTIVE, windows.adaptive_pool)):
        match = pattern.fullmatch(name)
        if match:
            return _slid(way, call, int(match[1]), read)
    if name in RESIZES:
        return _slid(way, call, rank - 2, windows.resized)
    if name == "pixel_shuffle":
        return _slid(way, call, 2, lambda c, _: windows.shuffled(c))
    if name == "pad":
        window = windows.padded(call, way.axes)
        kept = way.after(window, way.axes, call.out)
        return replace(kept, padded_by=module)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(way, call)
    return _kept(way, call)


def joined(ways: Sequence[Way], call: Call) -> Way:
    """The way behind a call that brings several maps together: of two ways from the same layer the
    one with more windows."""
    if call.name in MIXING:
        ways = [way.unknown(call.out) for way in ways]
    main = max(ways, key=lambda way: (len(way.axes), prod(way.grid)))
    axes, grid = main.axes, main.grid
    if call.name in CONCATENATIONS:
        axis = call.argument(1, "dim", 0)
        beside = isinstance(axis, int) and axis % max(len(call.out), 1) in axes
        # Beside one another: the grid has grown in a way that no window describes.
        ways = [way.unknown(call.out) for way in ways] if beside else ways
    if any(a >= len(call.out) for a in axes):
        axes = spatial(len(call.out))
    paths: dict[int, tuple[Window, ...]] = {}
    for way in ways:
        spread_out = all(n == 1 for n in way.grid)
        known = way if way.grid == grid or spread_out else way.unknown(call.out)
        for number, path in known.paths.items():
            if len(path) >= len(paths.get(number, ())):
                paths[number] = path
    return Way(paths, axes, tuple(call.out[a] for a in axes) if len(grid) == len(axes) else grid)


def _slid(way: Way, call: Call, rank: int, read: Callable[[Call, int], Window | None]) -> Way:
    if len(call.out) < rank or len(call.given) != len(call.out):
        return way.unknown(call.out)
    axes = tuple(range(len(call.given) - rank, len(call.given)))
    return way.in_terms_of(axes, call.given).after(read(call, rank), axes, call.out)


def _kept(way: Way, call: Call) -> Way:
    """A function that treats each position by itself, if the positions are still there."""
    if call.given == call.out:
        return replace(way, padded_by=None)
    if len(call.given) != len(call.out):
        return way.unknown(call.out)
    before, sizes = (tuple(shape[a] for a in way.axes) for shape in (call.given, call.out))
    if before == sizes:
        return replace(way, padded_by=None)
    spread_out = all(n == 1 for n in way.grid)
    return Way(way.paths, way.axes, sizes) if spread_out else way.unknown(call.out)


def _from_vector(way: Way, call: Call) -> Way:
    if len(call.out) <= 2:
        return Way(way.paths)
    if len(call.out) == len(call.given):
        return Way(way.paths, way.axes, way.grid)
    return _spread_out(way, call.out)


def _spread_out(way: Way, shape: Positions) -> Way:
    """A vector that got spatial axes: one position, unless it is laid out over several."""
    axes = spatial(len(shape))
    grid = tuple(shape[a] for a in axes)
    alone = way.fresh or all(n == 1 for n in grid)
    return Way(way.paths, axes, grid) if alone else way.unknown(shape)


def _turned(way: Way, call: Call) -> Way:
    # A tensor without values, whose sizes tell where its axes went.
    marked: Any = torch.empty(tuple(range(1, len(call.given) + 1)), device="meta")
    turned: Any = getattr(marked, call.name)(*call.args[1:], **call.kwargs)
    places = {size - 1: place for place, size in enumerate(turned.shape)}
    return Way(way.paths, tuple(places[a] for a in way.axes), way.grid)


def _reshaped(way: Way, call: Call) -> Way:
    shape, out, axes = call.given, call.out, way.axes
    if shape == out:
        return way
    if not axes:
        return _spread_out(way, out) if len(out) > 2 else Way(way.paths)
    if len(out) <= 2 and shape[0] not in out[:1]:
        # Positions went among the images, or nothing is left of images.
        return way.unknown(out) if prod(way.grid) > 1 else Way(way.paths)
    if len(out) <= 2:
        return _flattened(way)
    found = _same_axes(shape, axes, out) or _end_to_end(way, shape, out)
    if found is not None:
        return Way(way.paths, found, way.grid)
    if way.fresh:
        return Way.of(INPUT, out)
    if all(n == 1 for n in way.grid):
        own = spatial(len(out))
        return Way(way.paths, own, tuple(out[a] for a in own))
    return way.unknown(out)


def _flattened(way: Way) -> Way:
    pooled = all(path and path[-1].kind is WindowKind.GLOBAL_POOL for path in way.paths.values())
    if pooled and all(n == 1 for n in way.grid):
        return Way(way.paths)
    window = Window(WindowKind.FLATTEN, positions=way.grid)
    return Way({k: (*v, window) for k, v in way.paths.items()})


def _same_axes(shape: Positions, axes: Positions, out: Positions) -> Positions | None:
    """Where the spatial axes are after channels were split or merged (or axes of one added)."""
    first, last = min(axes), max(axes)
    if axes != tuple(range(first, last + 1)):
        return None
    sizes, ahead, behind = shape[first : last + 1], prod(shape[:first]), prod(shape[last + 1 :])
    for start in range(1, len(out) - len(axes) + 1):
        end = start + len(axes)
        fits = prod(out[:start]) == ahead and prod(out[end:]) == behind
        if out[start:end] == sizes and fits:
            return tuple(range(start, end))
    return None


def _end_to_end(way: Way, shape: Positions, out: Positions) -> Positions | None:
    """Where the positions are after several axes became one, or one became several again."""
    first, last = min(way.axes), max(way.axes)
    ahead = prod(shape[:first])
    if len(way.axes) > 1 and way.axes == tuple(range(first, last + 1)):
        merged = prod(way.grid)
        for place in range(1, len(out)):
            if out[place] == merged and prod(out[:place]) == ahead:
                return (place,)
    elif len(way.axes) == 1 and len(way.grid) > 1:
        for start in range(1, len(out) - len(way.grid) + 1):
            end = start + len(way.grid)
            if out[start:end] == way.grid and prod(out[:start]) == ahead:
                return tuple(range(start, end))
    return None


def _reduced(way: Way, call: Call) -> Way:
    rank = len(call.given)
    dims = call.argument(1, "dim", call.kwargs.get("axis"))
    if isinstance(dims, torch.Tensor):
        return _kept(way, call)
    listed = (dims,) if isinstance(dims, int) else dims
    reduced = set(range(rank)) if listed is None else {int(d) % rank for d in listed}
    gone = [a for a in way.axes if a in reduced]
    kept = len(call.out) == rank
    left = way.axes if kept else tuple(a for a in way.axes if a not in reduced)
    moved = tuple(a if kept else a - sum(r < a for r in reduced) for a in left)
    if not gone:
        return Way(way.paths, moved, way.grid)
    if 0 in reduced and rank > 1:
        return way.unknown(call.out)
    if len(gone) < len(way.axes):
        return way.after(Window(WindowKind.OTHER, positions=way.grid), moved, call.out)
    return _averaged(way, moved, call.out)


def _averaged(way: Way, axes: Positions, out: Positions) -> Way:
    """All positions became one. One axis after the other: the last makes it whole."""
    paths: dict[int, tuple[Window, ...]] = {}
    for number, path in way.paths.items():
        grid, before = way.grid, path
        if path and path[-1].kind is WindowKind.OTHER and len(path[-1].positions) > len(grid):
            grid, before = path[-1].positions, path[:-1]
        paths[number] = (*before, Window(WindowKind.GLOBAL_POOL, positions=grid))
    return Way(paths, axes, tuple(out[a] for a in axes))


def _in_pieces(way: Way, call: Call) -> Way:
    rank = len(call.given)
    place = 1 if call.name in ("unbind", "select") else 2
    dim = int(call.argument(place, "dim", 0)) % rank
    if dim in way.axes:
        return way.unknown(call.out)
    if len(call.out) == rank:
        return Way(way.paths, way.axes, way.grid)
    return Way(way.paths, tuple(a - (dim < a) for a in way.axes), way.grid)


def _narrowed(way: Way, call: Call) -> Way:
    dim = int(call.argument(1, "dim", 0)) % len(call.given)
    start = call.argument(2, "start", 0)
    if dim not in way.axes:
        return Way(way.paths, way.axes, way.grid)
    if not isinstance(start, int) or len(way.grid) != len(way.axes):
        return way.unknown(call.out)
    starts = tuple(start % call.given[dim] if a == dim else 0 for a in way.axes)
    return _cut(way, call, way.axes, starts, (1,) * len(starts))


def _indexed(way: Way, call: Call) -> Way:
    """Slices, whole numbers, `None` and `...`; any other index only where it leaves positions
    alone."""
    index = call.args[1] if len(call.args) > 1 else ()
    items: list[Any] = list(index) if isinstance(index, tuple) else [index]
    rank, named = len(call.given), [i for i in items if i is not None and i is not ...]
    if any(not isinstance(i, (int, slice)) or isinstance(i, bool) for i in named):
        same = len(call.out) == rank and tuple(call.out[a] for a in way.axes) == way.grid
        return Way(way.paths, way.axes, way.grid) if same else way.unknown(call.out)
    if any(i is ... for i in items):
        place = next(k for k, i in enumerate(items) if i is ...)
        items[place : place + 1] = [slice(None)] * (rank - len(named))
    items += [slice(None)] * (rank - len([i for i in items if i is not None]))
    places: dict[int, int] = {}
    taken: dict[int, tuple[int, int]] = {}
    axis = place = 0
    for item in items:
        if item is None:
            place += 1
            continue
        if isinstance(item, slice):
            start, _, step = item.indices(call.given[axis])
            places[axis], taken[axis] = place, (start, step)
            place += 1
        axis += 1
    if any(a not in places for a in way.axes) or len(way.grid) != len(way.axes):
        return way.unknown(call.out)
    starts = tuple(taken[a][0] for a in way.axes)
    steps = tuple(taken[a][1] for a in way.axes)
    return _cut(way, call, tuple(places[a] for a in way.axes), starts, steps)


def _cut(way: Way, call: Call, axes: Positions, starts: Positions, steps: Positions) -> Way:
    out = tuple(call.out[a] for a in axes)
    return way.after(windows.cut(starts, steps, way.grid, out), axes, call.out)


_SPECIAL: dict[str, Callable[[Way, Call], Way]] = {
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys(PIECES, _in_pieces),
    "narrow": _narrowed,
    "__getitem__": _indexed,
}
