"""S15 class-silent-channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import ClassResponse, MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import (
    HELD_OUT,
    Shown,
    answered,
    better_than_chance,
    half_as_good,
    penultimate,
)
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import percent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassSilence:
    """A class to which most channels do not answer, and which the network misses."""

    class_number: int
    silent: int
    alive: int
    """Channels that answer to some class."""
    expected: float
    """Channels that would be silent for the class by chance, as seldom as they are active."""
    others: float
    """Median share of channels silent for a class that is found."""
    images: int
    """Images of the class on the probe."""
    recall: float
    others_recall: float
    p_value: float
    weakest: float

    def sentence(self) -> str:
        return (
            f"{self.silent} of {self.alive} channels answer to class {self.class_number} with less "
            f"than {percent(self.weakest)} of their strongest class ({self.images} images; classes "
            f"that are found: {percent(self.others)} of channels), and {percent(self.recall)} of "
            f"it is found, of others {percent(self.others_recall)}"
        )


@dataclass(frozen=True)
class ClassSilentChannels(Symptom):
    """A class to which the last layer's channels do not answer.

    ## What it finds
    Channels of the layer before the head that answer to a class with less than 1% of what they
    answer to their strongest class. Such silence is a fault only where a quarter of the living
    channels or more are silent for the class, at least twice as many as for the median class that
    is found and more than would be by chance, *and* the class is found less than half as often as
    the others (exact binomial test).

    ## Why it matters
    The head has nothing to recognise this class by but the absence of everything else.

    ## Common causes
    Images of the class that differ in scale from the others (0 to 1 among 0 to 255), are blank or
    damaged; channels that died for all but the commonest classes.

    ## What looks similar
    Specialised channels *should* be silent for most classes: in healthy networks 1% to 6% of
    channels are silent for any one class, rare or not. A channel that is active on few images is
    silent for some class by chance. Means of signed activations cancel, so magnitudes are
    compared. A class without any such channel may still be missed: see minority-weakness.

    ## Example
    Half of the classes come from files whose pixels go from 0 to 1, the others from 0 to 255.

    ## References
    - Morcos et al., On the importance of single directions for generalization, 2018,
      https://arxiv.org/abs/1803.06959
    """

    code = "S15"
    name = "class-silent-channels"
    since = "0.1"
    reads = (ClassResponse, MapSummary)
    phases = frozenset({Phase.EARLY, Phase.LATE})

    weakest: float = threshold(
        0.01,
        unit="share of the mean magnitude for the channel's strongest class",
        because="what is left of a healthy answer is not noticed",
    )
    max_share: float = threshold(
        0.25,
        unit="share of living channels silent for one class",
        because="healthy networks had 1% to 6%, under heavy imbalance up to 9%",
    )
    min_ratio: float = threshold(
        2.0,
        unit="times the median class that is found",
        because="specialised channels are silent for all alike",
    )
    max_recall: float = threshold(
        0.5, unit="of the other classes' median recall", because="found half as often as the others"
    )
    min_class_images: int = threshold(
        10, unit="images of the class", because="fewer are silent together by chance"
    )
    proposed: float = threshold(
        0.2, unit="p-value", because="what is less unlikely is not put to the gates"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        sets = [s for part in ("", HELD_OUT) if (s := answered(subject, part)) is not None]
        if not sets:
            return
        for layer in penultimate(subject):
            entry = subject.last(layer.name, ClassResponse, part_of(layer))
            if entry is None:
                yield Unjudged(layer.name, "an examined look at its answers to each class")
            elif (opinion := self._opinion(subject, layer, entry, sets)) is not None:
                yield opinion

    def _opinion(
        self, subject: Subject, layer: Layer, entry: Entry[ClassResponse], sets: list[Shown]
    ) -> Opinion | None:
        seen = entry.value
        known = seen.images >= self.min_class_images
        if known.sum() < 2 or not np.isfinite(seen.magnitudes).all():
            return None
        means = np.where(known, 1.0, np.nan)[:, None] * seen.magnitudes
        means = means / np.maximum(seen.images, 1)[:, None]
        strongest = np.nanmax(means, axis=0)
        alive = strongest > 1e-6 * float(strongest.max(initial=0.0))
        if alive.sum() < 4:
            return None
        silent = (means[:, alive] < self.weakest * strongest[alive]).sum(axis=1)
        share = np.where(known, silent / int(alive.sum()), np.nan)
        chance = _by_chance(subject, layer, entry)
        tests = [
            (p, k, shown)
            for shown in sets
            for k in np.flatnonzero(known).tolist()
            if (p := self._missed(shown, k)) is not None
            and self._too_silent(share, silent, chance[:, alive], k, self._found(shown, share))
        ]
        if not tests:
            return Healthy(layer.name, at=entry.step)
        p, k, shown = min(tests, key=lambda test: test[0])
        p = min(1.0, p * int(known.sum()) * len(sets))
        if p >= self.proposed:
            return Healthy(layer.name, at=entry.step, p_value=p)
        channels = np.flatnonzero(alive)[means[k, alive] < self.weakest * strongest[alive]]
        return Suspicion(
            layer.name,
            Severity.WARNING,
            ClassSilence(
                k,
                int(silent[k]),
                int(alive.sum()),
                float(chance[k, alive].sum()),
                float(np.median(self._found(shown, share))),
                int(seen.images[k]),
                float(shown.right[k] / shown.present[k]),
                shown.others(k),
                p,
                self.weakest,
            ),
            tuple(int(c) for c in channels),
            entry.step,
            evident=True,
            at=entry.step,
            p_value=p,
        )

    def _found(self, shown: Shown, share: Floats) -> Floats:
        """The shares of the classes that are found often enough: the control."""
        return np.array(
            [
                share[k]
                for k in range(min(len(share), len(shown.present)))
                if shown.present[k] and np.isfinite(share[k]) and self._missed(shown, k) is None
            ]
        )

    def _too_silent(
        self,
        share: Floats,
        silent: npt.NDArray[np.int64],
        chance: Floats,
        k: int,
        found: Floats,
    ) -> bool:
        if not len(found):
            return False
        usual = float(np.median(found))
        by_chance = chance[k]
        bound = by_chance.sum() + 3 * np.sqrt((by_chance * (1 - by_chance)).sum())
        return bool(
            share[k] >= self.max_share
            and share[k] >= self.min_ratio * usual
            and silent[k] > bound + 1
        )

    def _missed(self, shown: Shown, k: int) -> float | None:
        """p-value of the class being found so rarely; `None` where it is found often enough."""
        if k >= len(shown.present) or not shown.present[k]:
            return None
        others = shown.others(k)
        recall = float(shown.right[k] / shown.present[k])
        if not better_than_chance(others, len(shown.present)) or recall >= self.max_recall * others:
            return None
        return half_as_good(shown, k)


def _by_chance(subject: Subject, layer: Layer, entry: Entry[ClassResponse]) -> Floats:
    """Probability that no image of a class activates a channel if the images that do were drawn at
    random, shape `(classes, channels)`; 0 where that is not known.

    It is what permuted labels give, in closed form (hypergeometric), for channels of exact zeros.
    """
    images = entry.value.images
    none = np.zeros(entry.value.magnitudes.shape)
    maps = next(
        (
            e.value
            for e in subject.history(layer.name, MapSummary, part_of(layer))
            if e.step == entry.step
        ),
        None,
    )
    if maps is None or maps.channels != len(none.T):
        return none
    total = max(int(images.sum()), maps.images)
    active = np.minimum(maps.active_images, total)
    quiet = total - active[None, :]
    of_class = images[:, None]
    special: Any = import_module("scipy.special")

    def log_ways(n: Any, k: Any) -> Any:
        """ln of the number of ways to choose k of n."""
        return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)

    possible = np.minimum(of_class, quiet)
    ways = log_ways(quiet, possible) - log_ways(total, of_class)
    return np.asarray(np.where(of_class <= quiet, np.exp(np.minimum(ways, 0.0)), 0.0), np.float64)
