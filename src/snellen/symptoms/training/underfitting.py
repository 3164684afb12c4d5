"""S48 underfitting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ImageAnswers
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import Score, class_counts, gap, one_answer, training_score
from snellen.symptoms.curves import Curve, curve
from snellen.symptoms.data.label_noise import LabelNoise
from snellen.symptoms.facts import loaded, whole
from snellen.symptoms.optimiser import learning_rates
from snellen.symptoms.outcome import training_loss, yardstick
from snellen.symptoms.phases import number
from snellen.symptoms.progress import loss_left
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class StandsStill:
    """A training that stopped improving far from its goal."""

    recall: float
    """Macro recall on training images, in evaluation mode."""
    images: int
    loss: float
    prior_loss: float
    parameters: int
    """0: not known."""
    needed: int
    """Bits that the training labels hold: parameters that could learn them by heart."""
    allowed: float

    def sentence(self) -> str:
        size = (
            f"; {self.parameters} parameters are fewer than the {self.needed} bits of the labels"
            if 0 < self.parameters < self.needed
            else ""
        )
        return (
            f"the training loss stands still at {amount(self.loss)} (guessing gives "
            f"{amount(self.prior_loss)}), and macro recall on {self.images} training images is "
            f"{self.recall:.2f} (allowed: at least {self.allowed:.2f}){size}"
        )


@dataclass(frozen=True)
class Underfitting(Symptom):
    """A network that stops improving before it knows even its training images.

    ## What it finds
    Trainings whose loss no longer falls while many training images are still answered wrongly, in
    evaluation mode, and held-out images no worse: the network learnt what it could, and that is
    little. Where its parameters are fewer than the bits of the labels, a smaller shortfall counts,
    and a loss that creeps on.

    ## Why it matters
    More data and more epochs do not help such a network.

    ## Common causes
    Too few channels or layers; a stem that throws away too much of the image; dropout, weight decay
    or augmentation that is too strong; missing nonlinearities.

    ## What looks similar
    A training that is still improving is too short (`loss-curve`), not underfit. Wrong labels
    set a floor for every network: see `label-noise`. A network that guesses has a fault of
    another kind. A learning rate that a schedule took to zero also ends all progress, so then more
    is asked for. Fine-tuning of a frozen backbone is limited by its features and is not judged.

    ## Example
    Convolutions of two channels each on digits: 80% of the training images answered.

    ## References
    - Goodfellow, Bengio & Courville, Deep Learning, chapter 5.2, 2016,
      https://www.deeplearningbook.org/contents/ml.html
    """

    code = "S48"
    name = "underfitting"
    since = "0.1"
    reads = (ImageAnswers,)

    min_skill: float = threshold(
        0.7,
        unit="share of the way from guessing to perfect recall on training images",
        because="a third of the images wrong; healthy nets of the gallery reach 0.96 and more",
    )
    min_skill_small: float = threshold(
        0.9,
        unit="the same, for networks with fewer parameters than the labels have bits",
        because="such a network can't know all its images",
    )
    still: float = threshold(
        0.02,
        unit="fall of the loss over the last third, as a share of the loss of guessing",
        because="a training that goes on like this gains nothing in as many epochs again",
    )
    still_small: float = threshold(
        0.04,
        unit="the same, for networks with fewer parameters than the labels have bits",
        because="networks of two channels crept on by 0.026 to 0.032 after 25 epochs",
    )
    begun: float = threshold(
        0.9,
        unit="loss left, over that of guessing",
        because="a training that has hardly begun is stuck or slow: see loss-curve",
    )
    max_gap: float = threshold(
        0.1,
        unit="macro recall on training images above that on held-out ones",
        because="a larger gap is memorisation, not lack of capacity",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject) or not one_answer(subject):
            return
        if loaded(subject) or _mostly_frozen(subject):
            return
        score = training_score(subject)
        course = curve(subject, training_loss(subject))
        if score is None or course is None:
            yield Unjudged("", "answers for training images, and a longer loss curve")
            return
        bits = _bits(subject)
        size = whole(subject, "parameters") or 0
        small = 0 < size < bits
        limit = self.min_skill_small if small else self.min_skill
        between = gap(subject, at_least=30)
        even = between is None or between.size < self.max_gap
        # Guessing is no underfitting: something prevents learning altogether.
        begun = loss_left(subject) < self.begun
        poor = begun and not score.at_chance and score.skill < limit
        poor = poor and _consistent(score, float(course.means[-1]))
        if not (poor and even and self._still(subject, course, small)) or _noisy(subject):
            yield Healthy("", score.images)
            return
        evidence = StandsStill(
            score.value,
            score.images,
            float(course.means[-1]),
            yardstick(subject).prior,
            size,
            bits,
            score.chance + limit * (1 - score.chance),
        )
        yield Suspicion("", Severity.WARNING, evidence, evident=small or not _annealed(subject))

    def _still(self, subject: Subject, course: Curve, small: bool) -> bool:
        n = len(course.means)
        if n < 6:
            return False
        prior = yardstick(subject).prior
        scale = prior if np.isfinite(prior) else abs(float(course.means[0]))
        third = max(n // 3, 2)
        fall = float(
            course.means[-third:][: third // 2].mean() - course.means[-(third // 2) :].mean()
        )
        return fall < (self.still_small if small else self.still) * scale


def _consistent(score: Score, loss: float) -> bool:
    """The training loss is as poor as the answers. Where answers in evaluation mode are far worse
    than it, the two modes disagree, and that is another fault."""
    return not float(np.exp(-max(loss, 0.0))) > score.value + 0.2


def _bits(subject: Subject) -> int:
    """Bits of information in the labels of all training images."""
    counts = class_counts(subject).astype(np.float64)
    images = whole(subject, "training_images") or int(counts.sum())
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return round(float(images * -(shares * np.log2(shares)).sum()))


def _noisy(subject: Subject) -> bool:
    return any(hasattr(x, "evidence") for x in LabelNoise().opinions(subject))


def _mostly_frozen(subject: Subject) -> bool:
    frozen, size = number(subject, "frozen_parameters"), number(subject, "parameters")
    return bool(frozen and size and frozen > 0.5 * size)


def _annealed(subject: Subject) -> bool:
    """The learning rate fell to less than a tenth in the course of the training."""
    rates = learning_rates(subject)
    return bool(rates) and rates[-1] < 0.1 * max(rates)
