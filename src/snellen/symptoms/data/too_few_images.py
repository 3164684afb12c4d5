"""S55 too-few-images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ImageAnswers
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import Gap, class_counts, gap, rescaled
from snellen.symptoms.facts import loaded, record, whole
from snellen.symptoms.gates import whole_training_set
from snellen.symptoms.structure import convolutional


@dataclass(frozen=True)
class FewImages:
    """How many images there are to learn from, and what that comes to."""

    images: int
    classes: int
    """0: not images of classes."""
    training_recall: float
    """NaN where no held-out images were answered; `recall` likewise."""
    recall: float
    held_out: int
    allowed: float

    def sentence(self) -> str:
        per_class = (
            f", {self.images / self.classes:.0f} for each of {self.classes} classes"
            if self.classes
            else ""
        )
        known = (
            f"; macro recall is {self.training_recall:.2f} on them and {self.recall:.2f} on "
            f"{self.held_out} held-out images"
            if np.isfinite(self.recall)
            else "; no held-out image shows what was learnt from them"
        )
        return (
            f"the training has {self.images} images{per_class} (allowed: at least "
            f"{self.allowed:g}{' for each' if self.classes else ''}){known}"
        )


@dataclass(frozen=True)
class TooFewImages(Symptom):
    """A training set too small to learn what new images look like.

    ## What it finds
    Trainings with few images for each class whose model answers its training images far better than
    held-out ones: by 20 points, or by 15 where there are at most 20 images of a class. Where no
    held-out image was answered, very few images are a note.

    ## Why it matters
    The model can learn all images by heart, and nothing tells it which of their features matter.
    Maps look normal: none are dead, and the training loss is low.

    ## Common causes
    A first sample of the data; a filter that removed most of it; a rare object.

    ## What looks similar
    A large network learns larger sets by heart too: see `memorisation`. Pre-trained networks need
    few images: held-out images decide. Wrong labels and held-out images of another kind also widen
    the gap.

    ## Example
    Ten images of each of ten digits: all answered rightly, and two of three new ones.

    ## References
    - Hestness et al., Deep Learning Scaling is Predictable, Empirically, 2017,
      https://arxiv.org/abs/1712.00409
    """

    code = "S55"
    name = "too-few-images"
    since = "0.1"
    reads = (ImageAnswers,)

    min_per_class: float = threshold(
        50.0,
        unit="training images per class",
        because="100 digits in 10 classes reached 65% on new ones, 130 of each class 92%",
    )
    hardly_any: float = threshold(
        10.0,
        unit="training images per class, without held-out images",
        because="a tenth of the classes' variety can't be seen in so few",
    )
    min_gap: float = threshold(
        0.2,
        unit="macro recall on training images above that on held-out ones",
        because="a hundred classes of 30 images each were told apart well at a gap of 0.13",
    )

    very_few: float = threshold(
        20.0,
        unit="training images per class",
        because="with so few, no class shows how it varies: a narrower gap tells of them",
    )
    min_gap_very_few: float = threshold(
        0.15,
        unit="macro recall on training images above that on held-out ones, with very few images",
        because="ten of each of ten digits left 0.19 to 0.25; healthy networks stay below 0.13",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        counts = class_counts(subject)
        classes = int((counts > 0).sum())
        images = _images(subject)
        if images is None:
            yield Unjudged("", "the number of training images")
            return
        between = gap(subject, at_least=30)
        each = images / classes if classes >= 2 else float("inf")
        if between is not None:
            limit = self.min_gap_very_few if each <= self.very_few else self.min_gap
            far = between.size > limit and between.surely > 0.5 * limit
            harmed = far and between.training.skill > 0.7 and each <= self.min_per_class
            harmed = harmed and not rescaled(subject)
            evidence = self._evidence(images, classes, between)
            yield Suspicion("", Severity.WARNING, evidence, evident=True) if harmed else Healthy("")
        elif each <= self.hardly_any and not loaded(subject):
            yield Suspicion("", Severity.NOTE, self._evidence(images, classes, None))
        else:
            yield Healthy("")

    def _evidence(self, images: int, classes: int, between: Gap | None) -> FewImages:
        return FewImages(
            images,
            classes,
            between.training.value if between else float("nan"),
            between.held_out.value if between else float("nan"),
            between.held_out.images if between else 0,
            self.min_per_class if between else self.hardly_any,
        )


def _images(subject: Subject) -> int | None:
    """Training images: as the loader says, or those of the probe where it holds them all."""
    known = whole(subject, "training_images")
    if known:
        return known
    images: Any = record(subject, "probe").get("images")
    return (
        images if whole_training_set(subject) and isinstance(images, int) and images > 0 else None
    )
