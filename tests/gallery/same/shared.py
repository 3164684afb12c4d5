"""One training, told to two frameworks: the same weights, images, batches and settings."""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_digits

FAULTS = ("none", "rate", "biases", "sigmoid", "constant")
WIDTHS = (8, 16, 16)
SIDE = 16
EPOCHS, BATCH = 8, 32

fault = sys.argv[1] if len(sys.argv) > 1 else "none"
RATE = {"rate": 0.3}.get(fault, 2e-3)
SQUASH = fault == "sigmoid"


def data() -> tuple[np.ndarray, np.ndarray]:
    """Images `(n, 1, 16, 16)` and labels, in the order in which both trainings take them."""
    digits = load_digits()
    images = np.kron(digits.images[:960] / 16.0, np.ones((1, 2, 2)))[:, None].astype(np.float32)
    labels = digits.target[:960]
    if fault == "constant":
        images[:] = 0.5
    order = np.random.default_rng(1).permutation(len(images))
    whole = len(order) // BATCH * BATCH
    return images[order[:whole]], labels[order[:whole]].astype(np.int64)


def weights() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By layer a kernel `(outputs, inputs, 3, 3)` or `(outputs, inputs)` and a bias."""
    random = np.random.default_rng(0)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    inputs = 1
    for i, width in enumerate(WIDTHS):
        scale = np.sqrt(2 / (9 * inputs))
        bias = np.full(width, -3.0 if fault == "biases" else 0.0, np.float32)
        kernel = random.normal(0, scale, (width, inputs, 3, 3)).astype(np.float32)
        found[f"conv{i + 1}"] = kernel, bias
        inputs = width
    features = WIDTHS[-1] * (SIDE // 4) ** 2
    kernel = random.normal(0, np.sqrt(1 / features), (10, features)).astype(np.float32)
    found["head"] = kernel, np.zeros(10, np.float32)
    return found
