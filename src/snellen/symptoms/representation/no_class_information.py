"""S17 no-class-information."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import Features
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import Ints, labels_of_probe, penultimate
from snellen.symptoms.phases import Phase
from snellen.symptoms.probing import above_null, permuted
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import amount, percent

Floats = npt.NDArray[np.float64]

ROUNDS = 200


@dataclass(frozen=True)
class NoInformation:
    """Features that differ between classes no more than between groups drawn at random."""

    between: float
    """Largest share of a feature's variance that lies between classes (η²)."""
    chance: float
    """The same for permuted labels, median over the permutations."""
    p_value: float
    """Of so much class information by chance: large, for there is no more than that."""
    images: int
    classes: int
    rounds: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"at most {percent(self.between)} of a feature's variance lies between the "
            f"{self.classes} classes, {percent(self.chance)} with permuted labels ({self.images} "
            f"images, p = {amount(self.p_value)} over {self.rounds} permutations; allowed: "
            f"{self.allowed:g})"
        )


@dataclass(frozen=True)
class NoClassInformation(Symptom):
    """The last layer's maps know nothing of the classes.

    ## What it finds
    A layer before the head whose pooled maps differ between classes, late in the training, no more
    than they do when the labels of the probe images are permuted. Compared are the largest share of
    variance between classes (η²) of any of the layer's 64 main components, and its sum over all of
    them; each must lie within what 200 permutations give.

    ## Why it matters
    No head can answer rightly from such features.

    ## Common causes
    Labels that don't belong to the images (shuffled apart, misaligned); images that show nothing of
    the classes; information destroyed on the way: a normalisation directly before global pooling,
    constant or dead layers upstream.

    ## What looks similar
    Untrained features hold class information too: this is rare and telling. Selectivity of single
    channels is neither needed nor good, so a low one is never a fault. Maps that are constant have
    no variance to share out and are not judged. With fewer than 100 images, or many classes of few
    images each, chance alone gives much.

    ## Example
    Images shuffled without their labels: 8% of the variance lies between the ten classes, as with
    permuted labels.

    ## References
    - Morcos et al., On the importance of single directions for generalization, 2018,
      https://arxiv.org/abs/1803.06959
    - Leavitt & Morcos, Selectivity considered harmful, 2021, https://arxiv.org/abs/2003.01262
    """

    code = "S17"
    name = "no-class-information"
    since = "0.1"
    reads = (Features,)
    phases = frozenset({Phase.LATE})
    min_images = 100

    significance: float = threshold(
        0.05,
        unit="p-value of the class information",
        because="trained features are at the least that 200 permutations can show, 0.005",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in penultimate(subject):
            entry = subject.last(layer.name, Features, part_of(layer))
            if entry is None:
                continue
            labels = labels_of_probe(subject, len(entry.value.scores))
            if labels is None or len(np.unique(labels[labels >= 0])) < 2:
                continue
            opinion = self._opinion(layer, entry.value, labels, entry.step)
            if opinion is not None:
                yield opinion

    def _opinion(self, layer: Layer, seen: Features, labels: Ints, step: int) -> Opinion | None:
        known = labels >= 0
        scores = _standardised(seen.scores[known].astype(np.float64))
        if scores is None:
            return Unjudged(layer.name, "finite maps that differ between images")
        own = labels[known]
        images, classes = len(own), len(np.unique(own))

        def between(order: Ints) -> Floats:
            shares = _between_classes(scores, order)
            return np.array([shares.max(), shares.sum()])

        found, null = between(own), permuted(between, own, ROUNDS)
        # The better of two statistics, so twice its p-value.
        p = min(1.0, 2 * min(above_null(found[i], null[:, i]) for i in range(2)))
        if p <= self.significance:
            return Healthy(layer.name, images, step)
        return Suspicion(
            layer.name,
            Severity.WARNING,
            NoInformation(
                float(found[0]),
                float(np.median(null[:, 0])),
                p,
                images,
                classes,
                ROUNDS,
                self.significance,
            ),
            step=step,
            images=images,
            at=step,
        )


def _standardised(scores: Floats) -> Floats | None:
    """Components of mean 0 and variance 1; those without variance left out, `None` if all are."""
    if not len(scores) or not np.isfinite(scores).all():
        return None
    centred = scores - scores.mean(axis=0)
    spread = centred.std(axis=0)
    kept = spread > 1e-6 * float(spread.max(initial=0.0))
    return centred[:, kept] / spread[kept] if kept.any() else None


def _between_classes(scores: Floats, labels: Ints) -> Floats:
    """η² of each standardised component, 0 to 1, shape `(components,)`."""
    members = np.zeros((int(labels.max()) + 1, len(labels)))
    members[labels, np.arange(len(labels))] = 1.0
    counts = np.maximum(members.sum(axis=1), 1.0)
    means = (members @ scores) / counts[:, None]
    return (counts[:, None] * means**2).sum(axis=0) / len(labels)
