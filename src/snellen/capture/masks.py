"""Whether the masks of training images lie on what they mask, or only would if they were turned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.capture.labels import CLASS_LOSSES, YES_NO_LOSSES, class_numbers
from snellen.stats import MaskFit

Floats = npt.NDArray[np.float64]
Masks = npt.NDArray[np.int64]

MOST_IMAGES = 64
SIDE = 64
"""Positions along each axis at which image and mask are compared."""
MOST_CLASSES = 32
CLEAR = 0.05
"""Difference of η² between two positions of a mask that is no matter of chance: half of what tells
most objects from their ground."""
LEAST_FIT = 0.1
"""η² below which image and mask have too little in common for any position to be the right one."""


def mask_fit(
    images: npt.NDArray[Any], labels: npt.NDArray[Any], loss: Mapping[str, Any], class_axis: int
) -> MaskFit | None:
    """`images` `(images, channels, height, width)`; `labels` as the loss receives them. `None`
    where labels are no masks of 2-D images."""
    masks = _masks(labels[:MOST_IMAGES], loss, class_axis)
    if masks is None or images.ndim != 4 or len(images) != len(labels):
        return None
    if min(*images.shape[2:], *masks.shape[1:]) < 4:
        return None
    square = images.shape[2] == images.shape[3] and masks.shape[1] == masks.shape[2]
    features = _features(_sampled(images[:MOST_IMAGES].astype(np.float64)))
    fits = np.stack([_fit(features, mask) for mask in _positions(_sampled(masks), square)])
    # The feature that tells most in any position is the one that is asked in all of them.
    best = fits.max(axis=0).argmax(axis=1)
    fit = fits[:, np.arange(len(best)), best]
    highest, asis = fit.max(axis=0), fit[0]
    telling = (highest >= LEAST_FIT) & (highest - np.median(fit, axis=0) >= CLEAR)
    gain = (highest - asis)[telling]
    return MaskFit(
        len(masks),
        int(telling.sum()),
        int((gain >= CLEAR).sum()),
        float(gain.mean()) if len(gain) else float("nan"),
    )


def _masks(labels: npt.NDArray[Any], loss: Mapping[str, Any], class_axis: int) -> Masks | None:
    if loss.get("name") in YES_NO_LOSSES:
        squeezed = labels.squeeze(class_axis) if labels.ndim == 4 else labels
        if squeezed.ndim != 3:
            return None
        return (squeezed > 0.5).astype(np.int64)
    if labels.ndim < 3 or not (loss.get("name") in CLASS_LOSSES or labels.dtype.kind in "iu"):
        return None
    masks = class_numbers(labels, loss, class_axis)
    return masks if masks.ndim == 3 and masks.max() < MOST_CLASSES else None


def _sampled(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """At `SIDE` × `SIDE` positions of the last two axes, whatever their length."""
    rows, columns = (
        ((np.arange(SIDE) + 0.5) * length / SIDE).astype(np.int64) for length in values.shape[-2:]
    )
    return values[..., rows[:, None], columns]


def _features(images: Floats) -> Floats:
    """`(images, channels + 1, positions)`: each channel, and the contrast between neighbours."""
    steps = [np.abs(np.gradient(images, axis=axis)) for axis in (-2, -1)]
    contrast = (steps[0] + steps[1]).mean(axis=1, keepdims=True)
    return np.concatenate([images, contrast], axis=1).reshape(len(images), images.shape[1] + 1, -1)


def _positions(masks: Masks, square: bool) -> Iterator[Masks]:
    """As they are first; then flipped, and turned by quarters where images are square."""
    for turns in (0, 1, 2, 3) if square else (0, 2):
        turned = np.rot90(masks, turns, axes=(1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _fit(features: Floats, masks: Masks) -> Floats:
    """η² of each image's features, `(images, features)`; positions to be ignored are left out. 0
    where a mask has one class, or a feature one value."""
    found = np.zeros(features.shape[:2])
    for i, (values, mask) in enumerate(zip(features, masks.reshape(len(masks), -1), strict=True)):
        kept = mask >= 0
        values, classes = values[:, kept], mask[kept]
        if not len(classes) or not np.isfinite(values).all():
            continue
        counts = np.bincount(classes)
        sums = np.stack([np.bincount(classes, row) for row in values])
        mean = values.mean(axis=1, keepdims=True)
        between = (np.square(sums / np.maximum(counts, 1) - mean) * counts).sum(axis=1)
        total = np.square(values - mean).sum(axis=1)
        found[i] = np.divide(between, total, out=np.zeros(len(total)), where=total > 0)
    return found
