"""The training images as they go by: blank ones, copies, contradictions, and their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.capture.fingerprints import Fingerprints
from snellen.stats import ImageAudit
from snellen.stats.kernels import map_table

MOST_IMAGES = 4096
MOST_BYTES = 2**28
"""Of images read through: a quarter of a second."""
ORDERED_BATCHES = 32
"""Batches whose order is looked at where the images themselves are known already."""
ROUGH_IMAGES, ROUGH_SIDE = 32, 256
"""Images, and positions along each axis, that roughness is measured on."""
CLASS_BATCH = 8
"""Fewer images of one class alone are no wonder."""
SIMULATED = 200
BLANK = 1 / 255
"""Standard deviation, as a share of the data's range, below which an image is blank."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Seen:
    """What is kept of one batch."""

    step: int
    prints: Fingerprints
    labels: Labels | None
    deviations: npt.NDArray[np.float64]
    """Standard deviation of each image."""


@dataclass
class Audit:
    """Gathers the batches of the first pass through the training data, up to a bound, and of each
    image a few numbers."""

    _seen: list[_Seen] = field(default_factory=list[_Seen])
    _orders: list[tuple[int, Labels]] = field(default_factory=list[tuple[int, Labels]])
    """Step and labels of batches in the order in which they came."""
    _extremes: _Extremes | None = None
    _roughness: npt.NDArray[np.float64] | None = None
    _images: int = 0
    _bytes: int = 0
    _whole: bool = False
    """The images came all at once, in no order."""
    _complete: bool = False
    _first_pass: int | None = None
    """Steps in it, once it has ended."""
    _closed: bool = False

    @property
    def wants(self) -> bool:
        if self._closed:
            return False
        if self._whole:
            return len(self._orders) < ORDERED_BATCHES
        return self._images < MOST_IMAGES and self._bytes < MOST_BYTES

    def take_all(
        self, images: npt.NDArray[Any] | None, labels: Labels | None, complete: bool
    ) -> None:
        """All training images, or a fair sample of them, in no order."""
        if images is None or self._seen:
            return
        self._take(images[:MOST_IMAGES], None if labels is None else labels[:MOST_IMAGES], 0)
        self._whole, self._complete = True, complete and self._images == len(images)

    def offer(self, images: npt.NDArray[Any] | None, labels: Labels | None, step: int) -> None:
        """One batch on its way to update number `step`, from 0."""
        if not self.wants:
            return
        if labels is not None and len(labels):
            self._orders.append((step, labels))
        if self._whole or images is None or images.ndim < 3 or not len(images):
            return
        self._take(images, labels, step)

    def pass_ended(self, steps: int, *, complete: bool) -> None:
        """The first pass through the data took so many steps, and all its batches were offered
        (`complete`)."""
        if self._first_pass is None:
            self._first_pass = steps
            self._complete = self._complete or (complete and self.wants and not self._whole)
            self._closed = not self._whole or len(self._orders) >= ORDERED_BATCHES

    def close(self) -> None:
        """Take no more."""
        self._closed = True

    def _take(self, images: npt.NDArray[Any], labels: Labels | None, step: int) -> None:
        if images.ndim < 3 or images.dtype.kind not in "biuf":
            return
        if self._extremes is None:
            self._extremes = _Extremes.none(images.shape[1])
        if self._extremes.channels != images.shape[1]:
            return
        deviations = self._extremes.take(images)
        if self._roughness is None:
            self._roughness = roughness(images)
        self._seen.append(_Seen(step, Fingerprints.of(images), labels, deviations))
        self._images += len(images)
        self._bytes += images.nbytes

    # -- what it comes to --------------------------------------------------------------------------

    def training(self, steps_per_pass: int | None) -> tuple[Fingerprints, bool]:
        """Fingerprints of the images of the first pass, and whether they are all there are."""
        seen = self._pass(steps_per_pass)
        return Fingerprints.joined([x.prints for x in seen]), self._complete

    def statistic(self, steps_per_pass: int | None) -> ImageAudit | None:
        """`None` where no images were seen. `steps_per_pass` is that of the script, where the end
        of the first pass was not told."""
        seen = self._pass(steps_per_pass)
        extremes = self._extremes
        if not seen or extremes is None:
            return None
        prints = Fingerprints.joined([x.prints for x in seen])
        known = self._whole or self._length(steps_per_pass) is not None
        duplicate, conflicting = _copies(seen)
        near = prints.near(prints, earlier=True) & ~duplicate
        span = extremes.range
        deviations = np.concatenate([x.deviations for x in seen])
        order = self._order(steps_per_pass)
        entropy, shuffled, spread = entropies(order)
        return ImageAudit(
            images=len(prints),
            blank=int((deviations <= BLANK * span).sum()),
            duplicates=int(duplicate.sum()) if known else -1,
            near_duplicates=int(near.sum()) if known else -1,
            conflicting=conflicting,
            batches=len(order) if self._whole else len(seen),
            repeated_batches=0 if self._whole else _repeated(seen),
            single_class_batches=sum(
                len(labels) >= CLASS_BATCH and len(np.unique(labels)) == 1 for labels in order
            ),
            label_entropy=entropy,
            shuffled_entropy=shuffled,
            label_entropy_spread=spread,
            at_minimum=extremes.at_minimum,
            at_maximum=extremes.at_maximum,
            roughness=np.zeros(0) if self._roughness is None else self._roughness,
        )

    def _length(self, steps_per_pass: int | None) -> int | None:
        return self._first_pass if self._first_pass is not None else steps_per_pass

    def _pass(self, steps_per_pass: int | None) -> list[_Seen]:
        length = self._length(steps_per_pass)
        return [x for x in self._seen if self._whole or length is None or x.step < length]

    def _order(self, steps_per_pass: int | None) -> list[Labels]:
        length = self._length(steps_per_pass)
        return [labels for step, labels in self._orders if length is None or step < length]


@dataclass
class _Extremes:
    """Smallest and largest value of each channel, and how many values are just these. Arrays have
    the shape `(channels,)`."""

    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    lowest: npt.NDArray[np.float64]
    """Values equal to the smallest; `highest`: to the largest."""
    highest: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    @classmethod
    def none(cls, channels: int) -> _Extremes:
        zeros = np.zeros(channels)
        return cls(zeros + np.inf, zeros - np.inf, zeros, zeros.copy(), zeros.copy())

    @property
    def channels(self) -> int:
        return len(self.values)

    @property
    def range(self) -> float:
        """Of all channels together; 0 where no value was finite."""
        low, high = float(self.minimum.min()), float(self.maximum.max())
        return high - low if np.isfinite(high - low) else 0.0

    @property
    def at_minimum(self) -> npt.NDArray[np.float64]:
        return self.lowest / np.maximum(self.values, 1)

    @property
    def at_maximum(self) -> npt.NDArray[np.float64]:
        return self.highest / np.maximum(self.values, 1)

    def take(self, images: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Counts the images' values in; gives the standard deviation of each image."""
        positions = int(np.prod(images.shape[2:]))
        table = map_table(images, -np.inf, np.inf)
        low = np.minimum(self.minimum, table[:, :, 3].min(axis=0))
        high = np.maximum(self.maximum, table[:, :, 4].max(axis=0))
        # A new extreme is one that no value before had.
        self.lowest = np.where(low < self.minimum, 0.0, self.lowest)
        self.highest = np.where(high > self.maximum, 0.0, self.highest)
        finite = positions - table[:, :, 7]
        for c in range(self.channels):
            if np.isfinite(low[c]):
                counted = map_table(images[:, c : c + 1], high[c], low[c])[:, 0]
                self.lowest[c] += float((finite[:, c] - counted[:, 6]).sum())
                self.highest[c] += float((finite[:, c] - counted[:, 5]).sum())
        self.values = self.values + finite.sum(axis=0)
        self.minimum, self.maximum = low, high
        count = np.maximum(finite.sum(axis=1), 1)
        mean = table[:, :, 0].sum(axis=1) / count
        variance = table[:, :, 1].sum(axis=1) / count - mean**2
        # What cancels is rounding: that of float32 sums.
        noise = 1e-6 * table[:, :, 1].sum(axis=1) / count
        return np.sqrt(np.where(variance > noise, variance, 0.0))


def roughness(images: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean |difference of neighbours| along each axis after the images', in standard deviations of
    the values; NaN for an axis of length 1, and for constant images."""
    cut = tuple(slice(0, ROUGH_SIDE) for _ in images.shape[1:])
    part = images[(slice(0, ROUGH_IMAGES), *cut)].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        spread = float(part.std())
        found = [
            float(np.abs(np.diff(part, axis=axis)).mean()) / spread
            if part.shape[axis] > 1 and spread > 0
            else float("nan")
            for axis in range(1, part.ndim)
        ]
    return np.array(found)


def entropies(batches: list[Labels]) -> tuple[float, float, float]:
    """Mean entropy of the labels of a batch, its mean and its standard deviation were the same
    labels in random order; NaN without labels, or with one class alone."""
    nan = float("nan")
    batches = [labels for labels in batches if len(labels) > 1]
    if not batches:
        return nan, nan, nan
    classes, numbers = np.unique(np.concatenate(batches), return_inverse=True)
    if len(classes) < 2:
        return nan, nan, nan
    batch = np.repeat(np.arange(len(batches)), [len(labels) for labels in batches])

    def mean(order: npt.NDArray[np.integer]) -> float:
        counts = np.bincount(
            batch * len(classes) + order, minlength=len(batches) * len(classes)
        ).reshape(len(batches), -1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        logs = np.log(np.where(shares > 0, shares, 1.0))
        return float(-(shares * logs).sum(axis=1).mean())

    random = np.random.default_rng(0)
    by_chance = np.array([mean(random.permutation(numbers)) for _ in range(SIMULATED)])
    return mean(numbers), float(by_chance.mean()), float(by_chance.std())


def _copies(seen: list[_Seen]) -> tuple[npt.NDArray[np.bool_], int]:
    """Which images had come before, and how many of them with another label."""
    before: dict[bytes, int] = {}
    duplicate: list[bool] = []
    conflicting = 0
    for batch in seen:
        for i, name in enumerate(batch.prints.exact):
            label = int(batch.labels[i]) if batch.labels is not None else -1
            duplicate.append(name in before)
            first = before.setdefault(name, label)
            conflicting += first >= 0 and label >= 0 and first != label
    return np.array(duplicate, np.bool_), conflicting


def _repeated(seen: list[_Seen]) -> int:
    before: set[frozenset[bytes]] = set()
    repeated = 0
    for batch in seen:
        images = frozenset(batch.prints.exact)
        if len(batch.prints) > 1:
            repeated += images in before
            before.add(images)
    return repeated
