"""Images that the script evaluates the model on: some are kept, all are compared with those it
trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Batch, Model
from snellen.capture.fingerprints import Fingerprints
from snellen.capture.probe import CHUNK_IMAGES, PROBE_BYTES, Chunk
from snellen.capture.telling_apart import pixel_statistics, told_apart
from snellen.stats import HeldOutAudit
from snellen.stats.kernels import map_table

KEPT_IMAGES = 320
MOST_IMAGES = 4096
"""Images compared with the training images."""
TRAINING_LIKE = 0.9
"""A batch with as many training images is part of an evaluation on the training set itself, where
other batches are not, or where it is nearly all of that set."""
CLEAN = 0.2
"""Where the training set is known in part: batches with less than this share of the known images
that others have are of another set."""
FEWEST_REPEATED = 20
"""Training images among those evaluated, below which nobody evaluated on the training set."""

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """What is known of the training images."""

    prints: Fingerprints
    complete: bool
    """These are all of one pass."""
    population: int | None = None
    """How many there are, where the script shows it."""


@dataclass(frozen=True)
class _Evaluated:
    """What is kept of one batch."""

    prints: Fingerprints
    labels: Labels | None
    sums: Floats
    """Shape `(2, channels)`: sum and sum of squares of values; `values` of them per channel."""
    values: int
    chunk: Chunk | None
    """Copies of its images, as long as there is room."""


@dataclass
class HeldOut:
    """Gathers evaluation batches: fingerprints of all, up to a bound, and copies of some."""

    model: Model
    _batches: list[_Evaluated] = field(default_factory=list[_Evaluated])
    _known: set[bytes] = field(default_factory=set[bytes])
    _kept: int = 0
    _kept_bytes: int = 0
    _images: int = 0
    _stale: int = 0
    """Batches in a row that held nothing new."""

    @property
    def wants(self) -> bool:
        return self._images < MOST_IMAGES and self._stale < 2

    def offer(self, batch: Batch, strata: Labels | None) -> None:
        images = batch.first_input
        if not self.wants or images is None or images.ndim < 3 or not batch.images:
            return
        images = images[: MOST_IMAGES - self._images]
        prints = Fingerprints.of(images)
        if self._known.issuperset(prints.exact):
            # Another evaluation on the same images.
            self._stale += 1
            return
        self._stale = 0
        self._known.update(prints.exact)
        self._images += len(images)
        labels = None if strata is None else strata[: len(images)]
        self._batches.append(
            _Evaluated(prints, labels, *_sums(images), self._copied(batch, images))
        )

    def _copied(self, batch: Batch, images: npt.NDArray[Any]) -> Chunk | None:
        room = min(
            KEPT_IMAGES,
            KEPT_IMAGES - self._kept,
            (PROBE_BYTES - self._kept_bytes) // max(images[0].nbytes, 1),
        )
        count = min(len(images), room)
        if count <= 0:
            return None
        self._kept += count
        self._kept_bytes += count * images[0].nbytes
        inputs = self.model.select([batch.inputs], np.arange(count))
        labels = batch.labels[:count].copy() if batch.labels is not None else None
        joins = (batch.joins, labels.shape[1:] if labels is not None else None)
        return Chunk(inputs, labels, count, joins)

    # -- what it comes to --------------------------------------------------------------------------

    def chunks(self, training: Training) -> list[Chunk]:
        """The images kept, to be answered together; of one kind where there are several."""
        kept = [x.chunk for x in self._held(training) if x.chunk is not None]
        kept = [chunk for chunk in kept if chunk.joins == kept[0].joins]
        count = sum(chunk.images for chunk in kept)
        if not count:
            return []
        cuts = np.array_split(np.arange(count), -(-count // CHUNK_IMAGES))
        return [cut(self.model, kept, index) for index in cuts]

    def audit(
        self,
        training: Training,
        sample: Sequence[Chunk],
        strata: Callable[[Any], Labels | None],
    ) -> HeldOutAudit | None:
        """Against the training images, of which `sample` holds some (the probe). `None` without
        held-out images."""
        held = self._held(training)
        if not held or not len(training.prints):
            return None
        prints = Fingerprints.joined([x.prints for x in held])
        # An image that is evaluated twice counts once.
        first = {name: i for i, name in reversed(list(enumerate(prints.exact)))}
        prints = prints.taken(np.array(sorted(first.values()), np.int64))
        known = set(training.prints.exact)
        repeated = np.array([name in known for name in prints.exact], np.bool_)
        near = prints.near(training.prints) & ~repeated
        labels = [x.labels for x in held if x.labels is not None]
        counts = np.zeros(0, np.int64)
        if len(labels) == len(held):
            every = np.concatenate(labels)
            counts = np.bincount(every[every >= 0]).astype(np.int64)
        mean, std = _moments([(x.sums, x.values) for x in held])
        here = [x.chunk for x in held if x.chunk is not None]
        separability, error = self._separability(here, sample, strata)
        training_mean, training_std = self._training_moments(sample, len(mean))
        return HeldOutAudit(
            images=len(prints),
            training_images=len(training.prints),
            training_complete=training.complete,
            repeated=int(repeated.sum()),
            near_repeated=int(near.sum()),
            near_expected=_near_among(training.prints),
            counts=counts,
            mean=mean,
            std=std,
            training_mean=training_mean,
            training_std=training_std,
            separability=separability,
            separability_error=error,
        )

    def _held(self, training: Training) -> list[_Evaluated]:
        """Without the batches of an evaluation on the training set itself."""
        known = set(training.prints.exact)
        repeated = [[name for name in x.prints.exact if name in known] for x in self._batches]
        sizes = [len(x.prints) for x in self._batches]
        shares = np.array([len(r) / n for r, n in zip(repeated, sizes, strict=True)])
        if not known or not len(shares) or sum(map(len, repeated)) < FEWEST_REPEATED:
            return self._batches
        # Of a training set that is known in part, so much of a batch of its own can be known.
        most = 1.0 if training.complete else float(shares.max())
        own = shares >= (TRAINING_LIKE if training.complete else 0.5) * most
        if not own.any():
            return self._batches
        rest = [x for x, mine in zip(self._batches, own.tolist(), strict=True) if not mine]
        clean = bool(rest) and (training.complete or float(shares[~own].mean()) < CLEAN * most)
        covered = {
            name for r, mine in zip(repeated, own.tolist(), strict=True) if mine for name in r
        }
        whole = len(covered) >= TRAINING_LIKE * len(known)
        return (
            rest
            if clean or whole or self._mostly_training(training, shares, own)
            else self._batches
        )

    def _mostly_training(
        self, training: Training, shares: Floats, own: npt.NDArray[np.bool_]
    ) -> bool:
        """Whether so many images were evaluated, and so many of them are training images, that it
        is the training set: reckoned from the part of it that is known."""
        if training.complete or not training.population:
            return False
        images = np.array([len(x.prints) for x in self._batches])[own]
        share = float(np.average(shares[own], weights=images))
        likely = share * training.population / len(set(training.prints.exact))
        many = min(training.population / 2, TRAINING_LIKE * MOST_IMAGES)
        return likely >= 0.5 and int(images.sum()) >= many

    def _training_moments(self, sample: Sequence[Chunk], channels: int) -> tuple[Floats, Floats]:
        parts: list[tuple[Floats, int]] = []
        for chunk in sample:
            images = self.model.images_of(chunk.inputs)
            if images is not None and images.ndim > 1 and images.shape[1] == channels:
                parts.append(_sums(images))
        if not parts:
            return np.full(channels, np.nan), np.full(channels, np.nan)
        return _moments(parts)

    def _separability(
        self,
        held: Sequence[Chunk],
        sample: Sequence[Chunk],
        strata: Callable[[Any], Labels | None],
    ) -> tuple[float, float]:
        here, here_classes = self._described(held, strata)
        there, there_classes = self._described(sample, strata)
        if here.shape[1:] != there.shape[1:]:
            return float("nan"), float("nan")
        if here_classes is not None and there_classes is not None:
            # The probe is balanced over the classes, and held-out images need not be.
            mine, yours = _alike(here_classes, there_classes)
            here, there = here[mine], there[yours]
        return told_apart(here, there)

    def _described(
        self, chunks: Sequence[Chunk], strata: Callable[[Any], Labels | None]
    ) -> tuple[Floats, Labels | None]:
        found: list[Floats] = []
        classes: list[Labels] = []
        for chunk in chunks:
            images = self.model.images_of(chunk.inputs)
            if images is None or images.ndim < 3:
                continue
            described = pixel_statistics(images)
            if found and described.shape[1] != found[0].shape[1]:
                continue
            found.append(described)
            labels = strata(chunk.labels)
            if labels is not None and len(labels) == len(images):
                classes.append(labels)
        if not found:
            return np.zeros((0, 0)), None
        rows = np.concatenate(found)
        labels = np.concatenate(classes) if classes else None
        return rows, labels if labels is not None and len(labels) == len(rows) else None


def cut(model: Model, parts: Sequence[Chunk], index: npt.NDArray[np.int64]) -> Chunk:
    """Some images of several chunks laid end to end; `index` ascends."""
    inputs = model.select([part.inputs for part in parts], index)
    known = [part.labels for part in parts if part.labels is not None]
    labels = np.concatenate(known)[index] if len(known) == len(parts) else None
    return Chunk(inputs, labels, len(index), parts[0].joins)


def _alike(one: Labels, other: Labels) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Rows of both that hold equally many images of each class."""
    mine, yours = np.zeros(len(one), np.bool_), np.zeros(len(other), np.bool_)
    for label in np.intersect1d(one, other):
        here, there = np.flatnonzero(one == label), np.flatnonzero(other == label)
        count = min(len(here), len(there))
        mine[here[:count]], yours[there[:count]] = True, True
    return mine, yours


def _sums(images: npt.NDArray[Any]) -> tuple[Floats, int]:
    """Shape `(2, channels)`: sum and sum of squares of each channel; and how many values it has."""
    table = map_table(images, -np.inf, np.inf)
    return table[:, :, :2].sum(axis=0).T, len(images) * int(np.prod(images.shape[2:]))


def _moments(parts: Sequence[tuple[Floats, int]]) -> tuple[Floats, Floats]:
    """Mean and standard deviation per channel of sums and counts."""
    channels = parts[0][0].shape[1]
    alike = [(sums, count) for sums, count in parts if sums.shape[1] == channels]
    count = max(sum(count for _, count in alike), 1)
    mean, square = np.sum([sums for sums, _ in alike], axis=0) / count
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _near_among(training: Fingerprints) -> float:
    """Share of training images that are near copies, and not exact ones, of others among them."""
    if not len(training):
        return float("nan")
    distinct = {name: i for i, name in enumerate(training.exact)}
    own = training.taken(np.array(list(distinct.values()), np.int64))
    before = own.near(own, earlier=True)
    after = own.taken(np.arange(len(own))[::-1].copy())
    return float((before | after.near(after, earlier=True)[::-1]).mean())
