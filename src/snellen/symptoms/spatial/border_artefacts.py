"""S29 border-artefacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import ConstantResponse, SpatialProfile
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.finite import median
from snellen.symptoms.geometry import Sight, geometry
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import amount, percent

LEAST_SIDE = 4
"""Positions along a side from which on a map has a centre worth comparing with its rim."""


@dataclass(frozen=True)
class BlindFrame:
    """Positions that see nothing but padding."""

    blind: int
    of: int
    allowed: float
    border: float
    """Median over channels of |ring − centre| for a constant image, in standard deviations of the
    map; NaN: not measured."""

    def sentence(self) -> str:
        measured = (
            f"; for a constant image their rim differs from the centre by {amount(self.border)} "
            "standard deviations"
            if np.isfinite(self.border)
            else ""
        )
        share = self.blind / self.of
        return (
            f"{self.blind} of {self.of} positions ({percent(share)}) see nothing but padding "
            f"(allowed: {percent(self.allowed)}){measured}"
        )


@dataclass(frozen=True)
class BrightFrame:
    """Maps whose border outshines what the images make of them."""

    border: float
    """As in `BlindFrame`."""
    real: float
    """Median over channels of |ring − centre| of the mean map, in standard deviations over
    images."""
    affected: float
    """Share of positions that padding reaches."""
    allowed: float

    def sentence(self) -> str:
        return (
            f"for a constant image the rim of the maps differs from their centre by "
            f"{amount(self.border)} standard deviations (allowed: {amount(self.allowed)}), on the "
            f"probe by {amount(self.real)}; padding reaches {percent(self.affected)} of positions"
        )


@dataclass(frozen=True)
class BorderArtefacts(Symptom):
    """Maps ruled by their padding.

    ## What it finds
    Computed: positions that see nothing but padding, more than 10% of a layer's maps. Measured: the
    last maps before pooling or flattening whose rim differs from the centre by three standard
    deviations or more when the model sees one constant image, *and* by two or more on the probe
    images. What every padded network has, a slightly different rim, is not reported.

    ## Why it matters
    Zeros around the image are an edge that no image has. Where the frame outshines the image, what
    lies near the border is lost in it, and an average over positions holds the frame as well.

    ## Common causes
    More padding than half the kernel; zero padding of images that are far from zero (not centred);
    many padded layers on small maps.

    ## What looks similar
    Objects that are always in the middle make rim and centre differ on the probe, but not for a
    constant image. A network may use its border to know where things are: that is why nothing is
    said of moderate frames.

    ## Example
    `Conv2d(16, 16, 3, padding=4)` on maps of 8×8.

    ## References
    - Alsallakh et al., Mind the Pad, 2021, https://arxiv.org/abs/2010.02178
    - Islam et al., How Much Position Information Do Convolutional Neural Networks Encode?, 2020,
      https://arxiv.org/abs/2001.08248
    """

    code = "S29"
    name = "border-artefacts"
    since = "0.1"
    reads = (ConstantResponse, SpatialProfile)

    max_blind: float = threshold(
        0.10,
        unit="share of positions that see no pixel",
        because="padding of at most half the kernel makes none",
    )
    max_border: float = threshold(
        3.0,
        unit="standard deviations of the map",
        because="padded networks of random weights deviate by 0.45 to 0.66",
    )
    max_real: float = threshold(
        2.0,
        unit="standard deviations over images",
        because="objects in the middle alone make up to 1",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        if shape is None:
            return
        last = {e.layer for e in shape.endings}
        blind_before = False
        for layer in subject.layers:
            sight = shape.sights.get(layer.name)
            if sight is None or not layer.positions:
                continue
            blind = sight.blind_share > self.max_blind
            if blind and not blind_before:
                blind_before = True
                yield self._blind(subject, layer, sight)
            elif layer.name in last and min(sight.grid) >= LEAST_SIDE:
                yield self._bright(subject, layer)

    def _blind(self, subject: Subject, layer: Layer, sight: Sight) -> Opinion:
        measured = subject.last(layer.name, ConstantResponse)
        of = int(np.prod(sight.grid))
        frame = BlindFrame(
            round(sight.blind_share * of),
            of,
            self.max_blind,
            median(measured.value.border) if measured else float("nan"),
        )
        return Suspicion(layer.name, Severity.WARNING, frame, step=0)

    def _bright(self, subject: Subject, layer: Layer) -> Opinion:
        measured = _of_constant(subject, layer)
        profile = subject.last(layer.name, SpatialProfile, part_of(layer))
        border = median(measured.value.border) if measured else float("nan")
        real = _real(profile.value) if profile else float("nan")
        if measured is None or profile is None or not np.isfinite([border, real]).all():
            return Unjudged(layer.name, "its maps of a constant image and of the probe")
        if border < self.max_border or real < self.max_real:
            return Healthy(layer.name, at=measured.step)
        frame = BrightFrame(border, real, measured.value.affected, self.max_border)
        return Suspicion(layer.name, Severity.WARNING, frame, at=measured.step)


def _of_constant(subject: Subject, layer: Layer) -> Entry[ConstantResponse] | None:
    """The layer's own maps of a constant image, or those of the last branch that it adds up."""
    found = (subject.last(name, ConstantResponse) for name in (layer.name, *reversed(layer.inputs)))
    return next((entry for entry in found if entry is not None), None)


def _real(profile: SpatialProfile) -> float:
    """Median over channels of |ring − centre| in standard deviations over images."""
    spread = np.sqrt(np.maximum(profile.varying, 0))
    gap = np.abs(profile.ring - profile.centre)
    known = (spread > 0) & np.isfinite(gap)
    return float(np.median(gap[known] / spread[known])) if known.any() else float("nan")
