"""S30 uneven-stride."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity, WindowKind
from snellen.record import Subject
from snellen.stats import ShiftResponse
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import Floats, Geometry, geometry
from snellen.symptoms.wording import percent

AXES = {1: ("positions",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


@dataclass(frozen=True)
class Unread:
    """Pixels of every image that no way leads from to the answer."""

    share: float
    lost: tuple[str, ...]
    """What is lost along each axis: `the last 7 of 16 rows`."""
    allowed: float

    def sentence(self) -> str:
        return (
            f"{percent(self.share)} of the pixels of every image never reach the answer: "
            f"{' and '.join(self.lost)} (allowed: {percent(self.allowed)})"
        )


@dataclass(frozen=True)
class Askew:
    """Answers per position whose grid lies askew on the image."""

    drift: float
    """Distance of the grid's middle from the image's, in positions."""
    pixels: float
    allowed: float

    def sentence(self) -> str:
        return (
            f"the grid of answers lies {abs(self.pixels):.3g} pixels off the image's middle, "
            f"{abs(self.drift):.2f} of its own positions (allowed: {self.allowed})"
        )


@dataclass(frozen=True)
class UnevenStride(Symptom):
    """Strides that do not fit the size, so that parts of every image are never read.

    ## What it finds
    Computed from kernels, strides, padding and the image's size: pixels that no way leads from to
    the answer, more than 25% of the image. A window that moves in steps of s fits evenly only if
    what is left over after the last step is nothing; the rest is never read. Overlapping windows
    and other branches read much of it after all, and that is counted. For an answer at each
    position also: a grid whose middle lies more than half a position off the image's. Measured:
    where the images' borders are blank, a rim that is not read holds nothing and is healthy.

    ## Why it matters
    Every image loses the same part, always on the same side. Objects there do not exist for the
    network.

    ## Common causes
    An average pooling made for another image size (`AvgPool2d(7)` on maps of 13×13); a stride
    larger than the kernel; pooling of odd sizes without padding.

    ## What looks similar
    Halving 224 with kernel 3, stride 2 and padding 1 never reads the last padding: no pixel is lost
    and nothing is reported. A crop is meant.

    ## Example
    `AvgPool2d(5)` and a dense layer on maps of 8×8: the last three rows and columns are not read.

    ## References
    - Alsallakh et al., Mind the Pad, 2021, https://arxiv.org/abs/2010.02178
    """

    code = "S30"
    name = "uneven-stride"
    since = "0.1"
    reads = (ShiftResponse,)

    max_unread: float = threshold(
        0.25,
        unit="share of the image's pixels",
        because="unpadded pooling of odd sizes in healthy networks for small images loses 0.23",
    )
    evident_unread: float = threshold(
        0.40,
        unit="share of the image's pixels, where borders are not blank",
        because="so much of every image lost is harm in itself",
    )
    max_drift: float = threshold(
        0.75,
        unit="positions of a grid of answers",
        because="rounding alone makes at most half a position",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None:
            return
        if shape.coverage is None:
            yield Unjudged("", "to know how every layer slides over its maps")
            return
        if _cropped(subject):
            return
        response = subject.last("", ShiftResponse)
        blank = response.value if response is not None and response.value.blank_border else None
        unread = shape.unread_share
        if unread >= 1:
            # Something answers: the way that it reads them is not known.
            yield Unjudged("", "to know how every layer slides over its maps")
            return
        if unread > self.max_unread and not _within_blank(shape.coverage, blank):
            evidence = Unread(unread, tuple(lost(shape.coverage)), self.max_unread)
            evident = unread > self.evident_unread and response is not None and blank is None
            yield Suspicion("", Severity.WARNING, evidence, step=0, evident=evident)
            return
        askew = self._askew(shape)
        if askew is not None:
            yield Suspicion("", Severity.WARNING, askew, step=0)
        else:
            yield Healthy("")

    def _askew(self, shape: Geometry) -> Askew | None:
        for ending in shape.endings:
            if ending.kind != "dense" or ending.layer not in shape.sights:
                continue
            axes = zip(shape.sights[ending.layer].axes, shape.image, strict=True)
            for axis, pixels in axes:
                drift = axis.drift(pixels)
                # Behind upsampling branches differ; what they lose is settled by learning.
                if axis.jump > 1 and abs(drift) > self.max_drift:
                    return Askew(drift, drift * float(axis.jump), self.max_drift)
        return None


def lost(coverage: tuple[Floats, ...]) -> Iterable[str]:
    """What is never read along each axis, in words."""
    names = AXES.get(len(coverage), ("positions",) * len(coverage))
    for counts, name in zip(coverage, names, strict=True):
        unread = counts <= 0
        number, of = int(unread.sum()), len(unread)
        if not number:
            continue
        if unread[-number:].all():
            yield f"the last {number} of {of} {name}"
        elif unread[:number].all():
            yield f"the first {number} of {of} {name}"
        else:
            yield f"{number} of {of} {name}"


def _cropped(subject: Subject) -> bool:
    """Whether the network cuts off a part of its maps on purpose."""
    windows = [w for x in subject.layers for path in x.paths for w in path]
    return any(w.kind is WindowKind.CROP or min((*w.before, *w.after, 0)) < 0 for w in windows)


def _within_blank(coverage: tuple[Floats, ...], blank: ShiftResponse | None) -> bool:
    """Whether all that is not read lies in a rim that is known to be blank."""
    if blank is None or not len(blank.shifts):
        return False
    rim = int(np.abs(blank.shifts).max())
    return all(bool((counts[rim : len(counts) - rim] > 0).all()) for counts in coverage)
