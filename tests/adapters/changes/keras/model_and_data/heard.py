"""What a training was given, batch by batch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from changing import numbers, seeded
from keras import layers


class Marked(keras.callbacks.Callback):
    """Reads from a model's weight which images each batch held."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int]] = []
        self.epochs: list[list[list[int]]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        self.batches = []
        self.epochs.append(self.batches)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        del batch, logs
        self.before = numbers(self.model.layers[-1].kernel)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        del batch, logs
        moved = numbers(self.model.layers[-1].kernel) - self.before
        self.batches.append([int(place) for place in np.flatnonzero(np.abs(moved).sum(axis=1))])


def one_hot_images(count: int) -> tuple[Any, Any]:
    """Image number `i` is bright at pixel `i` alone, so that it moves that weight alone."""
    return np.eye(count, dtype="float32").reshape(count, count, 1, 1), np.ones(
        (count, 1), "float32"
    )


def linear(count: int) -> Any:
    model = keras.Sequential([keras.Input((count, 1, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model


def epochs_of(count: int, data: Any, **options: Any) -> tuple[list[list[list[int]]], Any]:
    """Which images each batch of each epoch held, and the model."""
    heard = Marked()
    model = seeded(lambda: linear(count))
    model.fit(*data, epochs=3, verbose=0, callbacks=[heard], **options)
    return heard.epochs, model
