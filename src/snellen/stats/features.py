"""What a layer tells of each probe image, in few numbers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.kernels import map_table
from snellen.stats.sampling import evenly
from snellen.stats.statistic import Statistic

MOST_COMPONENTS = 64
MOST_POOLED = 4096
"""Pooled values of one image: beyond it some channels stand for all."""
NEGLIGIBLE = 1e-6
"""Components with less than this share of the largest one's variance are rounding."""


def pooled(maps: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Maps `(images, channels, *positions)` as `(images, pooled)`: their means over the halves of
    each position axis (2 × 2 for images), over the whole of an axis of length 1.

    Maps are read through their strides, in one pass; at most 4096 pooled values are kept. Values
    that are not finite are left out of the means.
    """
    images, channels = maps.shape[:2]
    halves = [
        (slice(0, side // 2), slice(side // 2, side)) if side > 1 else (slice(0, side),)
        for side in maps.shape[2:]
    ]
    cells = list(itertools.product(*halves))
    some = evenly(channels, max(1, MOST_POOLED // len(cells)))
    found = np.empty((len(cells), images, len(some)), np.float32)
    for i, cell in enumerate(cells):
        part = maps[(slice(None), slice(None), *cell)]
        table = map_table(part, -np.inf, np.inf)[:, some]
        count = math.prod(part.shape[2:]) - table[:, :, 7]
        means = np.divide(table[:, :, 0], count, out=np.zeros_like(count), where=count > 0)
        found[i] = np.clip(means, -1e30, 1e30)
    return np.moveaxis(found, 0, 2).reshape(images, -1)


@dataclass(frozen=True, eq=False)
class Features(Statistic):
    """A layer's maps of each probe image, pooled to a 2×2 grid and reduced to their main
    components.

    Probe-only: does not merge. The images are those of `ImageAnswers`, in the same order.
    """

    name = "features"

    scores: npt.NDArray[np.float32]
    """Shape `(images, components)`: main components, centred, largest variance first, at most
    64."""
    explained: float
    """Share (0 to 1) of the pooled maps' variance that they hold; NaN for constant maps."""

    @classmethod
    def of(cls, pooled: npt.NDArray[np.floating]) -> Features:
        """Of pooled maps `(images, any)`, through the images' products with one another: as cheap
        for many features as for few. Each component's sign is such that its largest value is
        positive."""
        images = len(pooled)
        centred = pooled - pooled.mean(axis=0, dtype=np.float64)
        largest = float(np.abs(pooled).max(initial=0.0))
        scale = float(np.abs(centred).max(initial=0.0))
        # What centring leaves of a constant is rounding, of float32.
        if not images or not scale > 1e-6 * largest or not np.isfinite(scale):
            return cls(np.zeros((images, 0), np.float32), float("nan"))
        narrow = (centred / scale).astype(np.float32)
        values, vectors = np.linalg.eigh((narrow @ narrow.T).astype(np.float64))
        values, vectors = values[::-1], vectors[:, ::-1]
        count = min(MOST_COMPONENTS, int((values > NEGLIGIBLE * values[0]).sum()))
        kept = vectors[:, :count]
        signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(count)])
        scores = kept * (np.sqrt(values[:count]) * signs * scale)
        total = float(np.maximum(values, 0.0).sum())
        return cls(scores.astype(np.float32), min(float(values[:count].sum()) / total, 1.0))


@dataclass(frozen=True, eq=False)
class ImageAnswers(Statistic):
    """What the model answered for each image of a set (the probe, or held-out images). Does not
    merge.

    Arrays have the shape `(images,)`. For one answer of several (or yes or no) per image alone.
    """

    name = "image-answers"

    label: npt.NDArray[np.int64]
    """The class given; −1 where it is not known."""
    chosen: npt.NDArray[np.int64]
    """The class answered."""
    probability: npt.NDArray[np.float32]
    """Probability that the model gave to the label: softmax or sigmoid of its output; NaN if
    unknown."""
    runner_up: npt.NDArray[np.float32]
    """Largest probability of the other classes; NaN if unknown."""

    @classmethod
    def of(
        cls,
        shares: npt.NDArray[np.floating] | None,
        chosen: npt.NDArray[Any],
        labels: npt.NDArray[np.int64] | None,
    ) -> ImageAnswers:
        """Of the probabilities `(images, classes)`, or `None` where they are not known, the class
        chosen for each image, and its label (out of range: not known)."""
        images = len(chosen)
        nothing = np.full(images, np.nan, np.float32)
        label = np.full(images, -1, np.int64) if labels is None else labels.astype(np.int64)
        if shares is None or not shares.shape[1]:
            return cls(label, chosen.astype(np.int64), nothing, nothing.copy())
        classes = shares.shape[1]
        label = np.where((label >= 0) & (label < classes), label, -1)
        rows = np.arange(images)
        given = np.where(label >= 0, shares[rows, label], np.nan)
        others = shares.astype(np.float64)
        others[rows[label >= 0], label[label >= 0]] = -np.inf
        rival = others.max(axis=1) if classes > 1 else nothing
        return cls(
            label,
            chosen.astype(np.int64),
            given.astype(np.float32),
            np.where(label >= 0, rival, np.nan).astype(np.float32),
        )
