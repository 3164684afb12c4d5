"""What is known class by class: how many images there were, how many were answered rightly."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.core import Layer
from snellen.record import HELD_OUT as HELD_OUT
from snellen.record import Entry, Subject
from snellen.stats import ClassResponse, ImageAnswers, Predictions, Statistic
from snellen.symptoms.answers import class_counts
from snellen.symptoms.structure import feeds_head, hidden, part_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shown:
    """How a set of images was answered, class by class; both arrays have the shape `(classes,)`."""

    right: Ints
    present: Ints
    step: int

    def others(self, k: int) -> float:
        """Median recall of the classes other than `k` that are present; NaN without any."""
        kept = self.present > 0
        kept[k] = False
        return float(np.median(self.right[kept] / self.present[kept])) if kept.any() else np.nan


def images_per_class(subject: Subject) -> Ints | None:
    """Training images seen of each class, for one answer per image; `None` for other labels.

    A yes-or-no label makes two classes, no and yes.
    """
    counts = class_counts(subject)
    return counts if len(counts) > 1 else None


def answered(subject: Subject, part: str = "") -> Shown | None:
    """The last answers on the probe, or on the `HELD_OUT` images; `None` without classes."""
    entry: Entry[Predictions] | None = subject.last("", Predictions, part)
    if entry is None:
        return None
    seen = entry.value
    if len(seen.present) < 2 or len(seen.right) != len(seen.present):
        return None
    return Shown(seen.right, seen.present, entry.step)


def labels_of_probe(subject: Subject, images: int) -> Ints | None:
    """The classes of the probe's images, −1 where not known; `None` unless there are so many."""
    entry = subject.last("", ImageAnswers)
    if entry is None or len(entry.value.label) != images or not (entry.value.label >= 0).any():
        return None
    return entry.value.label


def penultimate(subject: Subject) -> tuple[Layer, ...]:
    """The layers that the heads read from; the last hidden one where that is not known."""
    layers = tuple(x for x in subject.layers if not x.head and feeds_head(subject, x))
    return layers or hidden(subject)[-1:]


def looked_at(subject: Subject, layer: Layer, kind: type[Statistic]) -> str:
    """The part of the layer that this statistic was taken of: `post` where there is one."""
    return "post" if subject.history(layer.name, kind, "post") else "pre"


def half_as_good(shown: Shown, k: int) -> float:
    """p-value of class `k` being answered as rarely as it was, if its recall were half of the
    median of the others' (exact binomial test); NaN where there is nothing to compare."""
    n, others = int(shown.present[k]), shown.others(k)
    if not n or not np.isfinite(others):
        return float("nan")
    special: Any = import_module("scipy.special")
    return float(special.bdtr(int(shown.right[k]), n, 0.5 * others))


def better_than_chance(others: float, classes: int) -> bool:
    """Whether a recall says that these classes were learnt at all."""
    return bool(others > 1.5 / max(classes, 1))


def class_share(subject: Subject, layer: Layer) -> float:
    """Share of the variance of the channels' answers that lies between classes, at the last
    look."""
    entry = subject.last(layer.name, ClassResponse, part_of(layer))
    if entry is None:
        return float("nan")
    seen = entry.value
    n = seen.images.astype(np.float64)
    kept = n > 0
    if kept.sum() < 2 or not np.isfinite([seen.sum, seen.squares]).all():
        return float("nan")
    total = float(n.sum())
    mean = seen.sum.sum(axis=0) / total
    spread = float((seen.squares.sum(axis=0) / total - mean**2).sum())
    means = seen.sum[kept] / n[kept, None]
    between = float((n[kept, None] * (means - mean) ** 2).sum() / total)
    return min(1.0, between / spread) if spread > 1e-12 * float((mean**2).sum()) > 0 else np.nan
