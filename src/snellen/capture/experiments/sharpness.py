"""How sharply is the loss curved at the trained weights?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array
from snellen.capture.experiments.asked import Asked
from snellen.capture.probe import Chunk
from snellen.stats import Sharpness

IMAGES = 128
ITERATIONS = 12
FORWARDS = {"gradients": 2.0 * ITERATIONS, "answer": 4.0}
REACH = 2e-3
"""Length of a step for the difference of gradients, as a share of the weights' norm."""
SETTLED = 0.1
"""Relative change of the eigenvalue in the last iteration."""
ENOUGH = 0.02
"""Relative change at which the iteration ends."""
MOST_VALUES = 2**24
"""Weights: of more, the vectors would take too much memory."""

Kernels = Mapping[str, npt.NDArray[np.floating]]


def sharpness(asked: Asked, images: int) -> Iterator[tuple[str, Sharpness]]:
    """Power iteration with differences of gradients as products with the Hessian (Cohen et al.
    2021), over the kernels alone."""
    weights = {name: w for name, w in asked.model.weights().items() if w.trainable}
    if not weights or sum(w.kernel.size for w in weights.values()) > MOST_VALUES:
        return
    norm = float(
        np.sqrt(sum(float(np.square(w.kernel, dtype=np.float64).sum()) for w in weights.values()))
    )
    if not np.isfinite(norm) or norm == 0:
        return
    chunk = asked.first(images)
    random = np.random.default_rng(0)
    direction: Kernels = {
        name: random.standard_normal(w.kernel.shape, dtype=np.float32)
        for name, w in weights.items()
    }
    values: list[float] = []
    residual = float("nan")
    for _ in range(ITERATIONS):
        direction = _unit(direction)
        product = None if asked.late else _product(asked, chunk, direction, REACH * norm)
        if product is None:
            break
        value = _dot(direction, product)
        if not np.isfinite(value):
            break
        rest: Kernels = {name: product[name] - direction[name] * value for name in direction}
        residual = _norm(rest) / abs(value) if value else float("nan")
        values.append(value)
        if _norm(product) == 0 or (len(values) > 1 and _change(values) < ENOUGH):
            break
        direction = product
    if not values:
        return
    settled = len(values) > 1 and _change(values) < SETTLED
    yield (
        "",
        Sharpness(
            images=chunk.images,
            largest=values[-1] if settled else float("nan"),
            iterations=len(values),
            residual=residual,
            overshoot=_overshoot(asked, chunk),
        ),
    )


def _product(asked: Asked, chunk: Chunk, direction: Kernels, reach: float) -> Kernels | None:
    """The Hessian times the direction: a central difference of gradients."""
    sides: list[Mapping[str, Array]] = []
    for sign in (1.0, -1.0):
        with asked.model.shifted({name: v * (sign * reach) for name, v in direction.items()}):
            gradients = asked.gradients(chunk)
        if gradients is None or any(name not in gradients for name in direction):
            return None
        sides.append({name: gradients[name].astype(np.float32) for name in direction})
    return {name: (sides[0][name] - sides[1][name]) / np.float32(2 * reach) for name in direction}


def _overshoot(asked: Asked, chunk: Chunk) -> npt.NDArray[np.float64]:
    """The loss here, and half, one and two last updates further on."""
    found = np.full(4, np.nan)
    if not asked.change or asked.late:
        return found
    for i, share in enumerate((0.0, 0.5, 1.0, 2.0)):
        change = {name: (share * c).astype(c.dtype) for name, c in asked.change.items()}
        with asked.model.shifted(change):
            found[i] = asked.answer(chunk)[1]
    return found


def _change(values: list[float]) -> float:
    return abs(values[-1] - values[-2]) / max(abs(values[-1]), 1e-30)


def _dot(one: Kernels, other: Kernels) -> float:
    return float(sum(np.vdot(one[name], other[name]) for name in one))


def _norm(kernels: Kernels) -> float:
    return float(np.sqrt(_dot(kernels, kernels)))


def _unit(kernels: Kernels) -> Kernels:
    length = _norm(kernels)
    return {name: k / length for name, k in kernels.items()}
