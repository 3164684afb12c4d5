"""Which runs there are: a program or its mended twin, on a framework, with a seed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gallery.truth import Truth, read, truths

FRAMEWORKS = ("torch", "keras-tensorflow")
"""Keras' other backends run the same layers; `make gallery` has them."""

SEEDS = (11, 12)
"""Thresholds were set on other seeds."""

QUICK = (
    ("high_learning_rate", "torch"),
    ("high_learning_rate", "keras-tensorflow"),
    ("high_learning_rate", "keras-jax"),
    ("insufficient_data_noise", "torch"),
    ("insufficient_data_noise", "keras-torch"),
    ("vanishing_as_written", "keras-tensorflow"),
    ("vanishing_mended", "torch"),
    ("vanishing_sigmoid", "torch"),
    ("healthy_small", "torch"),
    ("healthy_small", "keras-tensorflow"),
    ("healthy_resnet_bn", "torch"),
    ("healthy_imbalance_3to1", "torch"),
    ("healthy_depthwise", "torch"),
    ("healthy_regression", "torch"),
    ("healthy_conv1d", "keras-tensorflow"),
)
"""Programs and frameworks of the quick part, which takes at most five minutes on two cores."""


@dataclass(frozen=True)
class Case:
    """One run."""

    truth: Truth
    seed: int

    @property
    def name(self) -> str:
        """Unlike any other case's, and fit for a folder: `val_in_train--mended-torch-11`."""
        twin = "--mended" if self.truth.mended else ""
        return f"{self.truth.program}{twin}-{self.truth.framework}-{self.seed}"

    def __str__(self) -> str:
        return f"{self.truth.name} ({self.truth.framework}, seed {self.seed})"


def cases(
    seeds: Iterable[int] = SEEDS,
    frameworks: Iterable[str] = FRAMEWORKS,
    programs: Iterable[str] = (),
) -> list[Case]:
    """All of them, or those of the named programs; the seeds outermost, so that one seed is whole
    before the next begins."""
    wanted, named = set(frameworks), set(programs)
    chosen = [
        truth
        for truth in truths()
        if truth.framework in wanted and (not named or truth.program in named)
    ]
    return [Case(truth, seed) for seed in seeds for truth in chosen]


def quick(seed: int = SEEDS[0]) -> list[Case]:
    return [Case(read(program, framework), seed) for program, framework in QUICK]
