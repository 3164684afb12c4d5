"""S43 labels-without-signal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from snellen.core import LayerKind, Severity
from snellen.record import Clock, Subject
from snellen.stats import Features, HeldOutAudit, ImageAnswers
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import Gap, answers, gap, one_answer, rescaled
from snellen.symptoms.probing import above_null, permuted
from snellen.symptoms.structure import part_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OnlyByHeart:
    """Training images answered far better than guessing, held-out ones no better."""

    training_recall: float
    recall: float
    chance: float
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"macro recall is {self.training_recall:.2f} on training images and {self.recall:.2f} "
            f"on {self.images} held-out ones, where guessing gives {self.chance:.2f} (allowed: "
            f"{self.allowed:g} standard errors above guessing)"
        )


@dataclass(frozen=True)
class NoBetterThanShuffled:
    """Labels that a simple reader can't tell better than shuffled ones."""

    accuracy: float
    """Macro recall out of fold."""
    shuffled: float
    """Mean of the same with shuffled labels."""
    p_value: float
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"a simple reader of the first maps of {self.images} images finds the labels with a "
            f"macro recall of {self.accuracy:.2f}, shuffled labels with {self.shuffled:.2f} (p = "
            f"{self.p_value:.2g}; allowed: below {self.allowed:g})"
        )


@dataclass(frozen=True)
class LabelsWithoutSignal(Symptom):
    """Labels that have nothing to do with the images.

    ## What it finds
    Trainings that answer their own images well and held-out images no better than guessing; and
    labels that a linear reader finds in no layer of the untrained network better than shuffled
    ones, where the network did not learn them either.

    ## Why it matters
    Nothing can be learnt but the images by heart. The training loss may fall all the same.

    ## Common causes
    Images shuffled without their labels; an index off by one; file lists in different orders;
    labels of another data set; images that were destroyed on the way.

    ## What looks similar
    A broken or dead network also ends at chance, so the reader uses maps from before the training.
    Held-out images in another range are answered by chance though the labels are right: see
    `train-validation-mismatch`. A hard task may be beyond a linear reader, so that alone is no
    sign.

    ## Example
    `images = images[torch.randperm(len(images))]` without the same for the labels.

    ## References
    - Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017,
      https://arxiv.org/abs/1611.03530
    - Ojala & Garriga, Permutation Tests for Studying Classifier Performance, 2010,
      https://www.jmlr.org/papers/v11/ojala10a.html
    """

    code = "S43"
    name = "labels-without-signal"
    since = "0.1"
    reads = (ImageAnswers, Features)

    above_chance: float = threshold(
        3.0, unit="standard errors of macro recall", because="one in 740 by chance"
    )
    learnt: float = threshold(
        0.3,
        unit="share of the way from guessing to perfect recall on training images",
        because="as much by chance is impossible, so something was learnt by heart",
    )
    max_p: float = threshold(0.05, unit="p-value of the reader", because="CATALOGUE S43")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        convs = [x for x in subject.layers if x.kind is LayerKind.CONV]
        if not convs or not one_answer(subject):
            return
        between = gap(subject, at_least=60)
        if between is not None and self._held_out_learnt(between):
            yield Healthy("", between.held_out.images)
            return
        by_heart = between is not None and between.training.skill > self.learnt
        if between is not None and by_heart and not _shifted(subject):
            yield Suspicion("", Severity.ERROR, self._by_heart(between), evident=True)
            return
        yield from self._read(subject, by_heart)

    def _held_out_learnt(self, between: Gap) -> bool:
        score = between.held_out
        return score.value > score.chance + self.above_chance * score.error

    def _by_heart(self, between: Gap) -> OnlyByHeart:
        score = between.held_out
        return OnlyByHeart(
            between.training.value, score.value, score.chance, score.images, self.above_chance
        )

    def _read(self, subject: Subject, by_heart: bool) -> Iterable[Opinion]:
        """Whether the labels can be read from the network's first layers before it was trained."""
        asked = subject.last("", ImageAnswers)
        readable = _untrained(subject)
        if asked is None or not readable:
            yield Unjudged("", "features of the untrained network, or held-out images")
            return
        best: NoBetterThanShuffled | None = None
        for features in readable:
            read = self._compared(features, asked.value.label)
            if read is None:
                continue
            if read.p_value < self.max_p:
                yield Healthy("", read.images)
                return
            best = read if best is None or read.p_value < best.p_value else best
        if best is None:
            yield Unjudged("", "10 images of each class, with maps that are not constant")
            return
        severity = Severity.NOTE if _constant(subject) else Severity.WARNING
        yield Suspicion("", severity, best, evident=by_heart, images=best.images)

    def _compared(
        self, features: Features, labels: npt.NDArray[np.int64]
    ) -> NoBetterThanShuffled | None:
        if len(features.scores) != len(labels) or not np.isfinite(features.explained):
            return None
        known = labels >= 0
        y, scores = labels[known], features.scores[known]
        counts = np.bincount(y)
        if (counts >= 10).sum() < 2 or not np.isfinite(scores).all() or not np.any(scores):
            return None
        read = partial(_recall, _reader(scores.astype(np.float64)))
        observed = read(y)
        if observed > _surely_above(counts):
            return NoBetterThanShuffled(observed, float("nan"), 0.0, len(y), self.max_p)
        null = permuted(read, y)
        p = above_null(observed, null)
        return NoBetterThanShuffled(observed, float(null.mean()), p, len(y), self.max_p)


def _reader(scores: Floats) -> Floats:
    """How much each image's answer, out of fold, depends on every other image's label: a ridge
    regression on `scores` `(images, components)`, as a matrix `(images, images)`.

    The same for all orders of the labels, so that shuffling them is cheap.
    """
    n = len(scores)
    fold = np.random.default_rng(0).permutation(n) % 5
    matrix = np.zeros((n, n))
    for k in range(5):
        seen, unseen = fold != k, fold == k
        x = scores[seen] - scores[seen].mean(axis=0)
        strength = 0.01 * float(np.square(x).sum()) / x.shape[1] + 1e-300
        weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T)  # pyright: ignore[reportUnknownVariableType]
        matrix[np.ix_(unseen, seen)] = (scores[unseen] - scores[seen].mean(axis=0)) @ weights
    return matrix


def _recall(reader: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Macro recall of the reader over the classes with 10 images or more."""
    kept = np.flatnonzero(np.bincount(labels) >= 10)
    indicators = (labels[:, None] == kept).astype(np.float64)
    found = kept[(reader @ (indicators / indicators.sum(axis=0))).argmax(axis=1)]
    return float(np.mean([(found[labels == k] == k).mean() for k in kept]))


def _surely_above(counts: npt.NDArray[np.int64]) -> float:
    """Macro recall that is five standard deviations above guessing, so that shuffling says
    nothing new."""
    large = counts[counts >= 10]
    chance = 1 / len(large)
    return chance + 5 * float(np.sqrt(chance * (1 - chance) * (1 / large).sum())) / len(large)


def _untrained(subject: Subject) -> list[Features]:
    """Features before the first update, of the first convolution and of one in the middle."""
    convs = [x for x in subject.layers if x.kind is LayerKind.CONV]
    found: list[Features] = []
    for layer in dict.fromkeys((convs[0], convs[len(convs) // 2])):
        history = subject.history(layer.name, Features, part_of(layer))
        if history and history[0].step == 0:
            found.append(history[0].value)
    return found


def _constant(subject: Subject) -> bool:
    """The model answers (nearly) the same for all images: more than labels may be at fault."""
    seen = answers(subject)
    return seen is not None and bool(np.bincount(seen.chosen).max() > 0.95 * len(seen.chosen))


def _shifted(subject: Subject) -> bool:
    """Held-out images are told from training images so easily that they may be of another kind."""
    last = subject.last("", HeldOutAudit, "", Clock.INLINE)
    apart = last is not None and last.value.separability > 0.8
    return apart or rescaled(subject)
