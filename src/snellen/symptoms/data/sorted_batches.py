"""S53 sorted-batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import one_answer, training_score
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class FewClasses:
    """Batches whose labels are more alike than chance makes them."""

    entropy: float
    """Mean entropy of a batch's labels, nats."""
    shuffled: float
    """What it would be in random order."""
    single: int
    """Batches of 8 or more images that held one class alone."""
    allowed: float

    def sentence(self) -> str:
        alone = f" ({self.single} held one class alone)" if self.single else ""
        return (
            f"a batch's labels have an entropy of {self.entropy:.2f} on average{alone}; in random "
            f"order it would be {self.shuffled:.2f} (allowed: {percent(self.allowed)} of that)"
        )


@dataclass(frozen=True)
class SortedBatches(Symptom):
    """Training images that come sorted by class.

    ## What it finds
    Batches whose labels vary less than those of the same images in random order: the mean entropy
    of a batch's labels over the first pass is compared with what shuffling gives.

    ## Why it matters
    Each update then pulls towards the classes of its batch, and the next one undoes it: the loss
    swings, the last classes win, and batch normalisation sees one class at a time.

    ## Common causes
    `DataLoader` without `shuffle=True` on files listed by folder; `tf.data` with a shuffle buffer
    smaller than a class; Keras `fit` does not shuffle a `tf.data` set or a generator.

    ## What looks similar
    Samplers that draw a few classes per batch on purpose (metric learning). Where the trained model
    answers all classes well this is a note.

    ## Example
    `DataLoader(ImageFolder(...), batch_size=32)`: all cats come before all dogs.

    ## References
    - Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012,
      https://arxiv.org/abs/1206.5533
    """

    code = "S53"
    name = "sorted-batches"
    since = "0.1"
    reads = (ImageAudit,)

    min_entropy: float = threshold(
        0.8,
        unit="entropy of a batch's labels over that in random order",
        because="random order is within a few hundredths of 1; whole sorting gives near 0",
    )
    learnt: float = threshold(
        0.8,
        unit="share of the way from guessing to perfect recall",
        because="a model that answers all classes was not harmed",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject) or not one_answer(subject):
            return
        last = subject.last("", ImageAudit, "", Clock.INLINE)
        seen = last.value if last else None
        if seen is None or not seen.shuffled_entropy > 0:
            yield Unjudged("", "the labels of training batches, in their order")
            return
        spread = max(seen.label_entropy_spread, 1e-3 * seen.shuffled_entropy)
        p = _tail((seen.shuffled_entropy - seen.label_entropy) / spread)
        if not seen.label_entropy < self.min_entropy * seen.shuffled_entropy:
            yield Healthy("", p_value=p)
            return
        evidence = FewClasses(
            seen.label_entropy,
            seen.shuffled_entropy,
            seen.single_class_batches,
            self.min_entropy,
        )
        score = training_score(subject)
        harmed = score is not None and score.skill < self.learnt
        yield Suspicion("", Severity.WARNING, evidence, step=0, evident=harmed, p_value=p)


def _tail(sigmas: float) -> float:
    """Probability of so many standard deviations or more by chance; 1 where they are not known."""
    from scipy.stats import norm

    return float(norm.sf(sigmas)) if np.isfinite(sigmas) else 1.0
