from __future__ import annotations

import pytest

from causes.cases import belief, case, found, nothing_seen, present, remedies
from snellen.causes.architecture.unfit_padding_or_stride import UnfitPaddingOrStride
from snellen.core import Window
from symptoms.build import subject
from symptoms.geometric import max_pool, mean_pool, network, sliding, transposed


@pytest.mark.parametrize(("kernel", "unread"), [(1, True), (2, False)])
def test_pixels_that_a_stride_of_two_skips(kernel: int, unread: bool) -> None:
    about = case(network(16, sliding(kernel, 2, 0), sliding(1)))
    assert present(UnfitPaddingOrStride, "pixels-are-never-read", about) is unread


@pytest.mark.parametrize(("side", "unread"), [(12, True), (14, False)])
def test_a_pooling_that_leaves_the_rest(side: int, unread: bool) -> None:
    # 12 + 1 of 16 rows are read through a kernel of 3: 66% of the pixels; 14 + 1: 88%.
    about = case(network(16, sliding(3), mean_pool(side)))
    assert present(UnfitPaddingOrStride, "pixels-are-never-read", about) is unread


@pytest.mark.parametrize(
    ("step", "skips"),
    [(sliding(1, 2), True), (sliding(2, 2, 0), False), (max_pool(2, 3), True), (max_pool(), False)],
)
def test_strides_beyond_kernels(step: Window, skips: bool) -> None:
    about = case(network(16, sliding(3), step, sliding(3)))
    assert present(UnfitPaddingOrStride, "stride-beyond-the-kernel", about) is skips


@pytest.mark.parametrize(("padding", "blind"), [(1, False), (4, True)])
def test_blind_positions(padding: int, blind: bool) -> None:
    about = case(network(16, sliding(3, 1, padding), sliding(3)))
    assert present(UnfitPaddingOrStride, "positions-see-padding-alone", about) is blind


def test_gaps_of_an_enlargement_are_no_frame() -> None:
    about = case(network(8, sliding(3), transposed(3, 4), last=None), found("S29", layer="conv1"))
    assert present(UnfitPaddingOrStride, "positions-see-padding-alone", about) is False
    assert present(UnfitPaddingOrStride, "geometry-was-reported", about) is not True


@pytest.mark.parametrize("code", ["S29", "S30"])
def test_what_symptoms_said(code: str) -> None:
    own, key = network(16, sliding(3)), "geometry-was-reported"
    assert present(UnfitPaddingOrStride, key, case(own, found(code))) is True
    assert present(UnfitPaddingOrStride, key, case(own, clean=[code])) is False
    assert present(UnfitPaddingOrStride, key, case(own)) is None


def test_answers_that_move() -> None:
    own, key = network(16, sliding(3)), "answers-move-with-a-pixel"
    assert present(UnfitPaddingOrStride, key, case(own, found("S28"))) is True
    assert present(UnfitPaddingOrStride, key, case(own, clean=["S28"])) is False
    assert present(UnfitPaddingOrStride, key, case(own)) is None


@pytest.mark.parametrize(
    ("kernel", "stride", "hardly"), [(3, 2, False), (4, 4, True), (7, 4, False), (1, 2, True)]
)
def test_overlap(kernel: int, stride: int, hardly: bool) -> None:
    about = case(network(32, sliding(kernel, stride, 0), sliding(1)))
    assert present(UnfitPaddingOrStride, "strides-hardly-overlap", about) is hardly


def test_belief() -> None:
    skipping = case(network(16, sliding(1, 2), sliding(1)), found("S30"))
    framed = case(network(16, sliding(3, 1, 5), sliding(3)), found("S29"))
    fit = case(network(16, sliding(3), max_pool(), sliding(3)), clean=["S28", "S29", "S30"])
    assert belief(UnfitPaddingOrStride, skipping) > 0.9
    assert belief(UnfitPaddingOrStride, framed) > 0.7
    assert belief(UnfitPaddingOrStride, fit) < 0.01


def test_the_remedy_for_a_stride() -> None:
    fitted, *_ = remedies(UnfitPaddingOrStride, case(network(16, sliding(1, 2), sliding(3))))
    assert "a kernel of 3 for its stride of 2" in fitted.title
    assert fitted.code == "model.conv0 = nn.Conv2d(8, 8, 3, stride=2, padding=1)"


def test_the_remedy_for_padding() -> None:
    padded, *_ = remedies(UnfitPaddingOrStride, case(network(16, sliding(3, 1, 5))))
    assert "by 1 instead of 5" in padded.title
    assert padded.code == "model.conv0 = nn.Conv2d(8, 8, 3, padding=1)"


def test_the_remedy_for_a_pooling() -> None:
    pooled, *_ = remedies(UnfitPaddingOrStride, case(network(16, sliding(3), mean_pool(9))))
    assert pooled.title == "Pool over all 16×16 positions before head instead of 9 by 9"
    assert pooled.code.startswith("pool = nn.AdaptiveAvgPool2d(1)")


def test_the_remedy_for_aliasing() -> None:
    smooth, *_ = remedies(UnfitPaddingOrStride, case(network(32, sliding(4, 4, 0), sliding(3))))
    assert smooth.code == (
        "model.conv0 = nn.Sequential(nn.Conv2d(8, 8, 5, padding=2), nn.AvgPool2d(4))"
    )


@pytest.mark.parametrize(
    "steps",
    [
        (sliding(1, 2), sliding(3)),
        (sliding(3, 1, 5),),
        (sliding(3), mean_pool(9)),
        (sliding(4, 4, 0),),
        (sliding(3),),
    ],
)
def test_all_of_them_in_keras(steps: tuple[Window, ...]) -> None:
    remedies(UnfitPaddingOrStride, case(network(16, *steps), keras=True))


def test_remedies_need_no_layers() -> None:
    remedies(UnfitPaddingOrStride, case(subject()))
    remedies(UnfitPaddingOrStride, case(subject(), keras=True))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(UnfitPaddingOrStride)
