"""S02 dormant-channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.structure import is_gate, part_of, zeroes
from snellen.symptoms.wording import amount, percent

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Dormancy:
    """Channels that are not silent but answer with next to nothing."""

    channels: int
    of: int
    before: int
    """Such channels at the first look."""
    strength: float
    """Median strength of these channels over the mean strength of the layer."""
    images: int
    weakest: float
    """A channel under this share of the layer's mean strength is dormant."""
    allowed: float

    def sentence(self) -> str:
        return (
            f"{self.channels} of {self.of} channels answer to {self.images} images with less than "
            f"{percent(self.weakest)} of their layer's mean strength (median "
            f"{amount(self.strength)}), {self.before} at the first look (allowed: "
            f"{percent(self.allowed)} of channels)"
        )


@dataclass(frozen=True)
class DormantChannels(Symptom):
    """Channels that still answer, but so weakly that the next layer hardly notices.

    ## What it finds
    Channels whose strength is at most 2.5% of the mean over their layer, and that are not silent
    (those are dead-channels). Strength is the mean magnitude behind a plain rectifier, and the
    standard deviation behind a normalisation or any other activation, where a constant offset would
    hide a channel that does not move. The strong quarter of the layer must outdo them just as much,
    so that one huge channel does not make dwarfs of all others. Too many are 40% of a layer, 10%
    behind a normalisation; and 15 points more than at the first look.

    ## Why it matters
    A dormant channel costs as much as any other and adds nothing. A share that grows means that the
    layer is losing its ability to learn something new.

    ## Common causes
    A learning rate or weight decay that starves part of a layer; targets or inputs that changed;
    a normalisation's scale that was driven to zero.

    ## What looks similar
    One channel of huge values (inputs from 0 to 255) makes all others look weak. A residual branch
    that begins with a scale of zero is quiet by design. A depthwise channel behind a dormant one
    only inherits. A network may work well with many dormant channels: that is a note.

    ## Example
    Half of the filters of a layer are scaled by 0.001 after initialisation and hardly learn.

    ## References
    - Sokar et al., The Dormant Neuron Phenomenon in Deep Reinforcement Learning, 2023,
      https://arxiv.org/abs/2302.12902
    """

    code = "S02"
    name = "dormant-channels"
    since = "0.1"
    reads = (MapSummary,)
    min_images = 100

    weakest: float = threshold(
        0.025,
        unit="share of the layer's mean strength",
        because="the definition's own values are 0, 0.025 and 0.1",
    )
    max_share: float = threshold(
        0.40,
        unit="share of channels, no normalisation",
        because="a working network fed with 0 to 255 had 31%",
    )
    error_share: float = threshold(
        0.80, unit="share of channels, no normalisation", because="most of the layer is lost"
    )
    max_share_normalised: float = threshold(
        0.10,
        unit="share of channels behind a normalisation",
        because="normalisation gives channels of similar strength",
    )
    error_share_normalised: float = threshold(
        0.50, unit="share of channels behind a normalisation", because="half of the layer is lost"
    )
    max_growth: float = threshold(
        0.15,
        unit="share of channels more than at the first look",
        because="in healthy training the share stays as it began",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if layer.head or is_gate(subject, layer) or layer.depthwise:
                continue
            checks = tuple(
                c
                for c in subject.history(layer.name, MapSummary, part_of(layer))
                if c.value.images and c.value.channels >= 4
            )
            if checks:
                yield self._opinion(layer, checks)
            elif layer.channels >= 4:
                yield Unjudged(layer.name, "a look at its maps on the probe")

    def _opinion(self, layer: Layer, checks: tuple[Entry[MapSummary], ...]) -> Opinion:
        last = checks[-1]
        strength = _strength(layer, last.value)
        if not np.isfinite(strength).all():
            return Unjudged(layer.name, "finite maps")
        images = last.value.images
        # A branch that starts from zero, and the optimiser's first steps, show no growth.
        first = next((c for c in checks if np.nan_to_num(_strength(layer, c.value)).any()), last)
        dormant = self._dormant(layer, last.value)
        before = int(self._dormant(layer, first.value).sum()) if first is not last else 0
        count, of = int(dormant.sum()), len(dormant)
        share = self.max_share_normalised if layer.normalised else self.max_share
        error = self.error_share_normalised if layer.normalised else self.error_share
        grown = count - before >= self.max_growth * of or before >= share * of
        if count < share * of or not count or not grown:
            return Healthy(layer.name, images, last.step)
        return Suspicion(
            layer.name,
            Severity.ERROR if count >= error * of else Severity.WARNING,
            Dormancy(
                count,
                of,
                before,
                float(np.median(strength[dormant]) / strength.mean()),
                images,
                self.weakest,
                share,
            ),
            tuple(int(c) for c in np.flatnonzero(dormant)),
            last.step,
            images=images,
            at=last.step,
        )

    def _dormant(self, layer: Layer, seen: MapSummary) -> Mask:
        strength = np.nan_to_num(_strength(layer, seen))
        strong = float(np.quantile(strength, 0.75))
        reference = min(float(strength.mean()), strong)
        dormant = strength <= self.weakest * reference
        # Exact zeros behind a rectifier are S01's, a layer of constants is S04's.
        return dormant & ~(seen.silent & zeroes(layer)) & (reference > 0)


def _strength(layer: Layer, seen: MapSummary) -> Floats:
    """Mean magnitude behind a plain rectifier; elsewhere the standard deviation, since a constant
    offset is no answer."""
    plain = zeroes(layer) and not layer.normalised
    return seen.mean_magnitude if plain else np.sqrt(seen.variance)
