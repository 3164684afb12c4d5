"""Trainings under a change, and what they leave behind."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from snellen.adapters.changes import Effect, arm
from snellen.adapters.patches import Patches
from snellen.capture import Session
from snellen.record import RunContents, read
from snellen.settings import Settings
from snellen.stats import MapSummary

BACKEND = keras.backend.backend()


@contextlib.contextmanager
def changed(name: str, **parameters: Any) -> Iterator[Effect]:
    """Inside the block the change is made."""
    effect, patches = Effect(), Patches()
    arm(name, "keras", parameters, effect, patches)
    try:
        yield effect
    finally:
        patches.undo()


def images(count: int = 40, channels: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Images of 8 by 8 between 0 and 255 whose brightness says the class, and three classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    x = rng.uniform(0, 155, size=(count, 8, 8, channels)) + 50 * y[:, None, None, None]
    return x.astype("float32"), y


def seeded(make: Callable[[], Any], seed: int = 3) -> Any:
    """A model whose weights are the same each time."""
    keras.utils.set_random_seed(seed)
    return make()


def convolutional(*, activation: Any = "relu", **options: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation=activation, name="first", **options),
            layers.Conv2D(4, 3, padding="same", activation=activation, name="second", **options),
            layers.Flatten(),
            layers.Dense(3, name="head"),
        ]
    )


class Subclassed(keras.Model):
    """Convolutions and functions, called by hand."""

    def __init__(self, function: Any = keras.ops.relu) -> None:
        super().__init__()
        self.first = layers.Conv2D(4, 3, name="first")
        self.second = layers.Conv2D(4, 3, padding="same", name="second")
        self.flat = layers.Flatten()
        self.head = layers.Dense(3, name="head")
        self.function = function

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.function(self.first(x))
        return self.head(self.flat(self.function(self.second(x))))


def compiled(model: Any, rate: float = 1e-3, **options: Any) -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA would take most of the time on TensorFlow.
    options = {"jit_compile": BACKEND == "jax", **options}
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"], **options)
    return model


def trained(make: Callable[[], Any], x: Any = None, y: Any = None, **options: Any) -> Any:
    """A model that has been trained for two epochs."""
    model = compiled(seeded(make))
    if x is None:
        x, y = images()
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **options}
    model.fit(x, y, **options)
    return model


def weights_of(model: Any) -> list[Any]:
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in model.weights]


def left_behind(model: Any) -> list[bytes]:
    """All variables of a model and its optimiser, and where the random streams stand."""
    found = [weight.tobytes() for weight in weights_of(model)]
    for variable in [*model.optimizer.variables, *model.variables]:
        found.append(np.array(keras.ops.convert_to_numpy(variable.value)).tobytes())
    found.append(repr(random.getstate()).encode())
    found.append(repr(np.random.get_state()).encode())
    found.append(np.array(keras.ops.convert_to_numpy(keras.random.uniform((3,)))).tobytes())
    if BACKEND == "tensorflow":
        import tensorflow as tf

        found.append(tf.random.uniform((3,)).numpy().tobytes())
    if BACKEND == "torch":
        import torch

        found.append(torch.rand(3).numpy().tobytes())
    return found


def close(one: Any, other: Any, tolerance: float = 1e-5) -> bool:
    return all(
        np.allclose(a, b, rtol=tolerance, atol=tolerance)
        for a, b in zip(weights_of(one), weights_of(other), strict=True)
    )


def numbers(tensor: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(tensor))


@contextlib.contextmanager
def watched(path: Path) -> Iterator[Callable[[], RunContents]]:
    """Inside the block trainings are watched; `contents()` afterwards."""
    session = Session(Settings(run_file=path), script="s", clock=lambda: 0.0)
    session.arm()
    try:
        yield lambda: read(path)
    finally:
        session.finish()
    assert session.boundary.tripped is None, session.boundary.tripped


def seen(contents: RunContents, layer: str, part: str = "pre") -> list[Any]:
    """Extremes of a layer's maps at each look, by channel."""
    (subject,) = contents.subjects
    entries = subject.history(layer, MapSummary, part)
    return [np.array([entry.value.minimum, entry.value.maximum]) for entry in entries]
