"""S42 leaked-images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import HeldOutAudit, ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class SeenBefore:
    """Held-out images that the model was trained on."""

    repeated: int
    """Held-out images that are training images."""
    images: int
    nearly: bool
    """Nearly the same, not bit by bit."""
    expected: float
    """Share of repeats that training images have among themselves."""
    training_images: int
    complete: bool
    """All training images were compared."""
    allowed: float

    def sentence(self) -> str:
        like = "nearly the same as" if self.nearly else "bit by bit"
        among = "" if self.complete else f" (of the first {self.training_images})"
        own = f", {percent(self.expected)} more than in training itself" if self.expected else ""
        return (
            f"{self.repeated} of {self.images} held-out images "
            f"({percent(self.repeated / self.images)}) are {like} training images{among} "
            f"(allowed: {percent(self.allowed)}{own})"
        )


@dataclass(frozen=True)
class LeakedImages(Symptom):
    """Held-out images that the model was trained on.

    ## What it finds
    Images among those the script evaluates the model on that are bit by bit training images, or so
    close that their difference hash (brightness steps on a small grid) nearly agrees, beyond what
    training images repeat among themselves.

    ## Why it matters
    A model may know them by heart. Its score on them says nothing of new images, and a model that
    memorises looks like one that learns.

    ## Common causes
    Splitting after augmenting or after drawing with replacement; several pictures of one object or
    patient on both sides; one index used for both sets.

    ## What looks similar
    Scripts also evaluate on their training images to print the training accuracy. Where all images
    evaluated are training images this is a note: no held-out images were seen. Images of few
    pixels or simple shapes repeat by themselves: repeats within training are allowed for.

    ## Example
    `train_test_split` on a data set in which each image stands three times.

    ## References
    - Barz & Denzler, Do We Train on Test Data?, 2020, https://arxiv.org/abs/1902.00423
    - Kapoor & Narayanan, Leakage and the Reproducibility Crisis in Machine-learning-based Science,
      2023, https://arxiv.org/abs/2207.07048
    """

    code = "S42"
    name = "leaked-images"
    since = "0.1"
    reads = (HeldOutAudit, ImageAudit)

    max_repeated: float = threshold(
        0.01,
        unit="share of held-out images, beyond repeats within training",
        because="careful sets hold fewer; CIFAR-10 has 3.3% near copies and was re-issued for it",
    )
    mostly: float = threshold(
        0.2, unit="share of held-out images", because="the score is then mostly of known images"
    )
    max_near: float = threshold(
        0.2,
        unit="share of held-out images nearly repeated, beyond training's own",
        because="hashes of plain images agree by chance, so more is asked for than of copies",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        last = subject.last("", HeldOutAudit, "", Clock.INLINE)
        if last is None:
            return
        if not last.value.images or not last.value.training_images:
            yield Unjudged("", "images that the script evaluates the model on")
            return
        yield self._exact(subject, last.value) or self._near(last.value) or Healthy("")

    def _exact(self, subject: Subject, seen: HeldOutAudit) -> Suspicion | None:
        own = _own_copies(subject)
        share = seen.repeated / seen.images
        if seen.repeated < 3 or not share - own > self.max_repeated:
            return None
        evidence = self._evidence(seen, seen.repeated, own, self.max_repeated, nearly=False)
        if share > 0.999 and seen.training_complete:
            # Training images evaluated as such, for the training accuracy.
            return Suspicion("", Severity.NOTE, evidence)
        severity = Severity.ERROR if share - own > self.mostly else Severity.WARNING
        return Suspicion("", severity, evidence, evident=True)

    def _near(self, seen: HeldOutAudit) -> Suspicion | None:
        found = seen.repeated + seen.near_repeated
        share = found / seen.images
        # Where training images resemble each other the hash is too coarse to tell anything.
        if seen.near_repeated < 10 or not seen.near_expected < 0.1:
            return None
        if not share - 3 * seen.near_expected > self.max_near:
            return None
        evidence = self._evidence(seen, found, seen.near_expected, self.max_near, nearly=True)
        return Suspicion("", Severity.WARNING, evidence, evident=True)

    def _evidence(
        self, seen: HeldOutAudit, repeated: int, own: float, allowed: float, *, nearly: bool
    ) -> SeenBefore:
        return SeenBefore(
            repeated,
            seen.images,
            nearly,
            own,
            seen.training_images,
            seen.training_complete,
            allowed,
        )


def _own_copies(subject: Subject) -> float:
    """Share of training images that are copies of another one."""
    audit = subject.last("", ImageAudit, "", Clock.INLINE)
    if audit is None or not audit.value.images:
        return 0.0
    return max(audit.value.duplicates, 0) / audit.value.images
