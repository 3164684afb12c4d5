"""S16 minority-weakness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ClassResponse, Features
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.classwise import (
    HELD_OUT,
    Ints,
    Shown,
    answered,
    better_than_chance,
    half_as_good,
    images_per_class,
    labels_of_probe,
    penultimate,
)
from snellen.symptoms.phases import Phase
from snellen.symptoms.probing import chosen, out_of_fold
from snellen.symptoms.structure import head, part_of
from snellen.symptoms.wording import count, percent

SETS = ("", HELD_OUT)
LEAST_SKILL = 0.3
"""Share of the class's images a probe names, less that of the others' it names wrongly, from which
on it knows the class."""


@dataclass(frozen=True)
class Weakness:
    """A rare class that the network misses, and what its maps say about why."""

    class_number: int
    share: float
    """Share of the training images that are of this class."""
    training_images: int
    """Training images of the class that were counted."""
    found: int
    """Images of the class answered rightly, of `images`."""
    images: int
    held_out: bool
    """These are held-out images; else training images of the probe."""
    others: float
    """Median recall of the other classes on the same set."""
    training_recall: float
    """Recall of the class on the training images of the probe; NaN where there are none."""
    separable: float
    """Its recall under a class-balanced linear probe of the last hidden layer, out of fold; NaN
    where it could not be fitted. `separable_others`: the median of the other classes."""
    separable_others: float
    strength: float
    """Mean magnitude of that layer's maps for the class over that for the others; NaN unknown."""
    strength_before: float
    """The same before training."""
    fault: str
    """`head`, `scarcity`, `features`, or empty where that can't be told."""
    p_value: float
    allowed: float

    def sentence(self) -> str:
        which = "held-out" if self.held_out else "training"
        return (
            f"class {self.class_number}, {percent(self.share)} of what was trained on, is found in "
            f"{self.found} of {self.images} {which} images, other classes in "
            f"{percent(self.others)} (allowed: {percent(self.allowed)} of that)"
            f"{self._why()}"
        )

    def _why(self) -> str:
        match self.fault:
            case "head":
                return (
                    f"; its maps tell it apart (a balanced probe finds "
                    f"{percent(self.separable)}): the decision is at fault"
                )
            case "scarcity" if not self.training_recall >= 0.5:
                return f"; it had {count(self.training_images, 'image')} to learn from"
            case "scarcity":
                return (
                    f"; of its training images {percent(self.training_recall)} are found: too few "
                    "to learn from"
                )
            case "features" if self.strength < 0.5 * self.strength_before:
                return (
                    f"; its maps are weak ({percent(self.strength)} of the others', "
                    f"{percent(self.strength_before)} before training)"
                )
            case "features":
                return (
                    f"; its maps don't tell it apart (a balanced probe finds "
                    f"{percent(self.separable)}, of others {percent(self.separable_others)})"
                )
            case _:
                return ""


@dataclass(frozen=True)
class MinorityWeakness(Symptom):
    """A rare class that the trained network does not find.

    ## What it finds
    A class with at most half as many training images as the other classes have on average, whose
    recall is below half of the other classes' median: on training images, on the script's own
    held-out images, or both (exact binomial test over all rare classes). Then it says where the
    fault lies. If a class-balanced linear probe of the last hidden layer finds the class nearly as
    well as the others, the maps are sound and the *decision* is at fault. If the class is found on
    training images but not on held-out ones, or has fewer than ten, it is *scarcity*. Else its
    *features* are at fault; their strength is compared with that before training.

    ## Why it matters
    Accuracy hides it: nine images of ten can be right with the tenth class never answered.

    ## Common causes
    A loss that weighs each image alike, so that the rare class is cheapest to ignore; a threshold
    of one half; too few images of the class; labels or images of the class that are wrong.

    ## What looks similar
    It is a common belief that a rare class has weak maps. Measured, a class with one image for a
    hundred had maps 0.83 times as strong as the others', balanced or not, and a balanced probe
    found 87% to 94% of it: the decision is what fails first. A class may be hard without being
    rare. A 3:1 imbalance usually does no harm.

    ## Example
    30 images of most digits and one of two digits: recall 0 for the two, though a balanced probe on
    the frozen features finds them.

    ## References
    - Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, 2020,
      https://arxiv.org/abs/1910.09217
    - Fang et al., Exploring deep neural networks via layer-peeled model: Minority collapse, 2021,
      https://arxiv.org/abs/2101.12699
    - Menon et al., Long-tail learning via logit adjustment, 2021, https://arxiv.org/abs/2007.07314
    """

    code = "S16"
    name = "minority-weakness"
    since = "0.1"
    reads = (Features, ClassResponse)
    phases = frozenset({Phase.EARLY, Phase.LATE})

    rare: float = threshold(
        0.5,
        unit="of the other classes' mean number of images",
        because="classes of nearly equal size differ in recall for other reasons",
    )
    max_recall: float = threshold(
        0.5, unit="of the other classes' median recall", because="found half as often as the others"
    )
    proposed: float = threshold(
        0.2, unit="p-value", because="what is less unlikely is not put to the gates"
    )
    scarce: int = threshold(
        10, unit="training images of a class", because="too few to ask a probe how well it is known"
    )
    separable: float = threshold(
        0.8,
        unit="of the other classes' recall under a balanced probe",
        because="as good as the others but for what the few images cost",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        counts = images_per_class(subject)
        if counts is None:
            return
        rare = [k for k in range(len(counts)) if self._rare(counts, k)]
        sets = {part: shown for part in SETS if (shown := answered(subject, part)) is not None}
        if not rare:
            yield Healthy("")
            return
        if not sets:
            yield Unjudged("", "the model's answers for labelled images")
            return
        tests = list(_tests(sets, rare, len(counts)))
        if not tests:
            yield Unjudged("", "answers for images of the rare classes by a network that learnt")
            return
        p, k, part = min(tests)
        # The worst of several tests: Bonferroni.
        p = min(1.0, p * len(tests))
        shown = sets[part]
        recall = int(shown.right[k]) / int(shown.present[k])
        if recall >= self.max_recall * shown.others(k) or p >= self.proposed:
            yield Healthy("", at=shown.step, p_value=p)
            return
        evidence = self._evidence(subject, counts, sets, k, part, p)
        yield Suspicion(
            _place(subject, evidence.fault),
            Severity.WARNING,
            evidence,
            step=shown.step,
            evident=True,
            at=shown.step,
            p_value=p,
        )

    def _rare(self, counts: Ints, k: int) -> bool:
        others = np.delete(counts, k)
        return 0 < counts[k] <= self.rare * float(others.mean())

    def _evidence(
        self, subject: Subject, counts: Ints, sets: dict[str, Shown], k: int, part: str, p: float
    ) -> Weakness:
        training = sets.get("")
        recall = _recall(training, k) if training else float("nan")
        separable, others, tells = _separability(subject, k)
        learnt = training is not None and recall >= self.max_recall * training.others(k)
        if part == HELD_OUT and learnt:
            fault = "scarcity"
        elif not np.isfinite(separable):
            fault = "scarcity" if counts[k] < self.scarce else ""
        elif tells and separable >= self.separable * others:
            fault = "head"
        else:
            fault = "features"
        strength, before = _strength(subject, k)
        shown = sets[part]
        return Weakness(
            class_number=k,
            share=float(counts[k] / counts.sum()),
            training_images=int(counts[k]),
            found=int(shown.right[k]),
            images=int(shown.present[k]),
            held_out=part == HELD_OUT,
            others=shown.others(k),
            training_recall=recall,
            separable=separable,
            separable_others=others,
            strength=strength,
            strength_before=before,
            fault=fault,
            p_value=p,
            allowed=self.max_recall,
        )


def _tests(
    sets: dict[str, Shown], rare: list[int], classes: int
) -> Iterator[tuple[float, int, str]]:
    """p-value, class and set of each comparison that can be made."""
    for part, shown in sets.items():
        for k in rare:
            if k >= len(shown.present) or not better_than_chance(shown.others(k), classes):
                continue
            p = half_as_good(shown, k)
            if np.isfinite(p):
                yield p, k, part


def _recall(shown: Shown, k: int) -> float:
    known = k < len(shown.present) and shown.present[k] > 0
    return float(shown.right[k] / shown.present[k]) if known else float("nan")


def _separability(subject: Subject, k: int) -> tuple[float, float, bool]:
    """Recall of class `k` and median recall of the others under a balanced probe of the last hidden
    layer, and whether the probe knows the class better than by chance."""
    none = (float("nan"), float("nan"), False)
    for layer in penultimate(subject):
        entry = subject.last(layer.name, Features, part_of(layer))
        labels = labels_of_probe(subject, len(entry.value.scores)) if entry else None
        if entry is None or labels is None:
            continue
        answers = chosen(out_of_fold(entry.value.scores, labels, balanced=True))
        known = answers >= 0
        own, rest = known & (labels == k), known & (labels != k)
        if not own.any() or not rest.any():
            continue
        recalls = [
            float((answers == c)[known & (labels == c)].mean())
            for c in np.unique(labels[rest]).tolist()
        ]
        hits, wrongly = int((answers == k)[own].sum()), int((answers == k)[rest].sum())
        table = [[hits, int(own.sum()) - hits], [wrongly, int(rest.sum()) - wrongly]]
        stats: Any = import_module("scipy.stats")
        p = float(stats.fisher_exact(table, alternative="greater")[1])
        known_by = hits / int(own.sum()) - wrongly / int(rest.sum())
        told = p < 0.01 and known_by >= LEAST_SKILL
        return hits / int(own.sum()), float(np.median(recalls)), told
    return none


def _strength(subject: Subject, k: int) -> tuple[float, float]:
    """Mean magnitude of the last hidden layer's maps for class `k` over that for the other classes,
    at the last look and before training; NaN where unknown."""
    for layer in penultimate(subject):
        history = subject.history(layer.name, ClassResponse, part_of(layer))
        if history:
            first, last = history[0], history[len(history) - 1]
            before = first.value if first.step == 0 and len(history) > 1 else None
            return _relative(last.value, k), _relative(before, k)
    return float("nan"), float("nan")


def _relative(seen: ClassResponse | None, k: int) -> float:
    if seen is None or k >= len(seen.images) or not np.isfinite(seen.magnitudes).all():
        return float("nan")
    total = seen.magnitudes.mean(axis=1)
    others = np.arange(len(total)) != k
    n, rest = int(seen.images[k]), int(seen.images[others].sum())
    reference = float(total[others].sum()) / rest if rest else 0.0
    return float(total[k]) / n / reference if n and reference > 0 else float("nan")


def _place(subject: Subject, fault: str) -> str:
    if fault == "head":
        last = head(subject)
        return last.name if last else ""
    if fault == "features":
        return next((x.name for x in penultimate(subject)), "")
    return ""
