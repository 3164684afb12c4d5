"""Looks at a Keras model, on whichever backend it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import keras
import numpy as np

from gallery.benches.steps import Steps


def fresh() -> None:
    keras.backend.clear_session()


def seed(seed: int) -> None:
    keras.utils.set_random_seed(seed)


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [
            keras.ops.convert_to_numpy(model(images[start : start + 120], training=False))
            for start in range(0, len(images), 120)
        ]
    )


def loss(model: keras.Model, script: ModuleType, images: np.ndarray, labels: np.ndarray) -> float:
    return float(model.evaluate(images, labels, verbose=0, return_dict=True)["loss"])


def probabilities(model: keras.Model, output: np.ndarray) -> np.ndarray:
    output = output.astype(np.float64)
    if output.shape[1] == 1:
        return np.concatenate([1 - output, output], axis=1)
    if getattr(model.loss, "from_logits", False):
        powers = np.exp(output - output.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return output


def maps(model: keras.Model, images: np.ndarray, see: Callable[[str, np.ndarray], None]) -> None:
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


def _weighted(model: keras.Model) -> dict[str, Any]:
    return {
        layer.name: layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }


def kernels(model: keras.Model) -> dict[str, np.ndarray]:
    return {
        name: keras.ops.convert_to_numpy(layer.kernel).copy()
        for name, layer in _weighted(model).items()
    }


def gradients(
    model: keras.Model, script: ModuleType, images: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    names = {layer.kernel.path: name for name, layer in _weighted(model).items()}
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


def _inputs(model: keras.Model, images: np.ndarray) -> dict[str, Any]:
    """What enters each weight layer, in evaluation mode."""
    entering: dict[str, Any] = {}
    layers = _weighted(model)

    def keeping(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def keep(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            entering[name] = inputs
            return call(inputs, *args, **kwargs)

        return keep

    calls = {name: layer.call for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.call = keeping(name, layer.call)
    model(images, training=False)
    for name, layer in layers.items():
        layer.call = calls[name]
    return entering


def _apply(layer: Any, inputs: Any, kernel: np.ndarray, bias: np.ndarray | float) -> np.ndarray:
    """The layer's pre-activations with another kernel and bias, channels second."""
    if isinstance(layer, keras.layers.Dense):
        return keras.ops.convert_to_numpy(keras.ops.matmul(inputs, kernel)) + bias
    output = keras.ops.conv(
        inputs, keras.ops.convert_to_tensor(kernel), layer.strides, layer.padding
    )
    return np.moveaxis(keras.ops.convert_to_numpy(output) + bias, -1, 1)


class _Follower(keras.callbacks.Callback):
    def __init__(self, model: keras.Model, images: np.ndarray, seen: Steps) -> None:
        super().__init__()
        self.seen = seen
        self.layers = _weighted(model)
        self.inputs = _inputs(model, images)
        self.before = kernels(model)
        self.biases = self.bias_values()

    def bias_values(self) -> dict[str, Any]:
        return {
            name: keras.ops.convert_to_numpy(layer.bias).copy() if layer.use_bias else 0.0
            for name, layer in self.layers.items()
        }

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        after, biases = kernels(self.model), self.bias_values()
        for name, layer in self.layers.items():
            change = after[name] - self.before[name]
            share = np.linalg.norm(change) / np.linalg.norm(self.before[name])
            self.seen.updated(name, float(share))
            if self.inputs:
                z = _apply(layer, self.inputs[name], self.before[name], self.biases[name])
                shift = _apply(layer, self.inputs[name], change, biases[name] - self.biases[name])
                self.seen.shifted(name, z, shift)
        self.inputs = {}
        self.before, self.biases = after, biases


@contextmanager
def steps(model: keras.Model, images: np.ndarray) -> Iterator[Steps]:
    """Follows every update made by `fit` inside the block."""
    seen = Steps()
    fit = model.fit

    def followed(*args: Any, **kwargs: Any) -> Any:
        return fit(*args, callbacks=[_Follower(model, images, seen)], **kwargs)

    model.fit = followed
    try:
        yield seen
    finally:
        del model.fit
