"""How many images there were, in all and of each class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from snellen.causes.case import Case
from snellen.record import Clock
from snellen.stats import Targets
from snellen.symptoms.answers import class_counts
from snellen.symptoms.phases import number


@dataclass(frozen=True)
class Classes:
    """Labels seen in training; each image once where its epochs are known."""

    counts: npt.NDArray[np.int64]
    """Shape `(classes,)`: images of each class; classes without any are among them."""

    @property
    def ratio(self) -> float:
        """Images of the commonest class over those of the rarest one that has any."""
        present = self.counts[self.counts > 0]
        return float(present.max() / present.min()) if len(present) else float("nan")

    @property
    def rarest(self) -> int:
        """Number of the rarest class that has any image."""
        present = np.where(self.counts > 0, self.counts, np.iinfo(np.int64).max)
        return int(present.argmin())

    @property
    def images(self) -> int:
        return int(self.counts.sum())


@lru_cache(maxsize=8)
def classes(case: Case) -> Classes | None:
    """`None` for labels that are not one class of several (a yes-or-no answer makes two)."""
    counts = class_counts(case.subject)
    return Classes(counts) if len(counts) > 1 else None


def training_images(case: Case) -> int | None:
    """Different images that the training showed; `None` where that is not known."""
    known = number(case.subject, "training_images")
    if known:
        return int(known)
    targets = case.subject.last("", Targets, "", Clock.INLINE)
    per_epoch, size = number(case.subject, "steps_per_epoch"), number(case.subject, "batch_size")
    if per_epoch and size:
        return int(per_epoch * size)
    return targets.value.images if targets is not None and targets.value.images else None
