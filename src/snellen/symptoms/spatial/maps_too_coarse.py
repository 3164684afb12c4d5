"""S33 maps-too-coarse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from snellen.core import Layer, LayerKind, Severity
from snellen.record import Clock, Subject
from snellen.stats import ShiftResponse, SpatialProfile, TargetKind, Targets
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import Geometry, geometry
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import percent

SMALL_IMAGE = 64
"""Pixels along a side up to which an early large stride is dear."""


@dataclass(frozen=True)
class Collapse:
    """Convolutions of several taps on maps of one position."""

    layers: int
    taps: int
    """Taps of the first one's kernel; one of them meets a value."""
    image: tuple[int, ...]

    def sentence(self) -> str:
        size = "×".join(str(n) for n in self.image)
        which = "a convolution reads" if self.layers == 1 else f"{self.layers} convolutions read"
        return (
            f"{which} maps of one position (image {size}): {self.taps - 1} of {self.taps} taps of "
            "each kernel meet padding alone (allowed: 1 such layer)"
        )


@dataclass(frozen=True)
class EarlyStride:
    """A first layer that steps over a small image in large strides."""

    stride: int
    allowed: int
    image: int
    grid: tuple[int, ...]
    consistency: float
    """Share of confident answers that stay when the image moves by a pixel; NaN: not measured."""

    def sentence(self) -> str:
        grid = "×".join(str(n) for n in self.grid)
        measured = (
            f"; {percent(self.consistency)} of confident answers stay when it moves by 1 pixel"
            if np.isfinite(self.consistency)
            else ""
        )
        return (
            f"the first layer reads an image {self.image} pixels wide in strides of {self.stride} "
            f"(allowed: {self.allowed}) and leaves {grid} positions{measured}"
        )


@dataclass(frozen=True)
class CoarseAnswers:
    """Answers per position on a grid far coarser than the labels."""

    jump: int
    allowed: int
    grid: tuple[int, ...]

    def sentence(self) -> str:
        grid = "×".join(str(n) for n in self.grid)
        return (
            f"positions are answered on a grid of {grid}, one for {self.jump} pixels along a side "
            f"(allowed: {self.allowed})"
        )


@dataclass(frozen=True)
class MapsTooCoarse(Symptom):
    """Maps with too few positions for what is in the image.

    ## What it finds
    Two or more convolutions of several taps that read maps of one position, where only the middle
    tap ever meets a value. On images of up to 64 pixels, a first layer (with the pooling before it)
    that steps by more than 2 pixels, where answers were also measured to change with a move by one
    pixel, or where that was not measured. For labels of each position, an answer for more than 8
    pixels along a side.

    ## Why it matters
    What is smaller than a step is averaged away or skipped before anything has looked at it. Where
    one position is left, nothing can be said of what lies where, and further kernels are mostly
    padding.

    ## Common causes
    A network made for 224 pixels and fed with 32: its first layers divide the size by four. Too
    many poolings.

    ## What looks similar
    1×1 convolutions on pooled maps (gates, classifiers) are meant. Large images can afford large
    strides, and so can labels of the whole image's texture. Patches as tokens are a large first
    stride on purpose, and fine where answers do not change with a pixel.

    ## Example
    `Conv2d(3, 16, 3, stride=4)` as the first layer for images of 16×16: 75% of test images right
    instead of 92%.

    ## References
    - Richter et al., Should You Go Deeper?, 2021, https://arxiv.org/abs/2106.12307
    """

    code = "S33"
    name = "maps-too-coarse"
    since = "0.1"
    reads = (SpatialProfile, ShiftResponse)

    max_collapsed: int = threshold(
        1,
        unit="convolutions on maps of one position",
        because="one may end a network; from two on, layers that cost much can't work",
    )
    max_first_stride: int = threshold(
        2,
        unit="pixels, for images of up to 64 pixels",
        because="a first stride of 4 on 16×16 digits cost 17 points of accuracy",
    )
    max_answer_stride: int = threshold(
        8,
        unit="pixels along a side per answered position",
        because="networks for segmentation answer at 1/4 to 1/8 of the image's size",
    )
    min_consistency: float = threshold(
        0.85,
        unit="share of confident answers that stay for a move by one pixel",
        because="the limit of S28: above it a coarse grid did no harm",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None:
            return
        convs = [x for x in subject.layers if x.kind is LayerKind.CONV]
        if not convs:
            return
        if not any(x.name in shape.sights for x in convs):
            yield Unjudged(convs[0].name, "to know how its layers slide over the image")
            return
        said = [
            *self._collapsed(subject, shape, convs),
            *self._early(subject, shape, convs),
            *self._answers(subject, shape),
        ]
        places = {s.layer: s for s in reversed(said)}
        yield from places.values()
        if not said:
            yield Healthy(convs[0].name)

    def _collapsed(
        self, subject: Subject, shape: Geometry, convs: list[Layer]
    ) -> Iterable[Suspicion]:
        if prod(shape.image) == 1:
            return
        lost = [x for x in convs if x.name in shape.sights and _collapsed(subject, x)]
        if len(lost) > self.max_collapsed:
            taps = prod(lost[0].window.kernel) if lost[0].window else 1
            evidence = Collapse(len(lost), taps, shape.image)
            yield Suspicion(lost[0].name, Severity.WARNING, evidence, step=0)

    def _early(self, subject: Subject, shape: Geometry, convs: list[Layer]) -> Iterable[Suspicion]:
        first = next((x for x in convs if not x.inputs), None)
        if first is None or first.name not in shape.sights or min(shape.image) > SMALL_IMAGE:
            return
        sight = shape.sights[first.name]
        stride = round(sight.jump)
        last = subject.last("", ShiftResponse)
        near = float("nan")
        if last is not None:
            of = (np.abs(last.value.shifts) == 1) & np.isfinite(last.value.consistency)
            near = float(last.value.consistency[of].mean()) if of.any() else near
        if stride <= self.max_first_stride or near >= self.min_consistency:
            return
        evidence = EarlyStride(stride, self.max_first_stride, min(shape.image), sight.grid, near)
        yield Suspicion(first.name, Severity.WARNING, evidence, step=0)

    def _answers(self, subject: Subject, shape: Geometry) -> Iterable[Suspicion]:
        targets = subject.last("", Targets, "", Clock.INLINE)
        if targets is None or targets.value.kind != TargetKind.SEGMENTATION:
            return
        for ending in shape.endings:
            sight = shape.sights.get(ending.layer)
            if ending.kind != "dense" or sight is None:
                continue
            if self.max_answer_stride < sight.jump < np.inf:
                evidence = CoarseAnswers(round(sight.jump), self.max_answer_stride, sight.grid)
                yield Suspicion(ending.layer, Severity.WARNING, evidence, step=0)


def _collapsed(subject: Subject, layer: Layer) -> bool:
    """Whether it slides several taps over one position, as computed; and as its maps were seen."""
    window = layer.window
    if window is None or layer.transposed or not window.positions or prod(window.positions) != 1:
        return False
    seen = subject.last(layer.name, SpatialProfile, part_of(layer))
    several = seen is not None and seen.value.height * seen.value.width > 1
    return prod(window.kernel) > 1 and prod(layer.positions) == 1 and not several
