"""C16 unfit-padding-or-stride."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.layout import convolutions, layout
from snellen.causes.rewriting import called, channels_read, construction, instead
from snellen.core import Layer, Window, WindowKind
from snellen.symptoms.wording import count, percent

POOLS = (WindowKind.MAX_POOL, WindowKind.AVERAGE_POOL)
MUCH_UNREAD = 0.25
"""Share of the pixels; unpadded pooling of odd sizes loses less in healthy networks."""
MUCH_BLIND = 0.05
"""Share of positions that see padding alone."""
MOST_LINES = 8


class UnfitPaddingOrStride(Cause):
    """Kernels, strides and padding that do not fit one another or the image's size.

    ## How it shows
    It can be computed: a stride larger than its kernel skips pixels; a window that does not fit the
    maps leaves rows and columns of every image unread; padding beyond half the kernel makes
    positions that see no pixel, a frame that is the same in all maps. Or subsampling folds fine
    texture into coarse maps, and answers change when the image moves by a pixel.

    ## What looks similar
    Downsampling too early (C13) reads every pixel, and keeps too few positions. Objects that are
    always in the middle make the rim of maps differ too. A network that only saw centred objects
    changes its answers the more the further they move, and no stride is to blame.

    ## How to be sure
    Train again with windows that fit: kernel 3, padding 1, stride 1 and a pooling behind. Objects
    near the right and lower border are found; answers stay when the image moves by a pixel.

    ## References
    - Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016,
      https://arxiv.org/abs/1603.07285
    - Zhang, Making Convolutional Networks Shift-Invariant Again, 2019,
      https://arxiv.org/abs/1904.11486
    - Alsallakh et al., Mind the Pad, 2021, https://arxiv.org/abs/2010.02178
    """

    code = "C16"
    name = "unfit-padding-or-stride"
    since = "0.1"
    prior = 0.025
    explains = frozenset(("S29", "S30", "S28", "S05", "S17", "S20", "S43", "S46", "S48", "S50"))
    alike = ("C13", "C06", "C12")
    trial = "train again with windows that fit: kernel 3, padding 1, stride 1, pooling behind"

    @clue(Group.CONFIGURATION, expected=(0.45, 0.01), decisive=True)
    def pixels_are_never_read(self, case: Case) -> Sign:
        seen = layout(case)
        if seen is None or not np.isfinite(seen.unread_share):
            return UNMEASURED
        said = f"{percent(seen.unread_share)} of the pixels of every image never reach the answer"
        return sign(seen.unread_share > MUCH_UNREAD, said)

    @clue(Group.CONFIGURATION, expected=(0.4, 0.02))
    def stride_beyond_the_kernel(self, case: Case) -> Sign:
        if not convolutions(case):
            return UNMEASURED
        skipping = _skipping(case)
        if not skipping:
            return sign(False, "no window steps further than it is wide")
        where, window = skipping[0]
        said = (
            f"{where} moves in steps of {max(window.stride)} with a kernel of "
            f"{min(window.kernel)}: it skips positions"
        )
        return sign(True, said)

    @clue(Group.CONFIGURATION, expected=(0.35, 0.02))
    def positions_see_padding_alone(self, case: Case) -> Sign:
        blind = _blindest(case)
        if blind is None:
            return UNMEASURED
        layer, share = blind
        said = f"{percent(share)} of the positions of {layer.name} see nothing but padding"
        if share <= 0:
            said = "every position of every layer sees some of the image"
        return sign(share > MUCH_BLIND, said)

    @clue(Group.DEPTH, expected=(0.75, 0.02))
    def geometry_was_reported(self, case: Case) -> Sign:
        bad = [f for f in case.findings("S29", "S30") if not _enlarging(case, f.place.layer)]
        if bad:
            return sign(True, bad[0].evidence.sentence(), bad[0].code)
        if not (case.judged("S29") or case.judged("S30")):
            return UNMEASURED
        return sign(False, "strides fit the image's size and padding makes no frame")

    @clue(Group.CLASSES, expected=(0.3, 0.05))
    def answers_move_with_a_pixel(self, case: Case) -> Sign:
        if not case.judged("S28"):
            return UNMEASURED
        bad = case.findings("S28")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S28")
        return sign(False, "answers stay when the image moves by a pixel")

    @clue(Group.CONFIGURATION, expected=(0.25, 0.04))
    def strides_hardly_overlap(self, case: Case) -> Sign:
        if not convolutions(case):
            return UNMEASURED
        coarse = _aliasing(case)
        if not coarse:
            return sign(False, "windows of convolutions that subsample overlap by half or more")
        layer, window = coarse[0]
        said = (
            f"{layer.name} keeps one position of {max(window.stride)} with a kernel of "
            f"{min(window.kernel)}: finer detail is folded into coarse maps"
        )
        return sign(True, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        made = [
            *_fitted(case),
            *_padded(case),
            *_pooled(case),
            *_smoothed(case),
        ]
        yield from made or [_usual(case)]


def _skipping(case: Case) -> list[tuple[str, Window]]:
    """Windows that step further than they are wide, and where they are."""
    found: list[tuple[str, Window]] = []
    for layer in case.subject.layers:
        if layer.window is not None and layer.window.kind is WindowKind.CONV:
            found += [(layer.name, layer.window)] if _skips(layer.window) else []
        for path in layer.paths:
            found += [
                (f"the pooling before {layer.name}", w)
                for w in path
                if w.kind in POOLS and _skips(w)
            ]
    return found


def _skips(window: Window) -> bool:
    """A 1×1 projection that a skip path needs is one of two ways, and is not meant here: coverage
    tells of it."""
    dilation = window.dilation or (1,) * len(window.kernel)
    return any(
        s > (k - 1) * d + 1 for k, s, d in zip(window.kernel, window.stride, dilation, strict=False)
    )


def _aliasing(case: Case) -> list[tuple[Layer, Window]]:
    """Convolutions with a stride of 3 or more, or of 2 that skips, read by kernels narrower than
    twice the stride."""
    found: list[tuple[Layer, Window]] = []
    for layer in convolutions(case):
        window = layer.window
        if window is None or layer.transposed or layer.residual:
            continue
        pairs = list(zip(window.kernel, window.stride, strict=False))
        if any((s >= 3 and k < 2 * s - 1) or (s == 2 and k < 2) for k, s in pairs):
            found.append((layer, window))
    return found


def _enlarging(case: Case, name: str) -> bool:
    """What a transposed convolution leaves empty is no frame of padding: see C17."""
    layer = case.layer(name)
    return layer is not None and layer.transposed


def _blindest(case: Case) -> tuple[Layer, float] | None:
    seen = layout(case)
    if seen is None:
        return None
    shares = [
        (layer, seen.sights[layer.name].blind_share)
        for layer in convolutions(case)
        if layer.name in seen.sights and not layer.transposed
    ]
    return max(shares, key=lambda one: one[1], default=None)


def _fitted(case: Case) -> Iterable[Remedy]:
    """Kernels that reach over their stride."""
    bad = [(x, x.window) for x in convolutions(case) if x.window is not None and _skips(x.window)]
    if not bad:
        return
    lines: list[str] = []
    for layer, window in bad[:MOST_LINES]:
        kernel = tuple(2 * s - 1 if s > 1 else k for k, s in zip(*_sides(window), strict=True))
        pad = tuple((k - 1) // 2 for k in kernel)
        lines.append(instead(case, layer, construction(case, layer, kernel=kernel, padding=pad)))
    first, window = bad[0]
    yield Remedy(
        f"Let {called(first)} read all it steps over: a kernel of {2 * max(window.stride) - 1} for "
        f"its stride of {max(window.stride)}",
        case.framework,
        "\n".join(lines),
        "a larger kernel in that layer",
        "no pixel goes unread (S30), and the loss falls where it stood at guessing",
    )


def _padded(case: Case) -> Iterable[Remedy]:
    """Padding of at most half the kernel."""
    bad: list[tuple[Layer, Window]] = []
    for layer in convolutions(case):
        window = layer.window
        if window is None or layer.transposed:
            continue
        dilation = window.dilation or (1,) * len(window.kernel)
        reach = [(k - 1) * d for k, d in zip(window.kernel, dilation, strict=False)]
        if any(b > r for b, r in zip(window.before, reach, strict=False)):
            bad.append((layer, window))
    if not bad:
        return
    lines: list[str] = []
    for layer, window in bad[:MOST_LINES]:
        pad = tuple((k - 1) // 2 for k in window.kernel)
        if case.keras:
            made = construction(case, layer).replace(', padding="same"', "")
            lines.append(instead(case, layer, made[:-1] + ', padding="same")'))
            lines.append(f"# and without the ZeroPadding before {layer.name}")
        else:
            lines.append(instead(case, layer, construction(case, layer, padding=pad)))
    first, window = bad[0]
    half = max((k - 1) // 2 for k in window.kernel)
    yield Remedy(
        f"Pad {called(first)} by {half} instead of {max(window.before)}",
        case.framework,
        "\n".join(lines),
        "smaller maps; a head that reads flattened maps needs fewer inputs",
        "no position sees padding alone (S29)",
    )


def _pooled(case: Case) -> Iterable[Remedy]:
    """A pooling that fits whatever size there is."""
    seen = layout(case)
    if seen is None or not seen.unread_share > MUCH_UNREAD:
        return
    for layer in case.subject.layers:
        for window in (w for path in layer.paths for w in path if w.kind in POOLS):
            grid, kernel = window.positions, window.kernel
            left = [n - k for n, k in zip(grid, kernel, strict=False)]
            steps = window.stride or kernel
            unfit = any(r > 0 and r % s for r, s in zip(left, steps, strict=False))
            if not unfit or not grid:
                continue
            yield _adaptive(case, layer, window)
            return


def _adaptive(case: Case, layer: Layer, window: Window) -> Remedy:
    dims = max(1, len(window.kernel))
    kind = "Max" if window.kind is WindowKind.MAX_POOL else "Average"
    size, grid = max(window.kernel), "×".join(map(str, window.positions))
    if case.keras:
        code = f"x = layers.Global{kind}Pooling{dims}D()(x)  # before {layer.name}"
    else:
        short = "Max" if kind == "Max" else "Avg"
        code = f"pool = nn.Adaptive{short}Pool{dims}d(1)  # before {layer.name}"
    return Remedy(
        f"Pool over all {grid} positions before {called(layer)} instead of {size} by {size}",
        case.framework,
        code,
        f"none; {layer.name} then reads one value per channel ({channels_read(layer)} now)",
        "every pixel reaches the answer (S30)",
    )


def _smoothed(case: Case) -> Iterable[Remedy]:
    """Stride 1, and an average that keeps every n-th position of a smooth map."""
    coarse = _aliasing(case)
    if not coarse:
        return
    layer, window = coarse[0]
    dims, step = max(1, len(window.kernel)), max(window.stride)
    ones = (1,) * dims
    kernel = tuple(max(3, k | 1) for k in window.kernel) if window.kernel else (3,) * dims
    pad = tuple((k - 1) // 2 for k in kernel)
    made = construction(case, layer, kernel=kernel, stride=ones, padding=pad)
    if case.keras:
        code = (
            f"{instead(case, layer, made)}\n"
            f'x = layers.AveragePooling{dims}D({step}, padding="same")(x)'
        )
    else:
        code = instead(case, layer, f"nn.Sequential({made}, nn.AvgPool{dims}d({step}))")
    yield Remedy(
        f"Let {called(layer)} read with stride 1 and average {step} by {step} positions after it",
        case.framework,
        code,
        f"{step**dims} times the arithmetic of this layer",
        "answers stay when the image moves by a pixel (S28)",
    )


def _usual(case: Case) -> Remedy:
    own = convolutions(case)
    if not own:
        code = (
            'x = layers.Conv2D(16, 3, padding="same")(x)'
            if case.keras
            else "conv = nn.Conv2d(16, 16, 3, padding=1)"
        )
        return Remedy(
            "Take kernel 3 with padding 1",
            case.framework,
            code,
            "nothing",
            "every pixel reaches the answer (S30)",
        )
    lines = [instead(case, x, _centred(case, x)) for x in own[:MOST_LINES]]
    return Remedy(
        f"Pad every convolution by half its kernel ({count(len(own), 'layer')})",
        case.framework,
        "\n".join(lines),
        "larger maps; a head that reads flattened maps needs more inputs",
        "every pixel reaches the answer (S30), and no frame shows in the maps (S29)",
    )


def _centred(case: Case, layer: Layer) -> str:
    sizes = layer.weight_shape[2:] or (3, 3)
    pad = tuple((k - 1) // 2 for k in sizes)
    made = construction(case, layer, padding=pad)
    if case.keras and "padding=" not in made:
        return made[:-1] + ', padding="same")'
    return made


def _sides(window: Window) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(window.kernel), tuple(window.stride or (1,) * len(window.kernel))
