"""S54 class-imbalance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ImageAnswers, Targets
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import HELD_OUT, answers, class_counts
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import percent

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Unbalanced:
    """How unequal the classes are, and what becomes of the rare ones."""

    rare: int
    """The rarest class."""
    fewest: int
    """Its images, of those seen."""
    common: int
    most: int
    suffering: tuple[int, ...]
    """Rare classes that are answered much worse than others; empty where none is."""
    recall: float
    """Share of their images that is answered rightly; NaN where none suffers."""
    others: float
    """Median recall of the other classes."""
    on: str
    """`training` or `held-out`: the images answered."""
    allowed: float

    def sentence(self) -> str:
        seen = (
            f"{self.most} training images are of class {self.common} and {self.fewest} of class "
            f"{self.rare}, {self.most / max(self.fewest, 1):.0f} to 1 (allowed: "
            f"{self.allowed:g} to 1)"
        )
        if not self.suffering:
            return seen
        more = "es " if len(self.suffering) > 1 else " "
        which = "class" + more + ", ".join(map(str, self.suffering[:5]))
        return (
            f"{percent(self.recall)} of the {self.on} images of {which} are answered rightly, of "
            f"other classes {percent(self.others)}; {seen}"
        )


@dataclass(frozen=True)
class ClassImbalance(Symptom):
    """Classes that come so rarely in training that the model does not answer them.

    ## What it finds
    Classes with far fewer training images than the commonest one. A warning where the model answers
    images of the rare classes clearly less than half as often rightly as those of others; a note
    where it does not.

    ## Why it matters
    Accuracy hides it: the rare class hardly counts. Often the maps are sound and only the
    decision leans to the common classes, which is cheap to mend.

    ## Common causes
    Data as they come: few defects among many good parts. A filter or a split that took most images
    of a class away.

    ## What looks similar
    A rare class may be answered badly because it is hard, or because its few images do not show
    what it looks like: more images help, weighing does not. Sampling that balances classes leaves
    balanced batches, which are what is counted here. Positions in segmentation, and outputs that
    say yes rarely, are not judged.

    ## Example
    990 images of good parts and 10 of broken ones: an accuracy of 99% and no broken part found.

    ## References
    - Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, 2020,
      https://arxiv.org/abs/1910.09217
    - Menon et al., Long-tail Learning via Logit Adjustment, 2021, https://arxiv.org/abs/2007.07314
    """

    code = "S54"
    name = "class-imbalance"
    since = "0.1"
    reads = (Targets, ImageAnswers)

    max_ratio: float = threshold(
        10.0,
        unit="images of the commonest class over those of the rarest",
        because="below it nets on digits answered all classes alike",
    )
    harmful_ratio: float = threshold(
        4.0,
        unit="the same, where the rare class is answered badly",
        because="three to one is answered well in the gallery",
    )
    min_recall: float = threshold(
        0.5,
        unit="recall of rare classes over the median recall of the others",
        because="classes differ in difficulty, by less than half",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        counts = class_counts(subject)
        present = np.flatnonzero(counts > 0)
        if len(present) < 2:
            return
        if counts.sum() < 50:
            yield Unjudged("", f"{50 - int(counts.sum())} more labels")
            return
        ratios = np.where(counts > 0, counts.max() / np.maximum(counts, 1), 0.0)
        rare = np.flatnonzero(ratios >= self.harmful_ratio)
        suffering = self._suffering(subject, rare, present) if len(rare) else None
        if suffering is not None:
            evidence = self._evidence(counts, *suffering, allowed=self.harmful_ratio)
            yield Suspicion("", Severity.WARNING, evidence, evident=True)
        elif float(ratios.max()) >= self.max_ratio:
            nothing = ((), float("nan"), float("nan"), "training")
            evidence = self._evidence(counts, *nothing, allowed=self.max_ratio)
            yield Suspicion("", Severity.NOTE, evidence)
        else:
            yield Healthy("")

    def _suffering(
        self, subject: Subject, rare: Counts, present: Counts
    ) -> tuple[tuple[int, ...], float, float, str] | None:
        """Rare classes answered badly, their recall, that of the others, and on which images."""
        others = np.setdiff1d(present, rare)
        for part, name in ((HELD_OUT, "held-out"), ("", "training")):
            seen = answers(subject, part)
            if seen is None:
                continue
            usual = _recalls(seen, others)
            # Where the common classes fail too, the fault is not that the others are rare.
            median = float(np.median(usual)) if len(usual) else 0.0
            of_rare = np.isin(seen.label, rare)
            if of_rare.sum() < 5 or median < 0.5:
                continue
            right = seen.chosen[of_rare] == seen.label[of_rare]
            if _upper(int(right.sum()), len(right)) < self.min_recall * median:
                worst = [k for k in rare if _is_low(seen, k, self.min_recall * median)]
                return tuple(int(k) for k in worst), float(right.mean()), median, name
        return None

    def _evidence(
        self,
        counts: Counts,
        suffering: tuple[int, ...],
        recall: float,
        others: float,
        on: str,
        *,
        allowed: float,
    ) -> Unbalanced:
        rare = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
        common = int(counts.argmax())
        return Unbalanced(
            rare,
            int(counts[rare]),
            common,
            int(counts[common]),
            suffering,
            recall,
            others,
            on,
            allowed,
        )


def _recalls(seen: ImageAnswers, classes: Counts) -> npt.NDArray[np.float64]:
    found = [seen.chosen[seen.label == k] == k for k in classes if (seen.label == k).any()]
    return np.array([float(x.mean()) for x in found])


def _is_low(seen: ImageAnswers, k: int, limit: float) -> bool:
    of = seen.label == k
    return bool(of.any()) and float((seen.chosen[of] == k).mean()) < limit


def _upper(right: int, images: int) -> float:
    """Upper end of the 95% confidence interval of a share (Wilson 1927)."""
    z = 1.96
    middle = right + z * z / 2
    half = z * np.sqrt(right * (images - right) / images + z * z / 4)
    return float((middle + half) / (images + z * z))
