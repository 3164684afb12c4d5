"""S46 trivial-predictor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Entry, Subject
from snellen.stats import Predictions, TargetKind, Targets
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.outcome import end_of, macro_recall, training_loss, yardstick
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import head
from snellen.symptoms.wording import amount, percent


@dataclass(frozen=True)
class SameAnswer:
    """One class chosen for (nearly) every image."""

    share: float
    """Share of the images for which the class was chosen."""
    chosen: int
    present: float
    """Share of the images that are of this class."""
    images: int
    macro_recall: float
    chance: float
    allowed: float

    def sentence(self) -> str:
        return (
            f"class {self.chosen} was chosen for {percent(self.share)} of {self.images} probe "
            f"images, "
            f"{percent(self.present)} of which are of that class (allowed: "
            f"{percent(self.allowed)}); macro "
            f"recall is {self.macro_recall:.2f}, guessing gives {self.chance:.2f}"
        )


@dataclass(frozen=True)
class ConstantOutput:
    """Outputs that do not depend on the image."""

    deviation: float
    """Largest standard deviation of an output over images."""
    scale: float
    """What it is compared with: the range of the mean outputs, or the spread of the targets."""
    images: int
    loss: float
    prior_loss: float
    allowed: float

    def sentence(self) -> str:
        loss = (
            f"; the loss is {amount(self.loss)}, guessing the prior gives {amount(self.prior_loss)}"
            if np.isfinite(self.prior_loss) and np.isfinite(self.loss)
            else ""
        )
        return (
            f"the outputs vary by a standard deviation of at most {amount(self.deviation)} over "
            f"{self.images} probe images, {amount(self.deviation / self.scale)} of their range "
            f"(allowed: at "
            f"least {amount(self.allowed)}){loss}"
        )


@dataclass(frozen=True)
class TrivialPredictor(Symptom):
    """A network that answers the same whatever the image.

    ## What it finds
    Networks that choose one class for more than 95% of the probe's images while no recall above
    guessing comes of it, or whose outputs hardly vary over images while the loss is that of the
    best constant guess.

    ## Why it matters
    Accuracy hides it: with nine of ten images in one class, always naming that class is 90% right.
    The network has learnt the class shares and nothing of the images.

    ## Common causes
    It is where many faults end: dead or constant maps, labels without signal, imbalance at the
    decision threshold, regularisation that wins. Look at the findings in the layers before.

    ## What looks similar
    In the first steps every network answers the same, so it is judged after the warm-up. Where
    nearly all images are of one class, a good network chooses it often: it is told by the recall of
    the other classes. Detectors of rare things with many yes-or-no outputs are mostly "no" and are
    not judged.

    ## Example
    One sigmoid output, 90 images of one class and 10 of the other, ten epochs: accuracy 0.90,
    recall of the rare class 0.

    ## References
    - Menon et al., Long-tail Learning via Logit Adjustment, 2020, https://arxiv.org/abs/2007.07314
    - Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, 2019,
      https://arxiv.org/abs/1910.09217
    """

    code = "S46"
    name = "trivial-predictor"
    since = "0.1"
    reads = (Predictions, Targets)
    phases = frozenset({Phase.EARLY, Phase.LATE})
    min_images = 50

    max_share: float = threshold(
        0.95,
        unit="share of images for which one class is chosen",
        because="a probe with every class in it leaves hardly another reason",
    )
    min_variation: float = threshold(
        1e-2,
        unit="deviation over images, as a share of the outputs' range",
        because="a hundredth of what tells the classes apart",
    )
    near_prior: float = threshold(
        0.95,
        unit="loss over the prior loss",
        because="within 5% of the loss of the best constant guess",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        final = head(subject)
        place = final.name if final else ""
        seen = subject.last("", Predictions)
        if seen is None or not seen.value.images:
            if final is not None:
                yield Unjudged(place, "the model's answers for the probe")
            return
        evidence = self._same_answer(subject, seen.value) or self._constant(subject, seen.value)
        if evidence is None:
            yield Healthy(place, seen.value.images, seen.step)
            return
        yield Suspicion(
            place,
            Severity.WARNING,
            evidence,
            step=self._onset(subject, seen),
            images=seen.value.images,
            at=seen.step,
        )

    def _same_answer(self, subject: Subject, seen: Predictions) -> SameAnswer | None:
        recall = macro_recall(subject)
        if recall is None or not recall.at_chance:
            return None
        total = int(seen.chosen.sum())
        chosen = int(seen.chosen.argmax())
        share = float(seen.chosen[chosen]) / total if total else 0.0
        present = float(seen.present[chosen]) / max(int(seen.present.sum()), 1)
        if share <= self.max_share or present >= 1:
            return None
        return SameAnswer(
            share, chosen, present, seen.images, recall.value, recall.chance, self.max_share
        )

    def _constant(self, subject: Subject, seen: Predictions) -> ConstantOutput | None:
        if not len(seen.output_std) or not np.isfinite(seen.output_std).all():
            return None
        scale = _scale(subject, seen)
        deviation = float(seen.output_std.max())
        if not scale > 0 or deviation >= self.min_variation * scale:
            return None
        loss, prior = end_of(training_loss(subject), subject), yardstick(subject).prior
        if np.isfinite(prior) and np.isfinite(loss) and loss < self.near_prior * prior:
            return None
        return ConstantOutput(deviation, scale, seen.images, loss, prior, self.min_variation)

    def _onset(self, subject: Subject, last: Entry[Predictions]) -> int:
        """The check from which on one class was chosen as often, or the outputs varied as
        little."""
        step = last.step
        for entry in reversed(subject.history("", Predictions)):
            total = int(entry.value.chosen.sum())
            often = total > 0 and entry.value.chosen.max() > self.max_share * total
            scale = _scale(subject, entry.value)
            deviation = entry.value.output_std.max(initial=0.0)
            if not often and not deviation < self.min_variation * scale:
                break
            step = entry.step
        return step


def _scale(subject: Subject, seen: Predictions) -> float:
    """What the outputs' variation is compared with; NaN when nothing fits."""
    labels = subject.last("", Targets, "", Clock.INLINE)
    kind = labels.value.kind if labels else TargetKind.NONE
    if labels and kind == TargetKind.REGRESSION:
        spread = np.sqrt(labels.value.spread / max(labels.value.units, 1))
        return float(spread.mean()) if len(spread) == len(seen.output_std) else float("nan")
    if kind in (TargetKind.NONE, TargetKind.SEGMENTATION):
        return float("nan")
    if len(seen.output_mean) > 1:
        return float(np.ptp(seen.output_mean))
    return float(np.abs(seen.output_mean).max(initial=0.0))
