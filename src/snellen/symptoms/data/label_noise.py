"""S44 label-noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import Features, ImageAnswers, ModeGap
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import HELD_OUT, answers, one_answer, training_score
from snellen.symptoms.probing import out_of_fold
from snellen.symptoms.structure import convolutional, feeds_head, part_of
from snellen.symptoms.wording import percent

SOUND = 0.4
"""Share of the way from guessing to perfection from which on a reader is listened to."""
SURE = 0.4
"""Probability that the surer half of the answers has in the median, at least."""
GAP = 0.15
"""Share of images by which a model that does not generalise is better on those it learnt from."""


@dataclass(frozen=True)
class WrongLabels:
    """Labels that are contradicted as surely as others are confirmed."""

    reader: str
    """Who contradicts: `the model`, `the model, on held-out images,` or `a reader of its maps`."""
    noise: float
    """Estimated share of wrong labels."""
    contradicted: int
    """Images of the surer half that were answered otherwise than their label says."""
    sure: int
    """Images in the surer half."""
    unsure: float
    """Share contradicted in the less sure half."""
    accuracy: float
    allowed: float

    def sentence(self) -> str:
        return (
            f"{self.reader} contradicts the labels of {self.contradicted} of the {self.sure} images"
            f" it answers most surely ({percent(self.noise)}) and of {percent(self.unsure)} of the "
            f"others: sure answers should be right (allowed: {percent(self.allowed)})"
        )


@dataclass(frozen=True)
class _Reading:
    reader: str
    agrees: npt.NDArray[np.bool_]
    confidence: npt.NDArray[np.float64]
    chance: float


@dataclass(frozen=True)
class LabelNoise(Symptom):
    """Images with wrong labels.

    ## What it finds
    Labels contradicted by the surest answers. Three readers are asked: the model on its training
    images, the model on held-out images, and a linear reader of its last maps, out of fold. An
    image that is merely hard is answered unsurely; a wrong label sits on an easy image as often as
    on a hard one, so the errors do not fade among the surest answers.

    ## Why it matters
    Wrong labels set a floor under the loss, hold back the accuracy, and are learnt by heart in a
    long training. Held-out images with wrong labels also hide how good the model is.

    ## Common causes
    Hurried or automatic labelling; classes that were merged or renamed; a file list with a slip in
    the middle; labels shuffled for a part of the data.

    ## What looks similar
    Hard images: the errors are among unsure answers. Augmentation: the same. A model that is
    broken contradicts everything, so a reader must be right clearly more often than guessing, and
    the same in evaluation as in training. Once wrong labels are learnt by heart the model no longer
    contradicts them. Images with several labels are not judged.

    ## Example
    A fifth of the digits given a random label: the loss stays high, and held-out images with right
    labels are answered better than training images.

    ## References
    - Northcutt et al., Confident Learning: Estimating Uncertainty in Dataset Labels, 2021,
      https://arxiv.org/abs/1911.00068
    - Arazo et al., Unsupervised Label Noise Modeling and Loss Correction, 2019,
      https://arxiv.org/abs/1904.11238
    """

    code = "S44"
    name = "label-noise"
    since = "0.1"
    reads = (ImageAnswers, Features, ModeGap)
    min_images = 100

    max_noise: float = threshold(
        0.05,
        unit="share of labels contradicted in the surer half",
        because="large public test sets hold 3.4% wrong labels on average (Northcutt 2021)",
    )
    much_noise: float = threshold(
        0.2, unit="share of labels", because="a fifth of the labels teaches the wrong thing"
    )
    fading: float = threshold(
        0.4,
        unit="share contradicted in the surest quarter over that in the less sure half",
        because="measured: 0 to 0.31 where images are hard, 0.33 to 0.7 where labels are wrong",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject) or not one_answer(subject):
            return
        readings = [r for r in _readings(subject) if _sound(r)]
        if not readings:
            yield Unjudged("", "a reader that answers clearly better than guessing")
            return
        found = [e for r in readings if (e := self._contradicted(r)) is not None]
        images = max(len(r.agrees) for r in readings)
        if not found:
            yield Healthy("", images)
            return
        worst = max(found, key=lambda e: e.noise)
        severity = Severity.ERROR if worst.noise >= self.much_noise else Severity.WARNING
        yield Suspicion("", severity, worst, evident=True, images=images)

    def _contradicted(self, reading: _Reading) -> WrongLabels | None:
        # Ties in confidence are broken by the order of the images, which is arbitrary.
        order = np.argsort(-reading.confidence, kind="stable")
        wrong = ~reading.agrees[order]
        half = len(wrong) // 2
        sure, unsure, surest = wrong[:half], wrong[half:], wrong[: half // 2]
        # A model that has learnt little is sure of nothing.
        if float(np.median(reading.confidence[order][:half])) < SURE:
            return None
        noise = float(sure.mean())
        if not noise > self.max_noise or not _surely_above(int(sure.sum()), half, self.max_noise):
            return None
        if float(surest.mean()) < self.fading * float(unsure.mean()):
            return None
        return WrongLabels(
            reading.reader,
            noise,
            int(sure.sum()),
            half,
            float(unsure.mean()),
            float(reading.agrees.mean()),
            self.max_noise,
        )


def _readings(subject: Subject) -> Iterable[_Reading]:
    own, unseen = answers(subject), answers(subject, HELD_OUT)
    if own is not None and unseen is not None and _unlike(own, unseen):
        unseen = None
    if _another_in_evaluation(subject):
        return
    for reader, seen in (("the model", own), ("the model, on held-out images,", unseen)):
        if seen is None:
            continue
        agrees = seen.chosen == seen.label
        surest = np.where(agrees, seen.probability, seen.runner_up).astype(np.float64)
        known = np.isfinite(surest)
        if known.sum() >= 40:
            yield _Reading(reader, agrees[known], surest[known], 1 / len(np.unique(seen.label)))
    # Maps of a model that learnt nothing are no better than those of any other.
    score = None if own is None else training_score(subject)
    if score is not None and score.skill >= SOUND:
        yield from _of_maps(subject)


def _unlike(own: ImageAnswers, unseen: ImageAnswers) -> bool:
    """Whether held-out images are answered so much worse than training images that the model, or
    the images, are at fault rather than their labels."""
    right = [float((seen.chosen == seen.label).mean()) for seen in (own, unseen)]
    return right[0] - right[1] > GAP


def _another_in_evaluation(subject: Subject) -> bool:
    """Whether the model, as it is evaluated, is not the one that was trained: its sure answers, and
    its maps, contradict labels for that reason alone."""
    last = subject.last("", ModeGap)
    if last is None or not last.value.images:
        return False
    return last.value.batch_right - last.value.eval_right > GAP * last.value.images


def _of_maps(subject: Subject) -> Iterable[_Reading]:
    """A reader of the last hidden layer, out of fold."""
    last = subject.last("", ImageAnswers)
    hidden = [x for x in subject.layers if not x.head]
    before = [x for x in hidden if feeds_head(subject, x)] or hidden[-1:]
    if last is None or not before:
        return
    labels = last.value.label
    scores = [
        seen.value.scores
        for layer in before
        if (seen := subject.last(layer.name, Features, part_of(layer))) is not None
        and seen.step == last.step
        and len(seen.value.scores) == len(labels)
    ]
    # A head may read several branches: one of them alone knows less than the network.
    if len(scores) < len(before):
        return
    found = out_of_fold(np.concatenate(scores, axis=1), labels)
    known = np.isfinite(found).all(axis=1) if found.size else np.zeros(len(labels), np.bool_)
    if known.sum() < 40:
        return
    p, y = found[known], labels[known]
    yield _Reading(
        "a reader of its maps", p.argmax(axis=1) == y, p.max(axis=1), 1 / len(np.unique(y))
    )


def _sound(reading: _Reading) -> bool:
    """Right often enough: one that answers hardly anything rightly is as often wrong where it is
    sure."""
    accuracy, chance = float(reading.agrees.mean()), reading.chance
    return chance < 1 and (accuracy - chance) / (1 - chance) >= SOUND


def _surely_above(successes: int, trials: int, share: float) -> bool:
    """Whether so many would come by chance in one case of a hundred if the share were this."""
    from scipy.stats import binom

    return float(binom.sf(successes - 1, trials, share)) < 0.01
