"""S40 constant-or-duplicate-images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import gap, one_answer, training_score
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Unusable:
    """Images that hold nothing, or nothing new."""

    problem: str
    """`blank`, `contradictory`, `copies` or `repeated batches`."""
    share: float
    """Of the images examined, or of batches."""
    examined: int
    """Images, or batches."""
    allowed: float

    def sentence(self) -> str:
        seen = {
            "blank": f"{percent(self.share)} of {self.examined} training images are blank: "
            "hardly any contrast beside the others",
            "contradictory": f"{percent(self.share)} of {self.examined} training images are copies "
            "of an earlier one that had another label",
            "copies": f"{percent(self.share)} of {self.examined} images in one pass over the "
            "training data are copies of an earlier one, bit by bit",
            "repeated batches": f"{percent(self.share)} of {self.examined} batches in one pass "
            "hold only images of an earlier batch",
        }[self.problem]
        return f"{seen} (allowed: {percent(self.allowed)})"


@dataclass(frozen=True)
class ConstantOrDuplicateImages(Symptom):
    """Training images that are blank, or copies of one another.

    ## What it finds
    Over the first pass through the training data, as the model gets it: images without any
    contrast; images that are bit by bit an earlier one, above all where the two have different
    labels; and whole batches that come again.

    ## Why it matters
    A blank image teaches nothing but the share of its class. Two labels for one image can't both be
    learnt. Copies make a data set look larger than it is, and leak into held-out images when it
    is split.

    ## Common causes
    Files that failed to load and were replaced by zeros; a mask or a crop beside the object; a
    normalisation that divides by zero; data set parts joined twice; workers of a loader that share
    one random seed.

    ## What looks similar
    Drawing with replacement, as to balance classes, repeats images on purpose: copies alone are a
    warning only where the training is harmed, or held-out images are answered much worse. Empty
    tiles in segmentation or in an auto-encoder may be meant. Training on one batch again and again,
    as a test, repeats batches.

    ## Example
    A loader that returns `np.zeros((64, 64))` for every file it can't decode.

    ## References
    - Barz & Denzler, Do We Train on Test Data?, 2020, https://arxiv.org/abs/1902.00423
    """

    code = "S40"
    name = "constant-or-duplicate-images"
    since = "0.1"
    reads = (ImageAudit,)

    max_blank: float = threshold(
        0.01, unit="share of images", because="one image in a hundred is a fault of loading"
    )
    mostly_blank: float = threshold(
        0.5, unit="share of images", because="most of the training sees nothing"
    )
    learnt: float = threshold(
        0.8,
        unit="share of the way from guessing to perfect recall",
        because="a model that answers nearly all images was not harmed",
    )
    max_contradictory: float = threshold(
        0.01, unit="share of images", because="more than the slips of careful labelling"
    )
    max_copies: float = threshold(
        0.5,
        unit="share of images",
        because="drawing with replacement repeats 37%, and more where it balances classes",
    )
    max_repeated_batches: float = threshold(
        0.25, unit="share of batches", because="a pass over the data repeats none"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        last = subject.last("", ImageAudit, "", Clock.INLINE)
        if last is None or not last.value.images:
            yield Unjudged("", "a look at the training images")
            return
        yield self._judged(last.value, subject) or Healthy("")

    def _judged(self, seen: ImageAudit, subject: Subject) -> Suspicion | None:
        n = seen.images
        blank, classes = seen.blank / n, one_answer(subject)
        if blank >= self.mostly_blank and n >= 8:
            learnt = training_score(subject)
            harm = classes and (learnt is None or learnt.skill < self.learnt)
            return _suspicion("blank", blank, n, self.mostly_blank, Severity.ERROR, harm)
        conflict = seen.conflicting / n
        if classes and seen.conflicting >= 3 and conflict > self.max_contradictory:
            return _suspicion("contradictory", conflict, n, self.max_contradictory, evident=True)
        if seen.blank >= 3 and blank > self.max_blank:
            return _suspicion("blank", blank, n, self.max_blank)
        again = seen.repeated_batches / max(seen.batches, 1)
        if seen.batches >= 8 and again > self.max_repeated_batches:
            return _suspicion("repeated batches", again, seen.batches, self.max_repeated_batches)
        # −1: the length of a pass is not known, so copies may be those of the next one.
        copies = max(seen.duplicates, 0) / n
        if n >= 50 and copies > self.max_copies:
            between = gap(subject, at_least=50)
            evident = between is not None and between.surely > 0.1
            return _suspicion("copies", copies, n, self.max_copies, evident=evident)
        return None


def _suspicion(
    problem: str,
    share: float,
    examined: int,
    allowed: float,
    severity: Severity = Severity.WARNING,
    evident: bool = False,
) -> Suspicion:
    evidence = Unusable(problem, share, examined, allowed)
    return Suspicion("", severity, evidence, step=0, evident=evident)
