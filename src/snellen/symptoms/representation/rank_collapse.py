"""S13 rank-collapse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from snellen.core import Layer, Severity
from snellen.core.layer import WindowKind
from snellen.record import Entry, Subject
from snellen.stats import ChannelStructure, ClassResponse
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import class_share, penultimate
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import classes, is_gate, part_of
from snellen.symptoms.wording import amount, count, percent


@dataclass(frozen=True)
class LowRank:
    """A layer whose channels move along few directions together."""

    rank: float
    """Effective rank: exp of the entropy of the covariance's eigenvalues."""
    before: float
    """The same at the first examined look; NaN where there was none."""
    of: int
    """Channels compared."""
    saturation: float
    """Share of directions that hold 99% of the variance."""
    class_share: float
    """Share of the variance that lies between classes; NaN where it was not measured."""
    layers: int
    """Layers whose rank fell like this, this one (the first of them) included; 1 before the
    head."""
    images: int
    allowed: float

    def sentence(self) -> str:
        before = f" ({amount(self.before)} at the first look)" if np.isfinite(self.before) else ""
        told = (
            f"; {percent(self.class_share)} of the variance tells classes apart"
            if np.isfinite(self.class_share)
            else ""
        )
        others = f", as in {count(self.layers - 1, 'later layer')}" * (self.layers > 1)
        return (
            f"{self.of} channels span {amount(self.rank)} directions{before}{others} over "
            f"{self.images} images; 99% of the variance lies in {percent(self.saturation)} of "
            f"them{told} (allowed: at least {amount(self.allowed)})"
        )


@dataclass(frozen=True)
class RankCollapse(Symptom):
    """A layer whose channels have lost all but a few directions.

    ## What it finds
    A layer before the head, of one value per channel (dense, or pooled over all positions), whose
    effective rank (exp of the entropy of its channels' covariance spectrum) is below half of the
    classes less one, and below 2 in any case; and any layer where it is less than 5% of the
    channels, having been at least twice that before training. What the few directions hold must not
    be the classes themselves.

    ## Why it matters
    The head can tell apart no more classes than the features have directions for. A rank that falls
    layer by layer means that images are squeezed together before they are understood.

    ## Common causes
    Deep stacks without normalisation or skip connections; filters that started equal; weight decay
    that wins; a bottleneck narrower than the task.

    ## What looks similar
    At the end of good training the layer before the head knows the classes and nothing else (neural
    collapse): its rank is then at most the number of classes, and most of its variance lies between
    them. Such a layer is healthy, unless even a quarter of the classes less one is too much. The
    first layer can't have more directions than one patch of the image has values. A head that reads
    all positions can do with few channels. A layer of constants has no rank and is not judged here.

    ## Example
    Thirty convolutions with ReLU and no normalisation: 32 channels span 1.1 directions, before
    training and after it.

    ## References
    - Roy & Vetterli, The effective rank: A measure of effective dimensionality, 2007,
      https://ieeexplore.ieee.org/document/7098875
    - Papyan et al., Prevalence of neural collapse, 2020, https://arxiv.org/abs/2008.08186
    - Shenk et al., Spectral Analysis of Latent Representations, 2019,
      https://arxiv.org/abs/1907.08589
    """

    code = "S13"
    name = "rank-collapse"
    since = "0.1"
    reads = (ChannelStructure, ClassResponse)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    min_images = 100

    least_rank: float = threshold(
        2.0, unit="directions before the head", because="one direction is one number per image"
    )
    share_of_classes: float = threshold(
        0.5,
        unit="directions per class less one",
        because="neural collapse ends at one direction per class less one",
    )
    least_share: float = threshold(
        0.05,
        unit="directions per channel, in any layer",
        because="healthy networks had 0.1 to 0.7, collapsed ones 0 to 0.05",
    )
    class_share: float = threshold(
        0.3,
        unit="share of the variance between classes",
        because="few directions that tell the classes apart are what training is for",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        before = penultimate(subject)
        # Several layers that the head reads at once are summed or joined: none bounds it alone.
        last_ones = {x.name for x in before if len(before) == 1 and _pooled(subject, x)}
        fallen: list[Suspicion] = []
        for layer in subject.layers:
            if layer.head or layer.channels < 2 or is_gate(subject, layer):
                continue
            history = subject.history(layer.name, ChannelStructure, part_of(layer))
            if not history:
                yield Unjudged(layer.name, "an examined look at its channels")
                continue
            opinion = self._opinion(subject, layer, history, layer.name in last_ones)
            if isinstance(opinion, Suspicion) and layer.name not in last_ones:
                fallen.append(opinion)
            elif opinion is not None:
                yield opinion
        if fallen and isinstance(fallen[0].evidence, LowRank):
            # What one layer has lost, no later one regains.
            yield replace(fallen[0], evidence=replace(fallen[0].evidence, layers=len(fallen)))

    def _opinion(
        self,
        subject: Subject,
        layer: Layer,
        history: tuple[Entry[ChannelStructure], ...],
        before_head: bool,
    ) -> Opinion | None:
        last = history[-1]
        seen = last.value
        rank, of = seen.effective_rank, len(seen.eigenvalues)
        # The layer is constant: S01's and S04's.
        if not np.isfinite(rank) or of < 2:
            return None
        known = history[0] if history[0].step < last.step else None
        before = known.value.effective_rank if known else float("nan")
        limit = self._limit(subject, of, before, before_head)
        share = class_share(subject, layer)
        # Half of that many directions can still be the classes themselves; fewer can't.
        spared = rank >= 0.5 * self.share_of_classes * ((classes(subject) or 2) - 1)
        if rank >= limit or (spared and np.nan_to_num(share) >= self.class_share):
            return Healthy(layer.name, seen.images, last.step)
        return Suspicion(
            layer.name,
            Severity.WARNING,
            LowRank(rank, before, of, seen.saturation, share, 1, seen.images, limit),
            step=last.step,
            images=seen.images,
            at=last.step,
        )

    def _limit(self, subject: Subject, of: int, before: float, before_head: bool) -> float:
        """The least rank allowed; 0 where any is."""
        limit = 0.0
        if before_head and (k := classes(subject)) is not None:
            limit = max(self.least_rank, self.share_of_classes * (k - 1))
        small = self.least_share * of
        # One direction is the least there is: no layer has less.
        return max(limit, small) if before >= 2 * small and small > 1 else limit


def _pooled(subject: Subject, layer: Layer) -> bool:
    """Whether the head reads one value per channel: behind flattened positions it reads more than
    channels."""
    if not layer.positions or int(np.prod(layer.positions)) == 1:
        return True
    heads = [x for x in subject.layers if x.head and layer.name in x.inputs]
    ways = [x.paths[x.inputs.index(layer.name)] for x in heads if len(x.paths) == len(x.inputs)]
    return bool(ways) and all(
        any(window.kind is WindowKind.GLOBAL_POOL for window in way) for way in ways
    )
