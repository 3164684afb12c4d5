from __future__ import annotations

import pytest

from causes.cases import belief, case, found, nothing_seen, present, remedies
from snellen.causes.architecture.upsampling_design import UpsamplingDesign
from snellen.core import Severity, Window, WindowKind
from snellen.symptoms.spatial.checkerboard_maps import Lattice
from symptoms.build import subject
from symptoms.geometric import network, sliding, transposed, window

LATTICE = Lattice(2, 0.6, 0.05, 8, "kernel 3, stride 2", False)
ANSWER = Lattice(2, 0.6, 0.05, 1, "kernel 3, stride 2", True)


def test_lattices_come_from_the_symptom() -> None:
    own = network(16, sliding(3), transposed(3, 2), last=None)
    seen = case(own, found("S27", LATTICE))
    assert present(UpsamplingDesign, "maps-show-a-lattice", seen) is True
    assert present(UpsamplingDesign, "the-answer-shows-it", seen) is False
    assert present(UpsamplingDesign, "maps-show-a-lattice", case(own, clean=["S27"])) is False
    assert present(UpsamplingDesign, "maps-show-a-lattice", case(own)) is None
    told = case(own, found("S27", ANSWER))
    assert present(UpsamplingDesign, "the-answer-shows-it", told) is True
    noted = case(own, found("S27", ANSWER, severity=Severity.NOTE))
    assert present(UpsamplingDesign, "the-answer-shows-it", noted) is False


@pytest.mark.parametrize(
    ("kernel", "stride", "uneven"), [(3, 2, True), (4, 2, False), (2, 2, False), (3, 1, False)]
)
def test_kernels_beside_strides(kernel: int, stride: int, uneven: bool) -> None:
    about = case(network(16, sliding(3), transposed(kernel, stride), sliding(3), last=None))
    assert present(UpsamplingDesign, "windows-overlap-unevenly", about) is uneven


@pytest.mark.parametrize(
    ("kernel", "stride", "open_"), [(3, 4, True), (4, 4, False), (3, 2, False)]
)
def test_gaps_between_windows(kernel: int, stride: int, open_: bool) -> None:
    own = network(16, sliding(3), transposed(kernel, stride), last=None)
    seen = case(own, clean=["S27"])
    assert present(UpsamplingDesign, "windows-leave-gaps", seen) is open_
    # A lattice that is missing from the mean says nothing where rows are empty anyway.
    assert present(UpsamplingDesign, "maps-show-a-lattice", seen) is (None if open_ else False)
    assert present(UpsamplingDesign, "the-answer-shows-it", seen) is (None if open_ else False)
    assert (belief(UpsamplingDesign, seen) > 0.7) is open_


@pytest.mark.parametrize(
    ("step", "grows"),
    [
        (transposed(2, 2), True),
        (window(WindowKind.PIXEL_SHUFFLE, stride=2), True),
        (window(WindowKind.UPSAMPLE, stride=2), False),
        (sliding(3), False),
    ],
)
def test_what_enlarges(step: Window, grows: bool) -> None:
    about = case(network(16, sliding(3), step, sliding(3), last=None))
    assert present(UpsamplingDesign, "enlarges-by-weights", about) is grows


def test_belief() -> None:
    own = network(16, sliding(3), transposed(3, 2), last=None)
    assert belief(UpsamplingDesign, case(own, found("S27", LATTICE))) > 0.9
    assert belief(UpsamplingDesign, case(network(16, sliding(3)), clean=["S27"])) < 0.001


def test_remedies() -> None:
    own = network(16, sliding(3), transposed(3, 2), sliding(3), last=None)
    resized, even = remedies(UpsamplingDesign, case(own))
    assert resized.code == (
        "model.conv1 = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 3, padding=1))"
    )
    assert even.code == "model.conv1 = nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1)"
    resized, even = remedies(UpsamplingDesign, case(own, keras=True))
    assert resized.code.startswith("x = layers.UpSampling2D(2)(x)  # instead of conv1")
    assert "layers.Conv2DTranspose(8, 4, strides=2" in even.code
    remedies(UpsamplingDesign, case(subject()))


def test_without_layers_only_the_lack_of_them_is_known() -> None:
    assert nothing_seen(UpsamplingDesign) <= {
        "windows-leave-gaps",
        "windows-overlap-unevenly",
    }
