"""What a layer sees of the image, against what really reaches it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from snellen.core import Layer, LayerKind, Window, WindowKind
from snellen.symptoms.geometry import Geometry, geometry, image_size
from symptoms.build import conv, head, subject
from symptoms.geometric import (
    FLATTEN,
    GLOBAL,
    UNKNOWN,
    max_pool,
    mean_pool,
    network,
    slid,
    sliding,
    transposed,
)


def of(*steps: Window, image: int = 32, last: Window | None = GLOBAL) -> Geometry:
    found = geometry(network(image, *steps, last=last))
    assert found is not None
    return found


def apply(w: Window, x: np.ndarray, size: int) -> np.ndarray:
    """The operation itself on rows of values, with a kernel of ones: slow and obvious."""
    k = w.kernel[0] if w.kernel else 1
    s = w.stride[0] if w.stride else 1
    d = w.dilation[0] if w.dilation else 1
    out = np.zeros((len(x), size))
    match w.kind:
        case WindowKind.TRANSPOSED_CONV:
            for i in range(x.shape[1]):
                for tap in range(k):
                    place = i * s + tap * d + w.before[0]
                    if 0 <= place < size:
                        out[:, place] += x[:, i]
        case WindowKind.UPSAMPLE | WindowKind.PIXEL_SHUFFLE:
            return np.repeat(x, s, axis=1)
        case WindowKind.PAD | WindowKind.CROP:
            wide = np.pad(x, ((0, 0), (max(w.before[0], 0), max(w.after[0], 0))))
            cut = max(-w.before[0], 0), wide.shape[1] - max(-w.after[0], 0)
            return wide[:, cut[0] : cut[1]]
        case WindowKind.GLOBAL_POOL | WindowKind.FLATTEN:
            return x.sum(axis=1, keepdims=True)
        case _:
            wide = np.pad(x, ((0, 0), (w.before[0], w.after[0])))
            for i in range(size):
                for tap in range(k):
                    out[:, i] += wide[:, i * s + tap * d]
    return out


@st.composite
def operations(draw: Any) -> Window:
    kind = draw(
        st.sampled_from(
            [
                WindowKind.CONV,
                WindowKind.CONV,
                WindowKind.MAX_POOL,
                WindowKind.AVERAGE_POOL,
                WindowKind.TRANSPOSED_CONV,
                WindowKind.UPSAMPLE,
                WindowKind.PIXEL_SHUFFLE,
                WindowKind.PAD,
                WindowKind.CROP,
            ]
        )
    )
    small = st.integers(0, 2)
    if kind in (WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE):
        return Window(kind, stride=(draw(st.integers(1, 3)),))
    if kind in (WindowKind.PAD, WindowKind.CROP):
        sign = 1 if kind is WindowKind.PAD else -1
        return Window(kind, before=(sign * draw(small),), after=(sign * draw(small),))
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    dilation = draw(st.integers(1, 2))
    # A transposed convolution's ends are cut off as often as not.
    sign = draw(st.sampled_from([-1, 1])) if kind is WindowKind.TRANSPOSED_CONV else 1
    ends = (sign * draw(small),), (sign * draw(small),)
    return Window(kind, (kernel,), (stride,), (dilation,), *ends)


@settings(deadline=None, max_examples=300)
@given(st.integers(3, 24), st.lists(operations(), min_size=1, max_size=6))
def test_sees_the_pixels_that_really_reach_it(pixels: int, steps: list[Window]) -> None:
    steps.append(Window(WindowKind.CONV, (1,), (1,), (1,), (0,), (0,)))
    influence = np.eye(pixels)
    for step in steps:
        size = slid(step, influence.shape[1:])[0]
        assume(0 < size < 200)
        influence = apply(step, influence, size)
    influence = influence > 0
    found = geometry(network((pixels,), *steps))
    assert found is not None
    last = [name for name in found.sights if name.startswith("conv")][-1]
    (axis,) = found.sights[last].axes
    for position in range(influence.shape[1]):
        reaching = np.flatnonzero(influence[:, position])
        if len(reaching):
            assert (axis.first[position], axis.last[position]) == (reaching[0], reaching[-1])
        else:
            assert axis.blind[position]
    assert found.coverage is not None
    np.testing.assert_array_equal(found.coverage[0] > 0, influence.any(axis=1))


@settings(deadline=None, max_examples=200)
@given(st.lists(operations(), min_size=1, max_size=5))
def test_field_jump_and_centre_hold_in_the_middle_of_a_large_image(steps: list[Window]) -> None:
    steps.append(Window(WindowKind.CONV, (1,), (1,), (1,), (0,), (0,)))
    for step in steps:
        kernel = (step.kernel or (1,))[0]
        sparse = step.kind is WindowKind.TRANSPOSED_CONV and (
            kernel < step.stride[0] or step.dilation[0] > 1
        )
        assume(not sparse)
    pixels = 400
    found = geometry(network((pixels,), *steps))
    assume(found is not None)
    assert found is not None
    last = [name for name in found.sights if name.startswith("conv")][-1]
    (axis,) = found.sights[last].axes
    inside = np.flatnonzero((axis.first > 0) & (axis.last < pixels - 1) & ~axis.blind)
    assume(len(inside) > 80)
    inside = inside[len(inside) // 4 : -len(inside) // 4]  # far from what is padded on the way
    sides = axis.last[inside] - axis.first[inside] + 1
    middles = (axis.last[inside] + axis.first[inside]) / 2
    predicted = float(axis.centre) + float(axis.jump) * inside
    grows = any(
        s.kind in (WindowKind.TRANSPOSED_CONV, WindowKind.UPSAMPLE, WindowKind.PIXEL_SHUFFLE)
        and s.stride[0] > 1
        for s in steps
    )
    if not grows:
        assert set(sides.tolist()) == {axis.largest} == {axis.smallest}
        np.testing.assert_array_equal(middles, predicted)
    else:
        # A position behind growth sees a little more or less than the next: on average, this much.
        coarsest = np.prod([s.stride[0] for s in steps if s.stride])
        assert abs(sides - axis.largest).max() <= 2 * max(axis.largest, coarsest)
        assert np.abs(middles - predicted).max() <= max(sides.max(), 2 * coarsest)
        slope = np.polyfit(inside, middles, 1)[0]
        assert slope == pytest.approx(float(axis.jump), rel=0.15)


def test_the_fields_of_well_known_networks() -> None:
    vgg = [s for n in (2, 2, 3, 3, 3) for s in (*[sliding(3)] * n, max_pool())]
    found = of(*vgg, sliding(1), image=224)
    assert found.sights["conv13"].largest == 212
    assert found.sights["conv13"].jump == 32
    assert found.sights["conv13"].grid == (7, 7)


def test_dilation_widens_without_a_jump() -> None:
    sight = of(sliding(3), sliding(3, dilation=2), sliding(3, dilation=4)).sights["conv2"]
    assert (sight.largest, sight.jump, sight.grid) == (15, 1, (32, 32))


def test_growth_divides_the_jump() -> None:
    down = sliding(2, 2, padding=0)
    up = transposed(2, 2)
    sight = of(down, down, up).sights["conv2"]
    assert (sight.jump, sight.largest) == (2, 4)
    shuffled = of(down, down, Window(WindowKind.UPSAMPLE, stride=(4, 4)), sliding(1))
    assert shuffled.sights["conv2"].jump == 1


def test_interpolation_reads_two_neighbours() -> None:
    linear = Window(WindowKind.UPSAMPLE, (2, 2), (2, 2))
    (axis, _) = of(sliding(1), linear, sliding(1), image=4).sights["conv1"].axes
    assert axis.first.tolist() == [0, 0, 0, 1, 1, 2, 2, 3]
    assert axis.last.tolist() == [0, 1, 1, 2, 2, 3, 3, 3]
    assert axis.largest == 2


def test_behind_pooling_everything_is_seen() -> None:
    for last in (GLOBAL, FLATTEN):
        sight = of(sliding(3), last=last).sights["head"]
        assert (sight.largest, sight.grid) == (inf, (1, 1))
        assert sight.axes[0].first.tolist() == [0]
        assert sight.axes[0].last.tolist() == [31]


def test_positions_that_see_only_padding() -> None:
    sight = of(sliding(3, padding=3), image=8).sights["conv0"]
    assert sight.axes[0].blind.tolist() == [True, *[False] * 10, True]
    assert sight.blind_share == pytest.approx(1 - (10 / 12) ** 2)
    assert of(sliding(3), sliding(5)).sights["conv1"].blind_share == 0


def test_drift_of_a_grid_that_stops_short() -> None:
    halving = [sliding(3, 2)] * 5
    axis = of(*halving, image=224).sights["conv4"].axes[0]
    assert (axis.jump, axis.centre) == (32, Fraction(0))
    assert axis.drift(224) == pytest.approx(-15.5 / 32)
    assert of(*halving, image=225).sights["conv4"].axes[0].drift(225) == 0


def residual(*, image: int = 16) -> tuple[Layer, ...]:
    """Stem, a block of two convolutions added to the stem's maps, its ReLU, a head."""
    grid = (image, image)
    k3 = replace(sliding(3), positions=grid)
    common = {"positions": grid, "window": k3}
    return (
        conv("stem", index=0, paths=((),), **common),
        conv("a", index=1, inputs=("stem",), paths=((),), **common),
        conv("b", index=2, inputs=("a",), paths=((),), residual=True, **common),
        conv(
            "sum",
            index=3,
            kind=LayerKind.ACTIVATION,
            inputs=("stem", "b"),
            paths=((), ()),
            positions=grid,
            weight_shape=(),
        ),
        head(inputs=("sum",), paths=((replace(GLOBAL, positions=grid),),)),
    )


def test_a_sum_sees_what_its_branches_see() -> None:
    found = geometry(subject(*residual(), facts={"image_shape": [1, 16, 16]}))
    assert found is not None
    sight = found.sights["sum"]
    assert (sight.smallest, sight.largest) == (3, 7)
    assert [(e.layer, e.kind, e.grid) for e in found.endings] == [("sum", "pooled", (16, 16))]


def test_a_gate_is_no_ending_and_sees_everything() -> None:
    grid = (16, 16)
    k3 = replace(sliding(3), positions=grid)
    layers = (
        conv("maps", paths=((),), positions=grid, window=k3),
        conv(
            "gate",
            index=1,
            kind=LayerKind.DENSE,
            inputs=("maps",),
            paths=((replace(GLOBAL, positions=grid),),),
            positions=(),
        ),
        conv(
            "next",
            index=2,
            inputs=("maps", "gate"),
            paths=((), ()),
            positions=grid,
            window=k3,
        ),
        head(inputs=("next",), paths=((replace(FLATTEN, positions=grid),),)),
    )
    found = geometry(subject(*layers, facts={"image_shape": [3, 16, 16]}))
    assert found is not None
    assert [(e.layer, e.kind) for e in found.endings] == [("next", "flattened")]
    assert (found.sights["next"].smallest, found.sights["next"].largest) == (5, inf)
    assert found.unread_share == 0


def test_a_mean_over_all_positions_is_pooling_whatever_its_name() -> None:
    found = of(sliding(3), mean_pool(8), image=8, last=FLATTEN)
    assert found.endings[0].kind == "pooled"
    assert of(sliding(3), max_pool(), image=8, last=FLATTEN).endings[0].kind == "flattened"


def test_pixels_that_are_never_read() -> None:
    found = of(sliding(3), mean_pool(5), image=8, last=FLATTEN)
    assert found.coverage is not None
    assert (found.coverage[0] > 0).tolist() == [*[True] * 6, False, False]
    assert found.unread_share == pytest.approx(1 - (6 / 8) ** 2)
    skipping = of(sliding(1, 2, padding=0), image=8)
    assert skipping.unread_share == pytest.approx(0.75)


def test_what_another_branch_reads_is_read() -> None:
    grid = (8, 8)
    common: dict[str, Any] = {"positions": (4, 4)}
    layers = (
        conv("a", paths=((),), window=replace(sliding(3, 2), positions=grid), **common),
        conv("b", index=1, paths=((),), window=replace(sliding(1, 2), positions=grid), **common),
        head(inputs=("a", "b"), paths=((replace(GLOBAL, positions=(4, 4)),),) * 2),
    )
    found = geometry(subject(*layers, facts={"image_shape": [1, 8, 8]}))
    assert found is not None
    assert found.unread_share == 0


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"paths": ()}, id="way not known"),
        pytest.param({"window": None}, id="window not known"),
        pytest.param({"window": replace(sliding(3), positions=(7, 7))}, id="sizes do not fit"),
        pytest.param({"paths": ((UNKNOWN,),)}, id="unknown operation"),
        pytest.param({"window": Window(WindowKind.CONV)}, id="no sizes"),
        pytest.param({"inputs": ("unheard-of",)}, id="unknown input"),
    ],
)
def test_what_is_not_known_is_not_guessed(broken: dict[str, Any]) -> None:
    layers = list(network(16, sliding(3), sliding(3), sliding(3)).layers)
    layers[1] = replace(layers[1], **broken)
    found = geometry(subject(*layers, facts={"image_shape": [1, 16, 16]}))
    assert found is not None
    assert list(found.sights) == ["conv0"]
    assert found.coverage is None
    assert np.isnan(found.unread_share)
    assert found.endings == ()


def test_the_image_s_size() -> None:
    assert image_size(subject(facts={"image_shape": [3, 20, 30]})) == (20, 30)
    assert image_size(subject(facts={"image_shape": [3]})) is None
    assert image_size(subject(facts={"image_shape": "large"})) is None
    bare = network((20, 30), sliding(3), facts={"image_shape": None})
    assert image_size(bare) == (20, 30)
    assert geometry(subject(conv())) is None
