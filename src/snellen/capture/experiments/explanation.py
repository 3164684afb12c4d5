"""Which pixels does the answer rest on, and does that depend on what was learnt?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array
from snellen.capture.experiments.asked import Asked
from snellen.capture.probe import Chunk
from snellen.stats import Explanation

IMAGES = 8
FEWEST_IMAGES = 4
FORWARDS = {"input_gradients": 6.0}
STAGES = 5
SIDE = 32
"""Largest height and width of a saliency map as it is compared and kept."""
FAINTEST = 1e-30
"""A smaller probability has no gradient that float32 could hold."""

Floats = npt.NDArray[np.float64]


def explanation(asked: Asked, images: int) -> Iterator[tuple[str, Explanation]]:
    """Gradient saliency of the chosen class, with the layers re-initialised from the last one down,
    stage by stage (Adebayo et al. 2018)."""
    chunk = asked.first(images)
    pixels = asked.pixels(chunk)
    if pixels is None or pixels.ndim != 4:
        return
    saliency = _saliency(asked, chunk)
    if saliency is None:
        return
    small = shrunk(saliency)
    similarity = [1.0]
    changes: dict[str, Array] = {}
    random = np.random.default_rng(0)
    for stage in _stages(asked):
        asked.hurry()
        for name in stage:
            changes[name] = _anew(asked.model.weights()[name].kernel, random)
        with asked.model.shifted(changes):
            other = _saliency(asked, chunk)
        similarity.append(float("nan") if other is None else _alike(small, shrunk(other)))
    pairs = list(itertools.permutations(range(len(small)), 2))
    between = [rank_correlation(small[i], small[j]) for i, j in pairs]
    inside, area = _on_object(saliency, chunk.labels)
    border, border_area = _border(saliency)
    yield (
        "",
        Explanation(
            images=len(small),
            similarity=np.array(similarity),
            between_images=_mean(between),
            edges=_alike(small, shrunk(_edges(pixels))),
            maps=small.astype(np.float32),
            inside=inside,
            area=area,
            border=border,
            border_area=border_area,
        ),
    )


def _saliency(asked: Asked, chunk: Chunk) -> Floats | None:
    """Shape `(images, height, width)`: |∂ answer / ∂ pixel| summed over channels."""
    gradient = asked.input_gradients(chunk, _chosen)
    if gradient is None or gradient.ndim != 4 or not np.isfinite(gradient).all():
        return None
    return np.abs(gradient.astype(np.float64)).sum(axis=1)


def _chosen(output: Array) -> Array:
    """Weights that make the gradient that of the chosen class, at every position.

    Probabilities are pulled as the difference of two logits: their own gradient fades where the
    model is sure.
    """
    pull = np.zeros_like(output)
    if output.ndim < 2:
        return pull + 1
    if output.shape[1] == 1:
        shares = bool(output.min() >= 0 and output.max() <= 1)
        slope = np.maximum(output * (1 - output), 1e-12) if shares else 1.0
        return (pull + 1 / slope).astype(output.dtype)
    order = np.argsort(output, axis=1)
    best, second = order[:, -1:], order[:, -2:-1]
    sums = output.sum(axis=1)
    if output.min() >= 0 and bool(np.all(np.abs(sums - 1) < 1e-3)):
        for place, sign in ((best, 1.0), (second, -1.0)):
            share = np.maximum(np.take_along_axis(output, place, axis=1), FAINTEST)
            np.put_along_axis(pull, place, (sign / share).astype(output.dtype), axis=1)
        return pull
    np.put_along_axis(pull, best, 1, axis=1)
    return pull


def _stages(asked: Asked) -> list[list[str]]:
    """Layers with weights, the last ones first, in a few groups of like size."""
    weights = asked.model.weights()
    names = [layer.name for layer in reversed(asked.layers) if layer.name in weights]
    count = min(STAGES, len(names))
    return [list(part) for part in np.array_split(np.array(names), count)] if count else []


def _anew(kernel: Array, random: np.random.Generator) -> Array:
    """What turns a kernel into a random one of the same scale."""
    drawn = random.standard_normal(kernel.shape) * float(kernel.astype(np.float64).std())
    return (drawn - kernel).astype(kernel.dtype)


def shrunk(maps: Floats) -> Floats:
    """Maps `(images, height, width)` averaged down to at most 32 × 32."""
    height, width = maps.shape[1:]
    down, across = -(-height // SIDE), -(-width // SIDE)
    rows, columns = height // down, width // across
    cut = maps[:, : rows * down, : columns * across]
    return cut.reshape(len(maps), rows, down, columns, across).mean(axis=(2, 4))


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's, of all values; NaN where one side is constant."""
    from scipy.stats import rankdata

    a, b = (np.asarray(rankdata(x.ravel()), np.float64) for x in (one, other))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def _alike(one: Floats, other: Floats) -> float:
    """Mean rank correlation image by image."""
    return _mean([rank_correlation(a, b) for a, b in zip(one, other, strict=True)])


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _edges(pixels: Array) -> Floats:
    """Shape `(images, height, width)`: size of the Sobel gradient of the grey image."""
    from scipy.ndimage import sobel

    grey = pixels.astype(np.float64).mean(axis=1)
    return np.hypot(np.asarray(sobel(grey, axis=1)), np.asarray(sobel(grey, axis=2)))


def _on_object(saliency: Floats, labels: npt.NDArray[Any] | None) -> tuple[float, float]:
    """Shares of saliency and of pixels on what labels `(images, height, width)` mark."""
    nan = float("nan")
    if labels is None:
        return nan, nan
    mask = labels.squeeze() if labels.ndim > 3 else labels
    if mask.shape != saliency.shape:
        return nan, nan
    marked = mask > 0.5
    area = marked.mean(axis=(1, 2))
    total = saliency.sum(axis=(1, 2))
    known = (area > 0) & (area < 1) & (total > 0)
    if not known.any():
        return nan, nan
    inside = np.where(marked, saliency, 0.0).sum(axis=(1, 2))
    return float((inside[known] / total[known]).mean()), float(area[known].mean())


def _border(saliency: Floats) -> tuple[float, float]:
    """Shares of saliency and of pixels in the outer eighth on each side."""
    height, width = saliency.shape[1:]
    frame = np.ones((height, width), np.bool_)
    top, left = max(1, height // 8), max(1, width // 8)
    frame[top:-top, left:-left] = False
    total = saliency.sum(axis=(1, 2))
    known = total > 0
    if not known.any():
        return float("nan"), float(frame.mean())
    share = saliency[:, frame].sum(axis=1)[known] / total[known]
    return float(share.mean()), float(frame.mean())
