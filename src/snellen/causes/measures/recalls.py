"""How well training and held-out images were answered, in all and class by class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.causes.measures.labels import classes
from snellen.record import HELD_OUT
from snellen.symptoms.answers import Gap, Score, answers, score
from snellen.symptoms.answers import gap as gap_of
from snellen.symptoms.wording import percent

FEW_TO_ONE = 4.0
"""Images of the commonest class for one of a class that counts as rare."""


@lru_cache(maxsize=8)
def gap(case: Case) -> Gap | None:
    """Macro recall on training images against held-out ones; `None` without 20 of the latter."""
    return gap_of(case.subject, at_least=20)


@lru_cache(maxsize=8)
def training_score(case: Case) -> Score | None:
    """Macro recall on training images at the end, in evaluation mode."""
    seen = answers(case.subject)
    return None if seen is None else score(seen)


def both(between: Gap) -> str:
    """`recall is 1.00 on training images and 0.74 on 320 held-out ones (guessing: 0.10)`."""
    return (
        f"recall is {between.training.value:.2f} on training images and "
        f"{between.held_out.value:.2f} on {between.held_out.images} held-out ones (guessing: "
        f"{between.held_out.chance:.2f})"
    )


@dataclass(frozen=True)
class Rare:
    """How the rare classes were answered, next to the others."""

    classes: tuple[int, ...]
    """Those with at most a quarter of the images of the commonest one."""
    recall: float
    """Share of their images answered rightly."""
    images: int
    others: float
    """Median recall of the other classes."""
    on: str
    """`training` or `held-out`."""

    @property
    def missed(self) -> bool:
        """The others are answered, these less than half as often."""
        return self.others >= 0.5 and self.recall < 0.5 * self.others


@lru_cache(maxsize=8)
def rare(case: Case, part: str = "") -> Rare | None:
    """`part` is empty for training images, or `held-out`. `None` where no class is rare, or fewer
    than three images of rare classes were answered."""
    counted = classes(case)
    seen = answers(case.subject, part)
    if counted is None or seen is None:
        return None
    few = np.flatnonzero(
        (counted.counts > 0) & (counted.counts * FEW_TO_ONE <= counted.counts.max())
    )
    of_rare = np.isin(seen.label, few)
    rest = np.unique(seen.label[~of_rare])
    if of_rare.sum() < 3 or not len(rest):
        return None
    right = seen.chosen == seen.label
    others = float(np.median([right[seen.label == k].mean() for k in rest]))
    on = "held-out" if part == HELD_OUT else "training"
    return Rare(
        tuple(int(k) for k in few), float(right[of_rare].mean()), int(of_rare.sum()), others, on
    )


@dataclass(frozen=True)
class Leaning:
    """How often the commonest class was answered."""

    label: int
    chosen: float
    """Share of the probe's images for which it was chosen."""
    present: float
    """Share of them that are of this class."""


@lru_cache(maxsize=8)
def leaning(case: Case) -> Leaning | None:
    """`None` where no class is clearly the commonest (twice the median of the others)."""
    counted, seen = classes(case), answers(case.subject)
    if counted is None or seen is None:
        return None
    top = int(counted.counts.argmax())
    others = np.delete(counted.counts, top)
    if counted.counts[top] < 2 * float(
        np.median(others[others > 0], axis=0) if others.any() else 0
    ):
        return None
    return Leaning(top, float((seen.chosen == top).mean()), float((seen.label == top).mean()))


@dataclass(frozen=True)
class Confusions:
    """Where wrong answers on held-out images go."""

    errors: int
    favourite: float
    """Share of them that fall into the one class that images of their class are most often taken
    for."""


@lru_cache(maxsize=8)
def confusions(case: Case) -> Confusions | None:
    """`None` for fewer than four classes or 20 errors, and where most classes are not learnt (a
    model that always answers alike has a favourite, too)."""
    between, seen = gap(case), answers(case.subject, HELD_OUT)
    if between is None or seen is None or between.held_out.skill < 0.4:
        return None
    wrong = seen.chosen != seen.label
    present = np.unique(seen.label)
    if len(present) < 4 or wrong.sum() < 20:
        return None
    into = [np.bincount(seen.chosen[wrong & (seen.label == k)], minlength=1).max() for k in present]
    return Confusions(int(wrong.sum()), float(np.sum(into) / wrong.sum()))


@dataclass(frozen=True)
class Pairs:
    """Classes each of which is most often taken for the other."""

    paired: int
    """Classes in such a pair."""
    classes: int
    errors: int
    share: float
    """Share of all errors that fall within a pair."""
    right: float
    """Answers within a pair that are right: 0.5 where the two are not told apart, near 0 where
    their names were exchanged."""

    @property
    def all_in_pairs(self) -> bool:
        """Nearly every class has a partner, and errors hardly go anywhere else."""
        return self.paired >= 0.8 * self.classes and self.share > 0.65 and self.right > 0.25


def told(seen: Pairs) -> str:
    """`4 of 4 classes are in pairs taken for each other: 98% of 120 errors; ...`."""
    return (
        f"{seen.paired} of {seen.classes} classes are in pairs that are taken for each other, with "
        f"{percent(seen.share)} of {seen.errors} errors on held-out images; within the pairs "
        f"{percent(seen.right)} of the answers are right"
    )


@lru_cache(maxsize=8)
def pairs(case: Case) -> Pairs | None:
    """Of the answers for held-out images; `None` for fewer than four classes or 20 errors."""
    seen = answers(case.subject, HELD_OUT)
    if seen is None:
        return None
    present = np.unique(seen.label)
    size = int(max(seen.label.max(), seen.chosen.max())) + 1
    table = np.zeros((size, size), np.int64)
    np.add.at(table, (seen.label, seen.chosen), 1)
    wrong = table - np.diag(np.diag(table))
    if len(present) < 4 or wrong.sum() < 20:
        return None
    favourite = wrong.argmax(axis=1)
    both_ways = [
        k for k in present if wrong[k, favourite[k]] and wrong[favourite[k], k]
        if favourite[favourite[k]] == k
    ]  # fmt: skip
    within = sum(int(wrong[k, favourite[k]]) for k in both_ways)
    right = sum(int(table[k, k]) for k in both_ways)
    return Pairs(
        len(both_ways),
        len(present),
        int(wrong.sum()),
        within / int(wrong.sum()),
        right / max(1, right + within),
    )
