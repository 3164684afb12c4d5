"""What the trainings of both frameworks have in common: the images, and what each fault changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits

EPOCHS = 8
BATCH = 32
DEPTH = 12
"""Layers of the deep network of sigmoids."""


@dataclass(frozen=True)
class Training:
    """The sound training, as it is changed by one fault."""

    rate: float = 1e-3
    optimizer: str = "adam"
    l1: float = 0.0
    bias: float | None = None
    zero: bool = False
    sigmoids: bool = False
    data: str = "sound"


TRAININGS = {
    "sound": Training(),
    "dead by rate": Training(rate=0.3),
    "dead by l1": Training(l1=1e-2),
    "dead by biases": Training(bias=-1.0),
    "dead by raw pixels": Training(optimizer="sgd", rate=0.05, data="raw"),
    "plateau by rate": Training(rate=3e-6),
    "plateau by shuffled labels": Training(data="shuffled"),
    "plateau by sigmoids": Training(sigmoids=True),
    "plateau by zeros": Training(zero=True),
    "rare by imbalance": Training(data="rare"),
    "rare by label noise": Training(data="mislabelled"),
}


def data(kind: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Digits as `(images, height, width)` from 0 to 1 with their labels: to learn from, and held
    out."""
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8) / 16).astype(np.float32)
    draw = np.random.default_rng(0)
    order = draw.permutation(len(images))
    images, labels = images[order], labels[order].astype(np.int64)
    x, y, unseen = images[:1200], labels[:1200], (images[1200:], labels[1200:])
    if kind == "raw":
        x, unseen = 255 * x, (255 * unseen[0], unseen[1])
    elif kind == "shuffled":
        y = draw.permutation(y)
    elif kind == "rare":
        kept = np.concatenate([np.flatnonzero(y == k)[: 4 if k >= 8 else None] for k in range(10)])
        kept = draw.permutation(kept)
        x, y = x[kept], y[kept]
    elif kind == "mislabelled":
        kept = np.concatenate([np.flatnonzero(y == k)[: 40 if k >= 8 else None] for k in range(10)])
        kept = draw.permutation(kept)
        x, y = x[kept], y[kept].copy()
        wrong = draw.permutation(len(y))[: 2 * len(y) // 5]
        y[wrong] = draw.integers(0, 10, len(wrong))
    return (np.ascontiguousarray(x), y), unseen
