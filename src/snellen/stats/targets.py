"""What the labels say: their kind, how often each class comes, and the loss of guessing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic


class TargetKind(StrEnum):
    CLASSES = "classes"
    """One class per image."""
    MULTI_LABEL = "multi-label"
    """Any number of classes per image, or one yes-or-no answer."""
    SEGMENTATION = "segmentation"
    """One class per position."""
    REGRESSION = "regression"
    NONE = "none"
    """No labels were seen."""


@dataclass(frozen=True, eq=False)
class Targets(Statistic):
    """Labels seen in training; `a + b` merges those of two batches."""

    name = "targets"

    kind: str
    """A `TargetKind`."""
    images: int
    units: int
    """Labels counted: images, positions for segmentation, images × outputs for multi-label."""
    counts: npt.NDArray[np.int64]
    """Shape `(classes,)`: labels per class; positives per output for multi-label; empty
    otherwise."""
    mean: npt.NDArray[np.float64]
    """Regression: mean per output (the last axis), otherwise empty."""
    spread: npt.NDArray[np.float64]
    """Regression: sum of squared deviations from that mean, otherwise empty."""
    sum_low: float = float("nan")
    sum_high: float = float("nan")
    """Least and greatest sum of one image's shares (or one position's) over the classes; NaN where
    labels are numbers of classes, or no classes at all."""
    blur: float = float("nan")
    """Mean entropy of these shares, in nats, smoothed as the loss smooths them: what a
    cross-entropy can't fall below. 0 for one-hot labels; NaN as above, and where they do not sum to
    1."""

    def __add__(self, other: Targets) -> Targets:
        if self.images == 0:
            return other
        if other.images == 0:
            return self
        if self.kind != other.kind:
            raise ValueError(f"{self.kind} and {other.kind} labels do not merge")
        size = max(len(self.counts), len(other.counts))
        counts = np.zeros(size, np.int64)
        counts[: len(self.counts)] += self.counts
        counts[: len(other.counts)] += other.counts
        units = self.units + other.units
        # Chan, Golub & LeVeque 1983: merging means and squared deviations without cancellation.
        shift = other.mean - self.mean
        mean = self.mean + shift * (other.units / units)
        spread = self.spread + other.spread + shift**2 * (self.units * other.units / units)
        return Targets(
            self.kind,
            self.images + other.images,
            units,
            counts,
            mean,
            spread,
            # Of NaN and a number, the number.
            float(np.fmin(self.sum_low, other.sum_low)),
            float(np.fmax(self.sum_high, other.sum_high)),
            (self.blur * self.units + other.blur * other.units) / max(units, 1),
        )

    @classmethod
    def none(cls) -> Targets:
        empty = np.zeros(0)
        return cls(TargetKind.NONE, 0, 0, np.zeros(0, np.int64), empty, empty)

    @classmethod
    def of_classes(cls, labels: npt.NDArray[Any], classes: int = 0) -> Targets:
        """Of integer labels `(images,)`, or `(images, *positions)` for segmentation; negative ones
        (ignored positions) are left out."""
        kind = TargetKind.CLASSES if labels.ndim == 1 else TargetKind.SEGMENTATION
        kept = labels[labels >= 0].astype(np.int64)
        counts = np.bincount(kept.ravel(), minlength=classes)
        return cls(kind, len(labels), int(counts.sum()), counts, np.zeros(0), np.zeros(0))

    @classmethod
    def of_indicators(cls, labels: npt.NDArray[Any]) -> Targets:
        """Of 0/1 labels `(images,)` or `(images, outputs)`: yes or no for each output."""
        flat = labels.reshape(len(labels), -1)
        counts = (flat > 0.5).sum(axis=0).astype(np.int64)
        return cls(TargetKind.MULTI_LABEL, len(labels), flat.size, counts, np.zeros(0), np.zeros(0))

    @classmethod
    def of_values(cls, labels: npt.NDArray[Any]) -> Targets:
        """Of regression targets `(images, ...)`: every position an output of its own up to 4096,
        beyond that the first axis after the images is."""
        flat = labels.reshape(len(labels), -1).astype(np.float64)
        if flat.shape[1] > 4096:
            flat = flat.mean(axis=1, keepdims=True)
        mean = flat.mean(axis=0)
        return cls(
            TargetKind.REGRESSION,
            len(labels),
            len(labels),
            np.zeros(0, np.int64),
            mean,
            np.square(flat - mean).sum(axis=0),
        )

    @property
    def priors(self) -> npt.NDArray[np.float64]:
        """Share of each class (classes, segmentation) or of a yes per output (multi-label)."""
        if self.kind == TargetKind.MULTI_LABEL:
            return self.counts / max(self.images, 1)
        return self.counts / max(int(self.counts.sum()), 1)

    @property
    def prior_loss(self) -> float:
        """Loss of the best constant guess: cross-entropy in nats, or mean squared error.

        `−Σ π ln π` for one class per image, the mean binary entropy for yes-or-no outputs, the mean
        variance for regression (CATALOGUE §0.2). NaN without labels.
        """
        if self.kind in (TargetKind.CLASSES, TargetKind.SEGMENTATION):
            return _entropy(self.priors)
        if self.kind == TargetKind.MULTI_LABEL:
            return float(np.mean([_entropy(np.array([p, 1 - p])) for p in self.priors]))
        if self.kind == TargetKind.REGRESSION and self.units:
            return float(np.mean(self.spread) / self.units)
        return float("nan")


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())
