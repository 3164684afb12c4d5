"""S41 train-validation-mismatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import HeldOutAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import Gap, class_counts, gap
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount, count, percent


@dataclass(frozen=True)
class OtherImages:
    """Held-out images unlike the training images."""

    problem: str
    """`scale`, `look` or `classes`."""
    measured: tuple[float, ...]
    """`scale`: mean and deviation of held-out and of training images; `look`: AUC; `classes`: how
    many, and the share of held-out images in them."""
    images: int
    recall: float
    """Macro recall on held-out images, NaN where unknown; `training_recall` likewise."""
    training_recall: float
    allowed: float

    def sentence(self) -> str:
        seen = {"scale": self._scale, "look": self._look, "classes": self._classes}[self.problem]()
        harm = (
            f"; recall on them is {self.recall:.2f}, on training images {self.training_recall:.2f}"
            if np.isfinite(self.recall)
            else ""
        )
        return seen + harm

    def _scale(self) -> str:
        mean, deviation, training_mean, training_deviation = self.measured
        return (
            f"{self.images} held-out images have mean {amount(mean)} and deviation "
            f"{amount(deviation)}, training images {amount(training_mean)} and "
            f"{amount(training_deviation)} (allowed: a "
            f"difference of {amount(self.allowed)} × the latter)"
        )

    def _look(self) -> str:
        return (
            f"simple pixel statistics tell {self.images} held-out images from training images with "
            f"an AUC of {self.measured[0]:.2f} (allowed: {self.allowed:.2f})"
        )

    def _classes(self) -> str:
        number, share = self.measured
        return (
            f"{percent(share)} of {self.images} held-out images are of "
            f"{count(int(number), 'class').replace('classs', 'classes')} that training never showed"
            f" (allowed: {percent(self.allowed)})"
        )


@dataclass(frozen=True)
class TrainValidationMismatch(Symptom):
    """Held-out images of another kind than the training images.

    ## What it finds
    Held-out images in another range; images that a simple reader of pixel statistics tells from
    training images, while the model answers them much worse; and held-out images of classes that
    training never showed.

    ## Why it matters
    Such a set does not measure what the model learnt, and a model chosen by it is chosen by the
    difference. Where the model is used, the same difference may wait.

    ## Common causes
    Scaling or normalisation in one of two loaders; another source, camera or year; a split of
    sorted data without shuffling it.

    ## What looks similar
    Augmentation makes training images look different on purpose, and a good model answers held-out
    images as well or better: without worse answers nothing is reported. A model that learnt its
    training images by heart answers others worse though both look the same: see
    `memorisation`.

    ## Example
    Training images divided by 255, validation images not.

    ## References
    - Rabanser et al., Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift,
      2018, https://arxiv.org/abs/1810.11953
    """

    code = "S41"
    name = "train-validation-mismatch"
    since = "0.1"
    reads = (HeldOutAudit,)

    max_shift: float = threshold(
        1.0,
        unit="difference of the means (or of log₂ deviations), in training deviations",
        because="other images of the same kind differ by a tenth",
    )
    max_separability: float = threshold(
        0.65, unit="AUC", because="half is chance; brightness alone may give 0.6"
    )
    surely_separable: float = threshold(
        0.55, unit="AUC less 1.645 standard errors", because="more than chance in a small set"
    )
    min_gap: float = threshold(
        0.1,
        unit="macro recall on training images above that on held-out ones",
        because="a tenth of the images is harm",
    )
    max_unknown: float = threshold(
        0.05,
        unit="share of held-out images of classes never trained",
        because="slips of rare classes stay below",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        last = subject.last("", HeldOutAudit, "", Clock.INLINE)
        if last is None:
            return
        seen = last.value
        if seen.images < 20 or seen.training_images < 20:
            yield Unjudged("", f"{max(20 - seen.images, 20 - seen.training_images)} more images")
            return
        between = gap(subject, at_least=20)
        worse = between is not None and between.size > self.min_gap and between.surely > 0.05
        evidence = (
            self._classes(subject, seen, between)
            or self._scale(seen, between)
            or (self._look(seen, between) if worse else None)
        )
        if evidence is None or (between is not None and not worse):
            yield Healthy("")
        else:
            lost = between is not None and between.held_out.at_chance
            severity = Severity.ERROR if lost and evidence.problem == "scale" else Severity.WARNING
            yield Suspicion("", severity, evidence, evident=worse)

    def _scale(self, seen: HeldOutAudit, between: Gap | None) -> OtherImages | None:
        sizes = {len(x) for x in (seen.mean, seen.std, seen.training_mean, seen.training_std)}
        if len(sizes) > 1 or 0 in sizes:
            return None
        deviation = np.maximum(seen.training_std, 1e-300)
        with np.errstate(all="ignore"):
            shift = np.abs(seen.mean - seen.training_mean) / deviation
            stretch = np.abs(np.log2(np.maximum(seen.std, 1e-300) / deviation))
        # A channel without contrast in training has no unit to measure in.
        judged = (seen.training_std > 0) & np.isfinite(shift) & np.isfinite(stretch)
        beyond = np.where(judged, np.maximum(shift, stretch), 0.0)
        at = int(beyond.argmax())
        if not beyond[at] > self.max_shift:
            return None
        values = (seen.mean, seen.std, seen.training_mean, seen.training_std)
        measured = tuple(float(v[at]) for v in values)
        return self._evidence("scale", measured, seen, between, self.max_shift)

    def _look(self, seen: HeldOutAudit, between: Gap | None) -> OtherImages | None:
        sure = seen.separability - 1.645 * seen.separability_error
        if not (seen.separability > self.max_separability and sure > self.surely_separable):
            return None
        auc = (seen.separability,)
        return self._evidence("look", auc, seen, between, self.max_separability)

    def _classes(
        self, subject: Subject, seen: HeldOutAudit, between: Gap | None
    ) -> OtherImages | None:
        trained = class_counts(subject)
        unknown = _unknown(trained, seen.counts)
        share = float(seen.counts[unknown].sum()) / max(int(seen.counts.sum()), 1)
        if int(trained.sum()) < 100 or not share > self.max_unknown:
            return None
        measured = (float(unknown.sum()), share)
        return self._evidence("classes", measured, seen, between, self.max_unknown)

    def _evidence(
        self,
        problem: str,
        measured: tuple[float, ...],
        seen: HeldOutAudit,
        between: Gap | None,
        allowed: float,
    ) -> OtherImages:
        recall = between.held_out.value if between else float("nan")
        training = between.training.value if between else float("nan")
        return OtherImages(problem, measured, seen.images, recall, training, allowed)


def _unknown(
    trained: npt.NDArray[np.int64], held_out: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which classes of the held-out images training never showed."""
    if not len(trained):
        return np.zeros(len(held_out), np.bool_)
    known = np.zeros(len(held_out), np.int64)
    shared = min(len(trained), len(held_out))
    known[:shared] = trained[:shared]
    return (held_out > 0) & (known == 0)
