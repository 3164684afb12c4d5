"""C17 upsampling-design."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.layout import layout
from snellen.causes.rewriting import called, channels_read, construction, instead
from snellen.core import Layer, Severity, WindowKind
from snellen.symptoms.spatial.checkerboard_maps import Lattice
from snellen.symptoms.wording import count


class UpsamplingDesign(Cause):
    """Upsampling that draws a lattice of its own on every picture.

    ## How it shows
    Maps behind a transposed convolution whose kernel is no multiple of its stride repeat a small
    square over and over, whatever the image: neighbouring positions get unequal numbers of taps.
    With a kernel smaller than the stride, whole rows and columns between get none at all. A pixel
    shuffle shows the same where its filters began unequal. Where it is the output, the
    pictures are spoilt.

    ## What looks similar
    A lattice in the images themselves (fabric, JPEG blocks: C04). Aliasing by strides (C16) makes
    answers change with a pixel; it draws nothing on the maps.

    ## How to be sure
    Replace the transposed convolution by an enlargement and a convolution and train as long: the
    lattice's share of the mean map falls below 1%.

    ## References
    - Odena et al., Deconvolution and Checkerboard Artifacts, 2016,
      https://distill.pub/2016/deconv-checkerboard/
    - Aitken et al., Checkerboard artifact free sub-pixel convolution, 2017,
      https://arxiv.org/abs/1707.02937
    """

    code = "C17"
    name = "upsampling-design"
    since = "0.1"
    prior = 0.01
    explains = frozenset(("S27", "S29"))
    alike = ("C16", "C04")
    trial = "train again with an enlargement and a convolution instead of the transposed one"

    @clue(Group.ACTIVITY, expected=(0.9, 0.005), decisive=True)
    def maps_show_a_lattice(self, case: Case) -> Sign:
        if not case.judged("S27"):
            return UNMEASURED
        bad = case.findings("S27")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S27")
        if any(gaps(layer) for layer in _transposed(case)):
            # What varies between the gaps need not show in the mean over images.
            return UNMEASURED
        return sign(False, "no map behind an upsampling repeats a small square")

    @clue(Group.ACTIVITY, expected=(0.6, 0.01))
    def the_answer_shows_it(self, case: Case) -> Sign:
        if not case.judged("S27"):
            return UNMEASURED
        bad = [
            f
            for f in case.findings("S27", least=Severity.WARNING)
            if isinstance(f.evidence, Lattice) and f.evidence.answer
        ]
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S27")
        if any(gaps(layer) for layer in _transposed(case)):
            return UNMEASURED
        return sign(False, "the pictures that the model puts out show no lattice")

    @clue(Group.DEPTH, expected=(0.2, 0.002), decisive=True)
    def windows_leave_gaps(self, case: Case) -> Sign:
        grown = _transposed(case)
        if not grown:
            return sign(False, "the network has no transposed convolution")
        open_ones = [layer for layer in grown if gaps(layer)]
        if not open_ones:
            return sign(False, "no transposed convolution steps further than its kernel reaches")
        layer = open_ones[0]
        kernel, stride = _sizes(layer)
        return sign(
            True,
            f"{layer.name} enlarges by {max(stride)} with a kernel of {min(kernel)}: rows and "
            "columns between hold the same value in every map",
        )

    @clue(Group.CONFIGURATION, expected=(0.85, 0.02))
    def windows_overlap_unevenly(self, case: Case) -> Sign:
        grown = _transposed(case)
        if not grown:
            return sign(False, "the network has no transposed convolution")
        uneven = _uneven(case)
        if not uneven:
            return sign(
                False, f"the kernels of {count(len(grown), 'transposed convolution')} fit strides"
            )
        layer = uneven[0]
        kernel, stride = _sizes(layer)
        said = (
            f"{layer.name} enlarges by {max(stride)} with a kernel of {max(kernel)}, which is no "
            f"multiple of it ({count(len(uneven), 'such layer')})"
        )
        return sign(True, said)

    @clue(Group.CONFIGURATION, expected=(0.97, 0.07))
    def enlarges_by_weights(self, case: Case) -> Sign:
        if layout(case) is None and not case.weighted:
            return UNMEASURED
        shuffled = [
            w
            for layer in case.subject.layers
            for path in layer.paths
            for w in path
            if w.kind is WindowKind.PIXEL_SHUFFLE
        ]
        grown = _transposed(case)
        said = (
            f"the network has {count(len(grown), 'transposed convolution')} and "
            f"{count(len(shuffled), 'pixel shuffle')}"
        )
        return sign(bool(grown or shuffled), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        chosen = _uneven(case) or _transposed(case)
        yield _resized(case, chosen)
        if any(_able(layer) for layer in chosen):
            yield _even(case, [layer for layer in chosen if _able(layer)])


def _transposed(case: Case) -> list[Layer]:
    return [x for x in case.weighted if x.transposed and max(_sizes(x)[1], default=1) > 1]


def _uneven(case: Case) -> list[Layer]:
    return [
        x
        for x in _transposed(case)
        if any(s > 1 and k % s for k, s in zip(*_sizes(x), strict=False))
    ]


def gaps(layer: Layer) -> bool:
    """Whether a transposed convolution leaves positions that no window reaches."""
    if not layer.transposed or layer.window is None:
        return False
    dilation = layer.window.dilation or (1,) * len(layer.window.kernel)
    reach = [(k - 1) * d + 1 for k, d in zip(layer.window.kernel, dilation, strict=False)]
    return any(k < s for k, s in zip(reach, layer.window.stride, strict=False))


def _sizes(layer: Layer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Kernel and stride; empty where they are not known."""
    window = layer.window
    if window is None:
        return (), ()
    return tuple(window.kernel), tuple(window.stride)


def _able(layer: Layer) -> bool:
    kernel, stride = _sizes(layer)
    return len(kernel) == len(stride) > 0 and all(s > 0 for s in stride)


def _resized(case: Case, chosen: list[Layer]) -> Remedy:
    lines: list[str] = []
    for layer in chosen:
        dims = max(1, len(layer.weight_shape) - 2)
        factor = max(_sizes(layer)[1], default=2)
        if case.keras:
            words = layer.output_activation if layer.head else layer.activation
            said = f', activation="{words}"' if words and words != "linear" else ""
            lines.append(f"x = layers.UpSampling{dims}D({factor})(x)  # instead of {layer.name}")
            lines.append(f'x = layers.Conv{dims}D({layer.channels}, 3, padding="same"{said})(x)')
        else:
            made = (
                f"nn.Sequential(nn.Upsample(scale_factor={factor}), "
                f"nn.Conv{dims}d({channels_read(layer)}, {layer.channels}, 3, padding=1))"
            )
            lines.append(instead(case, layer, made))
    if not lines:
        lines.append(
            "x = layers.UpSampling2D(2)(x)" if case.keras else "grow = nn.Upsample(scale_factor=2)"
        )
    names = " and ".join(called(x) for x in chosen[:2]) or "the pixel shuffle"
    return Remedy(
        f"Enlarge first, then convolve, instead of {names}",
        case.framework,
        "\n".join(lines),
        "a convolution on the larger maps: about as many times slower as they have more positions",
        "the lattice in the mean map is gone (S27); check that the sizes still meet at skips",
    )


def _even(case: Case, chosen: list[Layer]) -> Remedy:
    lines: list[str] = []
    orders: list[str] = []
    for layer in chosen:
        stride = _sizes(layer)[1]
        kernel = tuple(2 * s if s > 1 else 3 for s in stride)
        pad = tuple(s // 2 if s > 1 else 1 for s in stride)
        made = construction(case, layer, kernel=kernel, padding=pad)
        lines.append(instead(case, layer, made))
        orders.append(f"{max(kernel)} in {called(layer)}")
    return Remedy(
        f"Or take kernels that are multiples of the stride: {', '.join(orders[:2])}",
        case.framework,
        "\n".join(lines),
        "a few more weights; such a kernel can still learn a lattice, only it need not",
        "the lattice in the mean map is weaker (S27)",
    )
