"""S28 shift-variance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ShiftResponse
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import Geometry, geometry
from snellen.symptoms.wording import percent

LEAST_SIDE = 16
"""Pixels along a side; of smaller images one pixel is a large part of an object."""
LEAST_IMAGES = 50
"""Confident answers from which on a share of them is worth judging."""


@dataclass(frozen=True)
class Zigzag:
    """Answers that depend on where the image's pixels fall on the grid."""

    consistency: float
    """Share of confident answers that stay when the image moves by one pixel."""
    images: int
    allowed: float
    jump: int
    """Pixels from one position of the coarsest maps to the next; 0: not known."""
    back: float
    """Share that stays when it moves by that jump; NaN: not measured."""
    layer: str
    """Layer whose maps lose the most when the image moves by a part of its own jump; or empty."""
    maps: float
    """Correlation of its maps, moved back, at one pixel; NaN where no layer is named."""

    def sentence(self) -> str:
        control = (
            f", but {percent(self.back)} by {self.jump} pixels, the stride of its coarsest maps"
            if np.isfinite(self.back)
            else ""
        )
        maps = f"; the maps of {self.layer} then correlate {self.maps:.2f}" if self.layer else ""
        return (
            f"{percent(self.consistency)} of {self.images} confident answers stay when the image "
            f"moves by 1 pixel (allowed: {percent(self.allowed)}){control}{maps}"
        )


@dataclass(frozen=True)
class ShiftVariance(Symptom):
    """Answers that change when the image moves by a pixel, for aliasing.

    ## What it finds
    Probe images that are answered with a margin above 0.2 are moved by 1 to 4 pixels. Fewer than
    85% of the answers stay for a move by one pixel, *and* strides are to blame: answers stay
    clearly more often for a move by the stride of the coarsest maps; or, where that stride is too
    large to try, a strided layer's maps, moved back, correlate by at most half for one pixel and
    well for its whole stride.

    ## Why it matters
    A layer with stride reads every second (fourth) position and folds finer detail into coarse
    maps. What it answers then depends on where pixels fall on the grid: on luck.

    ## Common causes
    A first layer with a large stride; a kernel smaller than its stride; max pooling of fine
    textures. Blur before subsampling, or use smaller strides.

    ## What looks similar
    A network that only ever saw centred objects changes its answers the more the further they
    move, and no stride is to blame: it needs shifted training images. Images of fewer than 16
    pixels are not judged: one pixel is a large part of what they show. Typical ImageNet networks
    keep 87 to 92% of their answers.

    ## Example
    `Conv2d(3, 16, 1, stride=4)` as the first layer.

    ## References
    - Zhang, Making Convolutional Networks Shift-Invariant Again, 2019,
      https://arxiv.org/abs/1904.11486
    - Azulay and Weiss, Why do deep convolutional networks generalize so poorly to small image
      transformations?, 2019, https://arxiv.org/abs/1805.12177
    """

    code = "S28"
    name = "shift-variance"
    since = "0.1"
    reads = (ShiftResponse,)

    min_consistency: float = threshold(
        0.85,
        unit="share of confident answers that stay",
        because="typical ImageNet networks keep 0.87 to 0.92 (Zhang 2019)",
    )
    min_recovery: float = threshold(
        0.10,
        unit="share of confident answers that stay, more at the whole stride",
        because="what strides do is undone by a move by the whole stride; nothing else is",
    )
    min_map_recovery: float = threshold(
        0.50,
        unit="correlation of maps, more at the whole stride",
        because="healthy layers behind one pooling gain 0.2",
    )
    evident_below: float = threshold(
        0.60,
        unit="share of confident answers that stay",
        because="two of five confident answers are luck: that is the harm itself",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None or not any(e.kind != "dense" for e in shape.endings):
            return
        if min(shape.image) < LEAST_SIDE:
            return
        last = subject.last("", ShiftResponse)
        if last is None:
            return
        response = last.value
        near = _at(response, 1)
        if response.images < LEAST_IMAGES or not np.isfinite(near):
            yield Unjudged("", f"{LEAST_IMAGES} images answered with a margin above 0.2")
            return
        # Benefit of the doubt: two standard errors.
        above = near + 2 * np.sqrt(near * (1 - near) / response.images)
        found = self._aliased(subject, shape, response) if above < self.min_consistency else None
        if found is None:
            yield Healthy("", at=last.step)
            return
        evident = near < self.evident_below and np.isfinite(found.back)
        yield Suspicion("", Severity.WARNING, found, evident=bool(evident), at=last.step)

    def _aliased(self, subject: Subject, shape: Geometry, response: ShiftResponse) -> Zigzag | None:
        near, jump = _at(response, 1), _coarsest(shape)
        back = _at(response, jump) if jump > 1 else float("nan")
        error = 2 * np.sqrt((near * (1 - near) + back * (1 - back)) / response.images)
        recovers = bool(back - near >= max(self.min_recovery, float(error)))
        layer, maps = self._aliasing_layer(subject, shape)
        if not recovers and (not layer or np.isfinite(back)):
            return None
        return Zigzag(
            consistency=near,
            images=response.images,
            allowed=self.min_consistency,
            jump=jump,
            back=back if recovers else float("nan"),
            layer=layer,
            maps=maps,
        )

    def _aliasing_layer(self, subject: Subject, shape: Geometry) -> tuple[str, float]:
        """The layer whose maps gain most from a move by its whole jump, and their correlation at
        one pixel; `("", NaN)`: none."""
        worst, name, least = 0.0, "", float("nan")
        for layer in subject.layers:
            sight, last = shape.sights.get(layer.name), subject.last(layer.name, ShiftResponse)
            if sight is None or last is None or sight.jump < 2:
                continue
            near, whole = _at(last.value, 1), _at(last.value, round(sight.jump))
            if whole - near >= max(self.min_map_recovery, worst):
                worst, name, least = whole - near, layer.name, near
        return name, least


def _at(response: ShiftResponse, pixels: int) -> float:
    """Mean consistency at moves by so many pixels; NaN: none was made."""
    of = (np.abs(response.shifts) == pixels) & np.isfinite(response.consistency)
    return float(response.consistency[of].mean()) if of.any() else float("nan")


def _coarsest(shape: Geometry) -> int:
    """Pixels per position of the maps that are pooled or flattened; 0: not known."""
    sights = (shape.sights.get(e.layer) for e in shape.endings)
    jumps = [s.jump for s in sights if s is not None and np.isfinite(s.jump)]
    return round(max(jumps, default=0))
