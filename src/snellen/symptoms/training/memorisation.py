"""S49 memorisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ImageAnswers
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import gap, one_answer, rescaled
from snellen.symptoms.curves import curve, held_out_loss, rising
from snellen.symptoms.outcome import training_loss
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class LearntByHeart:
    """How differently training images and held-out ones are answered."""

    training_recall: float
    """NaN where images have no one class; `recall` likewise."""
    recall: float
    held_out: int
    lowest: float
    """Least loss on held-out images; NaN where none was seen or it does not rise."""
    last: float
    since: int
    """Evaluations since the lowest."""
    allowed: float

    def sentence(self) -> str:
        rise = (
            f"the held-out loss rose from {amount(self.lowest)} to {amount(self.last)} over the "
            f"last {self.since} evaluations"
            if np.isfinite(self.lowest)
            else ""
        )
        if not np.isfinite(self.recall):
            return f"{rise} while the training loss fell (allowed: a rise by a half)"
        seen = (
            f"macro recall is {self.training_recall:.2f} on training images and {self.recall:.2f} "
            f"on {self.held_out} held-out ones (allowed: {self.allowed:.2f} less)"
        )
        return f"{seen}; {rise}" if rise else seen


@dataclass(frozen=True)
class Memorisation(Symptom):
    """A network that knows its training images by heart and not what they have in common.

    ## What it finds
    Training images answered nearly all rightly and held-out ones far less often: by more than 20
    points, or by more than 10 where the loss on held-out images also rises for three evaluations or
    more. Where images have no one class: a held-out loss that rises by half while the training
    loss keeps falling.

    ## Why it matters
    What the network will be used for are images it has not seen. Every further epoch makes it surer
    of what it gets wrong.

    ## Common causes
    Few images for the size of the network; too many epochs; no augmentation, dropout or weight
    decay; labels that can only be learnt by heart.

    ## What looks similar
    Augmentation and dropout make the training loss higher than the held-out one: the model is
    compared with itself in evaluation mode. A few held-out images scatter: the gap must be sure.
    Held-out images in another range say nothing: see `train-validation-mismatch`. Some gap is
    normal.

    ## Example
    100 digits, 40 epochs: all training images answered, 65% of new ones.

    ## References
    - Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017,
      https://arxiv.org/abs/1611.03530
    - Arpit et al., A Closer Look at Memorization in Deep Networks, 2017,
      https://arxiv.org/abs/1706.05394
    """

    code = "S49"
    name = "memorisation"
    since = "0.1"
    reads = (ImageAnswers,)

    max_gap: float = threshold(
        0.2,
        unit="macro recall on training images above that on held-out ones",
        because="twice what CATALOGUE S49 asks for together with a rising held-out loss",
    )
    max_gap_rising: float = threshold(
        0.1,
        unit="the same, where the held-out loss rises",
        because="healthy nets of the gallery stay below 0.06",
    )
    by_heart: float = threshold(
        0.8,
        unit="share of the way from guessing to perfect recall on training images",
        because="below it the training images are not known either",
    )
    max_rise: float = threshold(
        1.5,
        unit="held-out loss over its lowest value",
        because="half as much again is beyond the scatter of single evaluations",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        between = gap(subject, at_least=30)
        values = held_out_loss(subject)
        since = rising(values)
        if between is None:
            yield from self._by_loss(subject, values, since)
            return
        wide = between.size > self.max_gap and between.surely > self.max_gap / 2
        wider = (
            since >= 3 and between.size > self.max_gap_rising and between.surely > 0.05
        )  # fmt: skip
        known = between.training.skill > self.by_heart
        if known and (wide or wider) and not rescaled(subject):
            evidence = LearntByHeart(
                between.training.value,
                between.held_out.value,
                between.held_out.images,
                float(values.min()) if since else float("nan"),
                float(values[-1]) if since else float("nan"),
                since,
                self.max_gap if wide else self.max_gap_rising,
            )
            yield Suspicion("", Severity.WARNING, evidence, evident=True)
        else:
            yield Healthy("")

    def _by_loss(
        self, subject: Subject, values: np.ndarray[tuple[int], np.dtype[np.float64]], since: int
    ) -> Iterable[Opinion]:
        course = curve(subject, training_loss(subject))
        if not len(values) or course is None or one_answer(subject):
            # Answers decide where there are classes; without held-out images nothing can.
            if len(values):
                yield Unjudged("", "answers for 30 held-out images")
            return
        falling = course.means[-1] < 0.9 * course.means[len(course.means) // 2]
        if since >= 3 and falling and values[-1] > self.max_rise * values.min() > 0:
            nan = float("nan")
            evidence = LearntByHeart(
                nan, nan, 0, float(values.min()), float(values[-1]), since, self.max_rise
            )
            yield Suspicion("", Severity.WARNING, evidence, evident=True)
        else:
            yield Healthy("")
