"""S05 fixed-pattern-maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import InputDependence, SpatialProfile
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import is_gate, part_of
from snellen.symptoms.wording import count, percent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FixedPattern:
    """A picture that a layer shows whatever the image."""

    channels: int
    of: int
    """Channels that are not constant."""
    share: float
    """Median share of these channels' variance that is the same for all images."""
    where: str
    """`at the border`, `on a lattice`, or `across the map`."""
    of_input: float
    """The same share of the images themselves; NaN where it was not measured."""
    layers: int
    """Layers that show such a pattern, this one (the first of them) included."""
    images: int
    fixed: float
    allowed: float

    def sentence(self) -> str:
        own = (
            f"; of the images themselves {percent(self.of_input)} is"
            if np.isfinite(self.of_input)
            else ""
        )
        others = f", and likewise in {count(self.layers - 1, 'later layer')}" * (self.layers > 1)
        return (
            f"in {self.channels} of {self.of} channels {percent(self.share)} of the variance is a "
            f"pattern {self.where} that all {self.images} images share{own}{others} (allowed: "
            f"{percent(self.fixed)}, in {percent(self.allowed)} of channels)"
        )


@dataclass(frozen=True)
class FixedPatternMaps(Symptom):
    """Maps that show the same picture for every image, with little of the image in it.

    ## What it finds
    The first layer in which a fifth of the living channels or more owe at least 90% of their
    variance to a pattern over positions that all images share; later ones are counted. It says
    where the pattern lies: at the border (padding), on a lattice (stride), or across the map, and
    how much of the images themselves is alike.

    ## Why it matters
    Such a channel tells where a pixel lies, not what is there. What follows sees the image through
    a small remainder.

    ## Common causes
    A frame, watermark or lamp in all images; images whose mean is not subtracted; padding whose
    influence has crept inwards; a signal so weak that biases and borders outweigh it.

    ## What looks similar
    Objects that are always centred give a common pattern too, but with much that varies. Maps of
    fewer than 16 positions have no room for a pattern. Maps that depend on no image at all are
    input-independent-maps. A layer that had the pattern before training and a network that works
    show that it does no harm.

    ## Example
    Scans with a bright frame fifty times as strong as what they show: 97% of the variance of the
    first layers is the frame.

    ## References
    - Alsallakh et al., Mind the Pad: CNNs can Develop Blind Spots, 2021,
      https://arxiv.org/abs/2010.02178
    """

    code = "S05"
    name = "fixed-pattern-maps"
    since = "0.1"
    reads = (SpatialProfile, InputDependence)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    min_images = 100

    fixed: float = threshold(
        0.9,
        unit="share of a channel's variance that all images share",
        because="nine parts of pattern to one of image",
    )
    max_share: float = threshold(
        0.2, unit="share of living channels", because="single channels may mark positions"
    )
    error_share: float = threshold(
        0.8, unit="share of living channels", because="most of the layer shows the pattern"
    )
    least_positions: int = threshold(
        16, unit="positions of a map", because="on a smaller map border and pattern are one"
    )
    least_dependence: float = threshold(
        1e-3,
        unit="share of the maps' mean square that varies over images",
        because="below it maps are input-independent-maps (S04)",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        images = subject.last("", InputDependence, "input")
        own = _layer_share(images.value) if images else float("nan")
        found: list[Suspicion] = []
        for layer in subject.layers:
            small = len(layer.positions) < 2 or np.prod(layer.positions) < self.least_positions
            if layer.head or small or is_gate(subject, layer):
                continue
            opinion = self._opinion(subject, layer, own)
            if isinstance(opinion, Suspicion):
                found.append(opinion)
            elif opinion is not None:
                yield opinion
        if found and isinstance(found[0].evidence, FixedPattern):
            # What the first layer shows, the later ones pass on.
            yield replace(found[0], evidence=replace(found[0].evidence, layers=len(found)))

    def _opinion(self, subject: Subject, layer: Layer, own: float) -> Opinion | None:
        part = part_of(layer)
        entry = subject.last(layer.name, InputDependence, part)
        if entry is None or not entry.value.images:
            return Unjudged(layer.name, "a look at its maps on the probe")
        seen = entry.value
        if not np.isfinite([seen.pattern, seen.varying, seen.fixed]).all():
            return Unjudged(layer.name, "finite maps")
        share = _share(seen)
        alive = np.isfinite(share)
        if not alive.any() or seen.layer_ratio < self.least_dependence:
            return None
        stuck = alive & (np.nan_to_num(share) >= self.fixed)
        stuck_count, of = int(stuck.sum()), int(alive.sum())
        if stuck_count < max(1.0, self.max_share * of):
            return Healthy(layer.name, seen.images, entry.step)
        return Suspicion(
            layer.name,
            Severity.ERROR if stuck_count >= self.error_share * of else Severity.WARNING,
            FixedPattern(
                stuck_count,
                of,
                float(np.median(share[stuck])),
                _where(subject, layer, stuck),
                own,
                1,
                seen.images,
                self.fixed,
                self.max_share,
            ),
            tuple(int(c) for c in np.flatnonzero(stuck)),
            entry.step,
            images=seen.images,
            at=entry.step,
        )


def _share(seen: InputDependence) -> Floats:
    """Share of each channel's variance that all images share; NaN for a constant channel."""
    total = seen.pattern + seen.varying
    # A constant leaves rounding alone: around 1e-16 of its square.
    alive = total > 1e-12 * (seen.fixed + seen.varying)
    return np.divide(seen.pattern, total, out=np.full(len(total), np.nan), where=alive)


def _layer_share(seen: InputDependence) -> float:
    if not np.isfinite([seen.pattern, seen.varying]).all():
        return float("nan")
    total = float((seen.pattern + seen.varying).sum())
    return float(seen.pattern.sum()) / total if 0 < total < np.inf else float("nan")


def _where(subject: Subject, layer: Layer, stuck: npt.NDArray[np.bool_]) -> str:
    """Where these channels' patterns mostly lie; the whole map when that is not known."""
    entry = subject.last(layer.name, SpatialProfile, part_of(layer))
    if entry is None or len(entry.value.ring_share) != len(stuck):
        return "across the map"
    ring = entry.value.ring_share[stuck]
    if np.isfinite(ring).any() and np.nanmedian(ring) >= 0.5:
        return "at the border"
    lattice = entry.value.phase_shares[:, stuck] if len(entry.value.periods) else np.zeros((0, 0))
    known = lattice[:, np.isfinite(lattice).all(axis=0)] if lattice.size else lattice
    if known.size and float(np.median(known.max(axis=0))) >= 0.5:
        return "on a lattice"
    return "across the map"
