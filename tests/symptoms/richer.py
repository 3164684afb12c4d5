"""The statistics of richer looks, made of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from snellen.stats import (
    ChannelStructure,
    ClassResponse,
    Features,
    ImageAnswers,
    InputDependence,
    MapSummary,
    SpatialProfile,
)


def response(
    means: Any, *, images: int | Sequence[int] = 32, spread: float = 0.1, signed: bool = False
) -> ClassResponse:
    """Channels that answer to each class with these means, shape `(classes, channels)`, and vary by
    `spread` from image to image within a class. `signed`: their magnitudes are 1 for all."""
    m = np.asarray(means, np.float64)
    n = np.broadcast_to(np.asarray(images, np.int64), len(m)).copy()
    each = n[:, None].astype(np.float64)
    return ClassResponse(
        images=n,
        sum=m * each,
        magnitudes=(np.ones_like(m) if signed else np.abs(m)) * each,
        squares=(m**2 + spread**2) * each,
    )


def structure(
    correlation: float | Sequence[float] = 0.3,
    *,
    channels: int = 16,
    eigenvalues: Sequence[float] | None = None,
    partner: Sequence[int] | None = None,
    samples: int = 20_480,
    images: int = 320,
) -> ChannelStructure:
    """Channels of which each correlates like this with its neighbour, of equal eigenvalues."""
    of = channels if isinstance(correlation, float | int) else len(correlation)
    index = np.arange(of)
    return ChannelStructure(
        samples=samples,
        images=images,
        chosen=index,
        partner=np.array(index ^ 1 if partner is None else partner, np.int64),
        correlation=np.broadcast_to(np.asarray(correlation, np.float64), of).copy(),
        eigenvalues=np.ones(of) if eigenvalues is None else np.array(eigenvalues, np.float64),
    )


def profile(
    *,
    channels: int = 8,
    side: int = 16,
    pattern: float | Sequence[float] = 0.1,
    varying: float | Sequence[float] = 1.0,
    ring: float | Sequence[float] = 0.0,
    centre: float | Sequence[float] = 0.0,
    ring_share: float | Sequence[float] = 0.1,
    periods: Sequence[int] = (2, 4),
    phase_shares: float = 0.002,
    entropy: float = 0.8,
    images: int = 320,
) -> SpatialProfile:
    """Maps of `side × side` whose mean shows this pattern."""

    def each(value: Any) -> Any:
        return np.broadcast_to(np.asarray(value, np.float64), channels).copy()

    return SpatialProfile(
        images=images,
        height=side,
        width=side,
        pattern=each(pattern),
        varying=each(varying),
        ring=each(ring),
        centre=each(centre),
        ring_share=each(ring_share),
        periods=np.array(periods, np.int64),
        phase_shares=np.full((len(periods), channels), phase_shares),
        entropy=each(entropy),
    )


def pattern_dependence(
    share: float | Sequence[float], *, channels: int = 8, images: int = 320
) -> InputDependence:
    """Maps of which this share is a pattern that all images show, and the rest varies."""
    s = np.broadcast_to(np.asarray(share, np.float64), channels).copy()
    return InputDependence(images, s, 1 - s, s)


def class_features(
    labels: Sequence[int] | np.ndarray, *, apart: float = 4.0, components: int = 16, seed: int = 0
) -> Features:
    """Images whose classes lie `apart` standard deviations along axes of their own."""
    y = np.asarray(labels, np.int64)
    scores = np.random.default_rng(seed).normal(size=(len(y), components))
    scores[np.arange(len(y)), y % components] += apart
    scores -= scores.mean(axis=0)
    return Features(scores.astype(np.float32), 0.9)


def image_answers(
    labels: Sequence[int] | np.ndarray,
    chosen: Sequence[int] | np.ndarray | None = None,
    probability: float = 0.9,
) -> ImageAnswers:
    """What was answered for each image; rightly, unless `chosen` says otherwise."""
    y = np.asarray(labels, np.int64)
    picked = y.copy() if chosen is None else np.asarray(chosen, np.int64)
    p = np.where(picked == y, probability, (1 - probability) / 2).astype(np.float32)
    other = np.where(picked == y, (1 - probability) / 2, probability).astype(np.float32)
    return ImageAnswers(y, picked, p, other)


def signed_maps(
    low: float | Sequence[float],
    high: float | Sequence[float],
    *,
    channels: int = 8,
    images: int = 320,
    positions: int = 64,
) -> MapSummary:
    """Pre-activations that lie between `low` and `high` in each channel, evenly."""
    lo = np.broadcast_to(np.asarray(low, np.float64), channels).copy()
    hi = np.broadcast_to(np.asarray(high, np.float64), channels).copy()
    values = images * positions
    width = np.maximum(hi - lo, 1e-300)
    above = np.clip(hi, 0, None) / width * (hi > 0)
    share = np.clip(np.where(lo >= 0, 1.0, above), 0, 1)
    mean, variance = (lo + hi) / 2, (hi - lo) ** 2 / 12
    return MapSummary(
        images=images,
        positions=positions,
        sum=mean * values,
        squares=(mean**2 + variance) * values,
        magnitudes=(np.abs(mean) + 0.25 * (hi - lo)) * values,
        minimum=lo,
        maximum=hi,
        below=np.zeros(channels, np.int64),
        above=np.round(share * values).astype(np.int64),
        nonfinite=np.zeros(channels, np.int64),
        active_images=np.where(hi > 0, images, 0).astype(np.int64),
        image_mean_squares=(mean**2 + variance / positions) * images,
    )
