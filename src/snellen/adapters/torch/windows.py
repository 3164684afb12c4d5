"""How one call of a PyTorch function slides over positions, read from its arguments."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from snellen.core import Window, WindowKind

Positions = tuple[int, ...]

PAD_MODES = {"constant": "zeros"}
"""Modes of `F.pad` that a window calls by another name."""


@dataclass(frozen=True)
class Call:
    """One call of a function on maps."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    given: Positions
    """Shape of the maps it was given."""
    out: Positions
    """Shape of what it returned."""

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by its place (the maps are at 0) or its name."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[place] if len(self.args) > place else default


def convolution(call: Call, kernel: Positions) -> Window | None:
    """The window of a convolution with a kernel of this spatial shape; `None` for arguments that
    are no plain numbers.

    A transposed one spreads its input to `(size − 1) · stride + (kernel − 1) · dilation + 1`
    positions; `before` and `after` say how many it then adds at the ends (negative: cuts off).
    """
    rank = len(kernel)
    positions = call.given[-rank:]
    if "transpose" in call.name:
        stride = spread(call.argument(3, "stride", 1), rank)
        cut = spread(call.argument(4, "padding", 0), rank)
        extra = spread(call.argument(5, "output_padding", 0), rank)
        dilation = spread(call.argument(7, "dilation", 1), rank)
        if stride is None or cut is None or extra is None or dilation is None:
            return None
        before = tuple(-n for n in cut)
        after = tuple(e - n for n, e in zip(cut, extra, strict=True))
        kind = WindowKind.TRANSPOSED_CONV
    else:
        stride = spread(call.argument(3, "stride", 1), rank)
        dilation = spread(call.argument(5, "dilation", 1), rank)
        if stride is None or dilation is None:
            return None
        padding = call.argument(4, "padding", 0)
        if padding == "same":
            # What is odd comes after.
            totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
            before = tuple(n // 2 for n in totals)
            after = tuple(n - n // 2 for n in totals)
        else:
            around = spread(0 if padding == "valid" else padding, rank)
            if around is None:
                return None
            before = after = around
        kind = WindowKind.CONV
    return Window(kind, kernel, stride, dilation, before, after, positions)


def pool(call: Call, rank: int) -> Window:
    """The window of `max_pool*d`, `avg_pool*d` or `lp_pool*d`."""
    positions = call.given[-rank:]
    # lp_pool takes the norm's power first.
    first = 2 if call.name.startswith("lp") else 1
    kernel = spread(call.argument(first, "kernel_size"), rank)
    given = call.argument(first + 1, "stride")
    stride = spread(given, rank) if given not in (None, [], ()) else kernel
    largest = call.name.startswith("max")
    padding = dilation = None
    if first == 1:
        padding = spread(call.argument(3, "padding", 0), rank)
        dilation = spread(call.argument(4, "dilation", 1), rank) if largest else None
    ceiling = call.argument(5 if largest else 4, "ceil_mode", False)
    if kernel is None or stride is None:
        return Window(WindowKind.OTHER, positions=positions)
    around = padding or (0,) * rank
    if not largest and kernel == positions and not any(around):
        return Window(WindowKind.GLOBAL_POOL, positions=positions)
    return Window(
        WindowKind.MAX_POOL if largest else WindowKind.AVERAGE_POOL,
        kernel,
        stride,
        dilation or (1,) * rank,
        around,
        around,
        positions,
        ceiling=bool(ceiling),
        padding="lowest" if largest else "zeros",
    )


def adaptive_pool(call: Call, rank: int) -> Window | None:
    """The window of `adaptive_*_pool*d`; `None` where every position stays. Windows that differ
    from one position to the next are `OTHER`."""
    positions, out = call.given[-rank:], call.out[-rank:]
    if positions == out:
        return None
    if set(out) == {1}:
        return Window(WindowKind.GLOBAL_POOL, positions=positions)
    if any(n % m for n, m in zip(positions, out, strict=True)):
        return Window(WindowKind.OTHER, positions=positions)
    kernel = tuple(n // m for n, m in zip(positions, out, strict=True))
    largest = "max" in call.name
    nothing = (0,) * rank
    return Window(
        WindowKind.MAX_POOL if largest else WindowKind.AVERAGE_POOL,
        kernel,
        kernel,
        (1,) * rank,
        nothing,
        nothing,
        positions,
        padding="lowest" if largest else "zeros",
    )


def resized(call: Call, rank: int) -> Window | None:
    """The window of an interpolation; `kernel` holds the positions along an axis that it mixes."""
    positions, out = call.given[-rank:], call.out[-rank:]
    if positions == out:
        return None
    if any(m % n for n, m in zip(positions, out, strict=True)):
        return Window(WindowKind.OTHER, positions=positions)
    factors = tuple(m // n for n, m in zip(positions, out, strict=True))
    mode = str(call.argument(3, "mode", "nearest"))
    mixed = 4 if mode == "bicubic" else 1 if mode.startswith("nearest") else 2
    return Window(WindowKind.UPSAMPLE, (mixed,) * rank, factors, positions=positions)


def shuffled(call: Call) -> Window:
    """The window of `pixel_shuffle`."""
    positions, out = call.given[-2:], call.out[-2:]
    factors = tuple(m // n for n, m in zip(positions, out, strict=True))
    return Window(WindowKind.PIXEL_SHUFFLE, stride=factors, positions=positions)


def padded(call: Call, axes: Positions) -> Window | None:
    """The window of `F.pad` on maps with these spatial axes; `None` where it changes none of
    them."""
    amounts = call.argument(1, "pad")
    if not isinstance(amounts, Sequence) or not all(isinstance(n, int) for n in amounts):
        return Window(WindowKind.OTHER, positions=tuple(call.given[a] for a in axes))
    # Pairs from the last axis backwards.
    last = len(call.given) - 1
    pairs = {last - i // 2: (amounts[i], amounts[i + 1]) for i in range(0, len(amounts) - 1, 2)}
    before = tuple(pairs.get(a, (0, 0))[0] for a in axes)
    after = tuple(pairs.get(a, (0, 0))[1] for a in axes)
    if not any(before) and not any(after):
        return None
    mode = str(call.argument(2, "mode", "constant"))
    cut = max(*before, *after) <= 0
    return Window(
        WindowKind.CROP if cut else WindowKind.PAD,
        before=before,
        after=after,
        positions=tuple(call.given[a] for a in axes),
        padding=PAD_MODES.get(mode, mode),
    )


def cut(starts: Positions, steps: Positions, positions: Positions, out: Positions) -> Window | None:
    """The window of slices along the spatial axes: `x[:, :, 1:-1, ::2]`."""
    if set(steps) <= {1}:
        before = tuple(-n for n in starts)
        after = tuple(m + n - p for n, m, p in zip(starts, out, positions, strict=True))
        if not any(before) and not any(after):
            return None
        return Window(WindowKind.CROP, before=before, after=after, positions=positions)
    ends = [n + (m - 1) * s + 1 for n, m, s in zip(starts, out, steps, strict=True)]
    # Every n-th position is what a pool of one position with this stride gives.
    return Window(
        WindowKind.MAX_POOL,
        (1,) * len(positions),
        steps,
        (1,) * len(positions),
        tuple(-n for n in starts),
        tuple(e - p for e, p in zip(ends, positions, strict=True)),
        positions,
        padding="lowest",
    )


def spread(value: Any, rank: int) -> Positions | None:
    """One whole number for each axis; `None` for anything else."""
    if isinstance(value, (bool, Tensor)):
        return None
    if isinstance(value, int):
        return (value,) * rank
    if not isinstance(value, (tuple, list)) or not all(isinstance(n, int) for n in value):
        return None
    numbers = tuple(int(n) for n in value)
    return numbers * rank if len(numbers) == 1 else numbers if len(numbers) == rank else None
