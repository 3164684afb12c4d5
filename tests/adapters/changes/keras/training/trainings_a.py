"""Small trainings as users write them, and one change at a time made to them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import layers

from snellen.adapters import changes
from snellen.adapters.changes import Effect
from snellen.adapters.patches import Patches

BACKEND = keras.backend.backend()
IMAGES, BATCH, CLASSES = 18, 6, 3
IN_PYTHON = BACKEND != "jax"
"""Whether a few steps are quicker when Keras does not compile them."""
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@contextlib.contextmanager
def changed(change: str, **parameters: Any) -> Iterator[Effect]:
    """Inside the block the change is armed."""
    effect, patches = Effect(), Patches()
    changes.arm(change, "keras", parameters, effect, patches)
    try:
        yield effect
    finally:
        patches.undo()


def data(images: int = IMAGES) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    y = np.arange(images) % CLASSES
    x = random.normal(size=(images, 6, 6, 1)).astype("float32")
    x[np.arange(images), y] += 2.0
    return x, y.astype("int32")


def net(head: str | None = None, units: int = CLASSES, **options: Any) -> Any:
    """The same weights each time; `options` are the convolution's."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(4, 3, kernel_initializer=seeded(1), **options),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(units, kernel_initializer=seeded(2), activation=head),
        ]
    )


def seeded(seed: int) -> Any:
    return keras.initializers.GlorotUniform(seed=seed)


def weights(model: Any) -> list[Any]:
    return [np.array(keras.ops.convert_to_numpy(one.value)) for one in model.trainable_variables]


def same(one: list[Any], other: list[Any]) -> bool:
    """Bit for bit."""
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def close(one: list[Any], other: list[Any], rtol: float = 1e-4) -> bool:
    return len(one) == len(other) and all(
        np.allclose(a, b, rtol=rtol, atol=1e-6) for a, b in zip(one, other, strict=True)
    )


def batches(images: int = IMAGES) -> Any:
    x, y = data(images)
    return [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, images, BATCH)]


def fit(
    model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None, **options: Any
) -> None:
    """Unshuffled, so that it is the loop's training as well."""
    del penalty
    model.compile(optimizer, loss, **{"jit_compile": BACKEND == "jax", **options})
    model.fit(*data(), batch_size=BATCH, shuffle=False, verbose=0)


def fit_with_xla(model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None) -> None:
    fit(model, optimizer, loss, penalty, jit_compile=True)


def fit_in_python(model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None) -> None:
    fit(model, optimizer, loss, penalty, run_eagerly=True)


def by_batches(model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None) -> None:
    del penalty
    model.compile(optimizer, loss, jit_compile=BACKEND == "jax")
    for x, y in batches():
        model.train_on_batch(x, y)


def tape(
    model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None, compiled: bool = False
) -> None:
    import tensorflow as tf

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True)) + sum(model.losses)
            if penalty is not None:
                value += penalty(model.trainable_variables)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    run = tf.function(step) if compiled else step
    for x, y in batches():
        run(tf.constant(x), tf.constant(y))


def tape_in_function(model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None) -> None:
    tape(model, optimizer, loss, penalty, compiled=True)


def torch_loop(
    model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None, zero: bool = True
) -> None:
    import torch

    for x, y in batches():
        value = loss(torch.tensor(y), model(torch.tensor(x), training=True)) + sum(model.losses)
        if penalty is not None:
            value = value + penalty(model.trainable_variables)
        if zero:
            model.zero_grad()
        value.backward()
        with torch.no_grad():
            gradients = [one.value.grad for one in model.trainable_variables]
            optimizer.apply(gradients, model.trainable_variables)


def jax_loop(
    model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None, compiled: bool = False
) -> None:
    import jax

    def value_of(trainable: Any, others: Any, x: Any, y: Any) -> Any:
        out, _, losses = model.stateless_call(
            trainable, others, x, training=True, return_losses=True
        )
        value = loss(y, out) + sum(losses)
        return value if penalty is None else value + penalty(trainable)

    def step(trainable: Any, others: Any, state: Any, x: Any, y: Any) -> Any:
        gradients = jax.grad(value_of)(trainable, others, x, y)
        return optimizer.stateless_apply(state, gradients, trainable)

    run = jax.jit(step) if compiled else step
    optimizer.build(model.trainable_variables)
    trainable = [one.value for one in model.trainable_variables]
    others = [one.value for one in model.non_trainable_variables]
    state = [one.value for one in optimizer.variables]
    for x, y in batches():
        trainable, state = run(trainable, others, state, x, y)
    for variable, value in zip(model.trainable_variables, trainable, strict=True):
        variable.assign(value)
    for variable, value in zip(optimizer.variables, state, strict=True):
        variable.assign(value)


def jax_loop_compiled(model: Any, optimizer: Any, loss: Any = LOGITS, penalty: Any = None) -> None:
    jax_loop(model, optimizer, loss, penalty, compiled=True)


Way = Callable[..., None]

if BACKEND == "tensorflow":
    LOOPS: list[Way] = [tape, tape_in_function]
elif BACKEND == "jax":
    LOOPS = [jax_loop, jax_loop_compiled]
else:
    LOOPS = [torch_loop]
WAYS: list[Way] = [fit, LOOPS[-1]]
"""What everything is tried on."""
ALL_WAYS: list[Way] = [*WAYS, by_batches]
if BACKEND == "tensorflow":
    ALL_WAYS += [fit_in_python, tape]
elif BACKEND == "jax":
    ALL_WAYS += [jax_loop]
WITH_XLA: list[Way] = [fit_with_xla] if BACKEND == "tensorflow" else []
"""Slow to compile; for what a compiler could make another thing of."""
quick: Way = fit_in_python if IN_PYTHON else fit
"""For what does not depend on how Keras runs the step."""


def trained(way: Way, model: Any, optimizer: Any, *args: Any, **options: Any) -> list[Any]:
    """The weights after three steps."""
    way(model, optimizer, *args, **options)
    return weights(model)


def evaluated(model: Any, loss: Any = LOGITS) -> float:
    """The loss over the training images, computed by Keras."""
    if not model.compiled:
        model.compile(loss=loss, run_eagerly=IN_PYTHON)
    found = model.evaluate(*data(), verbose=0)
    return float(found[0] if isinstance(found, list) else found)
