"""A layer's weights, and what one optimiser step did to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightState(Statistic):
    """A layer's filters at one step against those it started with (CATALOGUE M5). Does not
    merge."""

    name = "weights"

    norm: Floats
    """Shape `(filters,)`: Frobenius norm of each filter."""
    initial_norm: Floats
    """The same before training."""
    distance: Floats
    """Norm of the filter's change since before training."""
    largest: float
    """Largest magnitude of a weight; NaN if one is not finite."""
    nonfinite: int
    """Weights and biases that are NaN or ±inf."""
    bias: Floats
    """Shape `(filters,)`, or empty without a bias."""
    gain: Floats
    """Scale (γ) of the normalisation that follows, per channel; empty without one."""

    @property
    def growth(self) -> Floats:
        """ν = norm / initial norm per filter; NaN where the filter began at zero."""
        return np.divide(
            self.norm,
            self.initial_norm,
            out=np.full(len(self.norm), np.nan),
            where=self.initial_norm > 0,
        )

    @property
    def moved(self) -> float:
        """‖W − W₀‖ / ‖W₀‖ of the layer; NaN when it began at zero."""
        start = float(np.linalg.norm(self.initial_norm))
        return float(np.linalg.norm(self.distance)) / start if start > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class WeightUpdate(Statistic):
    """A layer's gradient at one step and what the optimiser made of it. Does not merge.

    Kernels only: biases and normalisation parameters have scales of their own.
    """

    name = "update"

    weight_norm: float
    """‖W‖ before the step."""
    gradient_norm: float
    """‖∂L/∂W‖; NaN when no gradient was seen, inf or NaN when it held such a value."""
    gradient_rms: float
    gradient_zeros: float
    """Share (0 to 1) of the gradient's entries that are exactly zero; NaN when none was seen."""
    gradient_nonfinite: int
    update_norm: float
    """‖ΔW‖ of this step; NaN when it was not measured."""
    drift: Floats
    """κ per channel: standard deviations of its pre-activation by which this step shifts the mean
    pre-activation; NaN where unknown, empty when not measured."""

    @property
    def relative_gradient(self) -> float:
        """r = ‖∂L/∂W‖ / ‖W‖; NaN when either is missing or the weights are zero."""
        return self.gradient_norm / self.weight_norm if self.weight_norm > 0 else float("nan")

    @property
    def relative_update(self) -> float:
        """u = ‖ΔW‖ / ‖W‖; NaN when not measured or the weights were zero."""
        return self.update_norm / self.weight_norm if self.weight_norm > 0 else float("nan")


def preactivation_drift(
    weight_change: npt.NDArray[np.floating],
    bias_change: npt.NDArray[np.floating] | None,
    input_mean: Floats,
    spread: Floats,
    groups: int = 1,
) -> Floats:
    """κ per channel: `|⟨ΔW_c, p̄⟩ + Δb_c| / σ(z_c)` (CATALOGUE S22; the project's own measure).

    `weight_change` has the shape `(outputs, inputs per group, *kernel)`; the mean input patch p̄ is
    taken as the mean of each input channel (`input_mean`, shape `(inputs,)`) at every tap, which
    leaves out what padding does at the border. `spread` is σ(z), shape `(outputs,)`; κ is NaN where
    it is zero.
    """
    outputs = len(weight_change)
    taps = weight_change.reshape(outputs, weight_change.shape[1], -1).sum(axis=2, dtype=np.float64)
    means = input_mean.reshape(groups, -1)
    per_group = outputs // groups
    shift = np.concatenate(
        [taps[g * per_group : (g + 1) * per_group] @ means[g] for g in range(groups)]
    )
    if bias_change is not None:
        shift = shift + bias_change
    return np.divide(np.abs(shift), spread, out=np.full(outputs, np.nan), where=spread > 0)
