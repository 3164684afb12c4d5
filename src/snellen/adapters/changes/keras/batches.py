"""The number of the batch that is being trained on, where a compiled step can read it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false, reportPrivateUsage=false
from __future__ import annotations

import threading
from typing import Any

import numpy as np

from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches


class _State(threading.local):
    """Of a training step on JAX: the number of the batch, which the step is given and gives."""

    def __init__(self) -> None:
        self.numbers: list[Any] = []


class Batches:
    """Counts the calls of optimisers: batches trained on, whether weights were changed by each or
    their gradients gathered. Scripts with several optimisers count each call of each."""

    def __init__(self, patches: Patches) -> None:
        import keras
        from keras.src.optimizers.base_optimizer import BaseOptimizer

        self._count = 0
        self._variable: Any = None
        self._state = _State()
        patches.around(BaseOptimizer, "apply", self._apply)
        if tensors.backend_name() == "jax":
            trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
            patches.around(trainer, "compute_loss_and_updates", self._step)

    def _apply(self, original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(optimizer, *args, **kwargs)
        if tensors.backend_name() == "tensorflow":
            self._tensorflow().assign_add(1)
        else:
            self._count += 1
        return result

    def _step(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        """A step on JAX is a function of its state: a number kept elsewhere would be a constant."""
        values = kwargs.get("optimizer_variables")
        if values is None:
            return original(model, *args, **kwargs)
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        own = zip(model.optimizer.variables, values, strict=True)
        number = next(value for variable, value in own if variable is optimizer._iterations)
        self._state.numbers.append(number)
        try:
            return original(model, *args, **kwargs)
        finally:
            self._state.numbers.pop()

    def _tensorflow(self) -> Any:
        import tensorflow as tf

        if self._variable is None:
            # Not when the change is armed: the script may yet configure its devices.
            with tf.init_scope():
                zero: Any = np.int64(0)
                self._variable = tf.Variable(zero, trainable=False)
        return self._variable

    def number(self, labels: Any) -> Any:
        """Of the batch that these labels belong to, from 0; a tensor where the step is compiled.
        `None` where it is compiled by the script itself and the number can't be known there."""
        if self._state.numbers:
            return self._state.numbers[-1]
        if tensors.backend_name() == "tensorflow":
            return self._tensorflow().read_value()
        traced = any(tensors.is_symbolic(leaf) for leaf in tensors.leaves(labels))
        return None if traced and tensors.backend_name() == "jax" else self._count

    def uniform(self, seed: int, number: Any, images: Any) -> Any:
        """Random numbers from 0 to 1, one for each image, that follow from the seed and the number
        of the batch alone."""
        name = tensors.backend_name()
        if name == "tensorflow":
            import tensorflow as tf

            key = tf.stack([tf.constant(seed, tf.int64), tf.cast(number, tf.int64)])
            return tf.random.stateless_uniform([images], key)
        if name == "jax":
            import jax

            key = jax.random.fold_in(jax.random.key(seed), number)
            return jax.random.uniform(key, (images,))
        import torch

        random = np.random.default_rng((seed, int(number)))
        return torch.from_numpy(random.random(int(images), np.float32))
