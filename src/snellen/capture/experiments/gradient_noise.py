"""Do gradients of different images point the same way?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array
from snellen.capture.experiments.asked import Asked
from snellen.stats import GradientNoise

IMAGES = 256
FORWARDS = {"gradients": 1.0}
MICRO_BATCHES = 8
KEPT_VALUES = 2**21
"""Of a gradient: of more, every so-manieth stands for all."""


def gradient_noise(asked: Asked, images: int) -> Iterator[tuple[str, GradientNoise]]:
    batch = images // MICRO_BATCHES
    if batch < 1:
        return
    order = np.random.default_rng(0).permutation(asked.images)
    rows: list[npt.NDArray[np.float64]] = []
    weight = 1.0
    for start in range(0, MICRO_BATCHES * batch, batch):
        asked.hurry()
        gradients = asked.gradients(asked.take(order[start : start + batch]))
        if not gradients:
            return
        row, weight = laid_out(gradients)
        if not np.isfinite(row).all():
            return
        rows.append(row)
    yield "", noise(np.stack(rows), batch, weight)


def laid_out(gradients: Mapping[str, Array]) -> tuple[npt.NDArray[np.float64], float]:
    """All kernels' gradients end to end, thinned, and how many values each of those kept stands
    for."""
    total = sum(g.size for g in gradients.values())
    every = max(1, -(-total // KEPT_VALUES))
    row = np.concatenate(
        [gradients[name].ravel()[::every].astype(np.float64) for name in sorted(gradients)]
    )
    return row, total / max(len(row), 1)


def noise(rows: npt.NDArray[np.float64], batch: int, weight: float = 1.0) -> GradientNoise:
    """Of the gradients `(micro-batches, values)` of `batch` images each; each value stands for
    `weight` of them."""
    count = len(rows)
    products = rows @ rows.T * weight
    norms = np.sqrt(np.diag(products))
    upper = np.triu_indices(count, 1)
    lengths = np.outer(norms, norms)[upper]
    none = np.full(len(lengths), np.nan)
    cosines = np.divide(products[upper], lengths, out=none, where=lengths > 0)
    small = float(np.diag(products).mean())
    large = float(products.mean())
    few, many = batch, batch * count
    return GradientNoise(
        batch=batch,
        cosines=cosines,
        squared_norm=(many * large - few * small) / (many - few),
        trace=(small - large) / (1 / few - 1 / many),
    )
