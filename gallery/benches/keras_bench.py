"""Looks at a Keras model, on whichever backend it runs."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
import numpy as np


def seed(seed: int) -> None:
    keras.utils.set_random_seed(seed)


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [
            keras.ops.convert_to_numpy(model(images[start : start + 120], training=False))
            for start in range(0, len(images), 120)
        ]
    )


def probabilities(model: keras.Model, output: np.ndarray) -> np.ndarray:
    output = output.astype(np.float64)
    if output.shape[1] == 1:
        return np.concatenate([1 - output, output], axis=1)
    if getattr(model.loss, "from_logits", False):
        powers = np.exp(output - output.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return output


def maps(
    model: keras.Model, images: np.ndarray, see: Callable[[str, np.ndarray], None]
) -> None:
    """`keras.ops.relu` in a layer's `call` belongs to the convolution that was called last."""
    last = ""
    undo: list[Callable[[], None]] = []

    def show(output: Any) -> None:
        values = keras.ops.convert_to_numpy(output)
        if values.ndim == 4:
            see(last, np.moveaxis(values, -1, 1))

    def watched(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def recording(*args: Any, **kwargs: Any) -> Any:
            nonlocal last
            result = call(*args, **kwargs)
            if isinstance(layer, keras.layers.Conv2D):
                last = layer.name
            rectifies = isinstance(layer, keras.layers.ReLU)
            if rectifies or getattr(layer, "activation", None) in (
                keras.activations.relu,
                keras.activations.sigmoid,
            ):
                show(result)
            return result

        return recording

    for layer in model._flatten_layers(include_self=False):
        undo.append(lambda layer=layer, call=layer.call: setattr(layer, "call", call))
        layer.call = watched(layer, layer.call)
    relu = keras.ops.relu

    def shown_relu(x: Any) -> Any:
        result = relu(x)
        show(result)
        return result

    keras.ops.relu = shown_relu
    try:
        model(images, training=False)
    finally:
        keras.ops.relu = relu
        for restore in undo:
            restore()


def kernels(model: keras.Model) -> dict[str, np.ndarray]:
    return {
        layer.name: keras.ops.convert_to_numpy(layer.kernel)
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }


def gradients(
    model: keras.Model, script: ModuleType, images: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    names = {
        layer.kernel.path: layer.name
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }
    state = model.get_weights()
    values = _by_backend[keras.backend.backend()](model, images, labels)
    model.set_weights(state)
    return {
        names[variable.path]: keras.ops.convert_to_numpy(value)
        for variable, value in zip(model.trainable_variables, values, strict=True)
        if variable.path in names
    }


def _tensorflow_gradients(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = model.compute_loss(images, labels, model(images, training=True))
    return tape.gradient(loss, [v.value for v in model.trainable_variables])


def _torch_gradients(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> Any:
    model.zero_grad()
    loss = model.compute_loss(
        images, keras.ops.convert_to_tensor(labels), model(images, training=True)
    )
    loss.backward()
    values = [v.value.grad.detach().clone() for v in model.trainable_variables]
    model.zero_grad()
    return values


def _jax_gradients(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> Any:
    import jax

    def loss_of(trainable: Any, rest: Any) -> Any:
        output, _ = model.stateless_call(trainable, rest, images, training=True)
        return model.compute_loss(images, labels, output)

    return jax.grad(loss_of)(
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
    )


_by_backend = {
    "tensorflow": _tensorflow_gradients,
    "jax": _jax_gradients,
    "torch": _torch_gradients,
}
