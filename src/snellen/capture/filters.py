"""A layer's filters as they began, and what training has made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Weights
from snellen.stats import WeightState, WeightUpdate, preactivation_drift

KEPT_BYTES = 64 * 2**20
"""Of kernels kept as they began; beyond it every layer keeps the same share of its filters."""

Kernel = npt.NDArray[np.floating]


@dataclass
class Filters:
    """Copies of kernels before training, bounded in memory by keeping only some filters of each
    layer.

    Kernels have the shape `(filters, inputs per group, *taps)`.
    """

    initial: dict[str, Kernel]
    chosen: dict[str, npt.NDArray[np.int64]]

    @classmethod
    def of(cls, weights: Mapping[str, Weights]) -> Filters:
        total = sum(w.kernel.nbytes for w in weights.values())
        share = min(1.0, KEPT_BYTES / total) if total else 1.0
        filters = cls({}, {})
        for name, w in weights.items():
            filters.add(name, w, share)
        return filters

    def add(self, name: str, weights: Weights, share: float = 1.0) -> None:
        count = len(weights.kernel)
        chosen = np.linspace(0, count - 1, max(1, int(count * share))).astype(np.int64)
        self.chosen[name] = chosen
        self.initial[name] = weights.kernel[chosen].copy()

    def state(self, name: str, weights: Weights) -> WeightState:
        """The layer now against its beginning. Arrays run over the filters that were kept."""
        began, chosen = self.initial[name], self.chosen[name]
        now = weights.kernel[chosen]
        finite = bool(np.isfinite(weights.kernel).all())
        nonfinite = 0 if finite else int((~np.isfinite(weights.kernel)).sum())
        if weights.bias is not None:
            nonfinite += int((~np.isfinite(weights.bias)).sum())
        none = np.zeros(0)
        return WeightState(
            norm=_norms(now),
            initial_norm=_norms(began),
            distance=_norms(now - began),
            largest=float(np.abs(weights.kernel).max(initial=0.0)),
            nonfinite=nonfinite,
            bias=none if weights.bias is None else weights.bias.astype(np.float64),
            gain=none if weights.gain is None else weights.gain.astype(np.float64),
        )


def _norms(kernel: Kernel) -> npt.NDArray[np.float64]:
    return np.linalg.norm(kernel.reshape(len(kernel), -1).astype(np.float64), axis=1)


@dataclass(frozen=True)
class Before:
    """A layer just before an update."""

    kernel: Kernel
    bias: Kernel | None
    weight_norm: float
    gradient_norm: float
    gradient_rms: float
    gradient_zeros: float
    gradient_nonfinite: int


def before_update(weights: Weights, gradient: Kernel | None) -> Before:
    """Copies what the update will change; `gradient` is the kernel's, where one was seen."""
    nan = float("nan")
    norm = rms = zeros = nan
    nonfinite = 0
    if gradient is not None and gradient.size:
        # Kernels of float64 size are rare and small; squares of float32 gradients of 1e-23
        # underflow.
        flat = gradient.astype(np.float64).ravel()
        norm = float(np.sqrt(flat @ flat))
        rms = norm / float(np.sqrt(flat.size))
        zeros = float((flat == 0).mean())
        nonfinite = int(flat.size - np.isfinite(flat).sum())
    kernel = weights.kernel.copy()
    return Before(
        kernel=kernel,
        bias=None if weights.bias is None else weights.bias.copy(),
        weight_norm=float(np.linalg.norm(kernel.astype(np.float64, copy=False).ravel())),
        gradient_norm=norm,
        gradient_rms=rms,
        gradient_zeros=zeros,
        gradient_nonfinite=nonfinite,
    )


def after_update(
    before: Before,
    weights: Weights,
    input_mean: npt.NDArray[np.float64] | None,
    spread: npt.NDArray[np.float64] | None,
    groups: int,
    transposed: bool,
) -> WeightUpdate:
    """What the update did. `input_mean` is the mean of each input channel and `spread` σ of each
    pre-activation; without them, or for transposed convolutions, the drift is not measured."""
    change = weights.kernel - before.kernel
    drift = np.zeros(0)
    fits = (
        input_mean is not None
        and spread is not None
        and not transposed
        and len(spread) == len(change)
        and len(input_mean) == change.shape[1] * groups
    )
    if fits and input_mean is not None and spread is not None:
        shifted = (
            None
            if weights.bias is None or before.bias is None
            else (weights.bias - before.bias).astype(np.float64)
        )
        drift = preactivation_drift(change, shifted, input_mean, spread, groups)
    return WeightUpdate(
        weight_norm=before.weight_norm,
        gradient_norm=before.gradient_norm,
        gradient_rms=before.gradient_rms,
        gradient_zeros=before.gradient_zeros,
        gradient_nonfinite=before.gradient_nonfinite,
        update_norm=float(np.linalg.norm(change.astype(np.float64, copy=False).ravel())),
        drift=drift,
    )
