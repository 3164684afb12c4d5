"""Trainings as users write them; each gives everything it has left behind."""

from __future__ import annotations

import random
from typing import Any

import keras
import nets
import numpy as np

BACKEND = keras.backend.backend()


def left_behind(model: Any, optimizer: Any, history: Any) -> dict[str, Any]:
    """Weights, optimiser state, losses, and where every random stream stands."""
    found: dict[str, Any] = {
        f"variable {number}": np.array(keras.ops.convert_to_numpy(variable.value))
        for number, variable in enumerate(model.variables)
    }
    for number, variable in enumerate(optimizer.variables):
        found[f"optimizer {number}"] = np.array(keras.ops.convert_to_numpy(variable.value))
    found["history"] = history
    found["python"] = random.getstate()
    found["numpy"] = [np.array(part) for part in np.random.get_state()]
    found["keras"] = np.array(keras.random.randint((4,), 0, 1 << 30))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        found["tensorflow"] = tf.random.uniform((4,)).numpy()
    if BACKEND == "torch":
        import torch

        found["torch"] = torch.get_rng_state().numpy()
    return found


def same(one: Any, other: Any) -> bool:
    """Bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return one == other or (one != one and other != other)


def compiled(model: Any, **options: Any) -> Any:
    logits = type(model).__name__ == "Net"
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=logits),
        metrics=["accuracy"],
        **options,
    )
    return model


def fit_arrays(make: Any = nets.sequential) -> Any:
    model = compiled(make())
    x, y = nets.images(50)
    history = model.fit(x, y, epochs=2, batch_size=16, verbose=0, validation_split=0.2)
    return model, model.optimizer, history.history


def fit_functional() -> Any:
    return fit_arrays(nets.functional)


def fit_subclassed() -> Any:
    return fit_arrays(nets.subclassed)


def fit_unbuilt() -> Any:
    """Weights made by the first step's trace; data whose randomness could be disturbed."""
    return fit_generator(nets.unbuilt)


def fit_generator(make: Any = nets.sequential) -> Any:
    """Batches are drawn from the global streams, on TensorFlow by a thread that runs ahead."""
    x, y = nets.images(64)

    def batches() -> Any:
        for _ in range(6):
            index = [random.randrange(64) for _ in range(16)]
            yield x[index] + np.random.normal(size=(16, 1, 1, 1)).astype("float32"), y[index]

    model = compiled(make())
    history = model.fit(batches(), epochs=2, steps_per_epoch=3, verbose=0)
    return model, model.optimizer, history.history


class Batches(keras.utils.PyDataset):
    def __init__(self) -> None:
        super().__init__()
        self.x, self.y = nets.images(50)
        self.order = np.arange(50)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, number: int) -> Any:
        index = self.order[number * 16 : number * 16 + 16]
        return self.x[index], self.y[index], np.ones(len(index))

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


def fit_pydataset() -> Any:
    model = compiled(nets.functional())
    history = model.fit(Batches(), epochs=2, verbose=0)
    return model, model.optimizer, history.history


def fit_tf_data() -> Any:
    """A last batch that is smaller, and a shuffle that a second iterator would disturb."""
    import tensorflow as tf

    x, y = nets.images(50)
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(50).batch(16).prefetch(2)
    model = compiled(nets.sequential())
    history = model.fit(data, epochs=2, verbose=0, validation_data=data)
    return model, model.optimizer, history.history


def fit_several_steps() -> Any:
    """Two steps per execution, and an odd number of them in an epoch of unknown length."""
    import tensorflow as tf

    x, y = nets.images(80)
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(80).batch(16)
    data = data.filter(lambda *_: True)
    model = compiled(nets.sequential(), steps_per_execution=2)
    history = model.fit(data, epochs=2, verbose=0)
    return model, model.optimizer, history.history


def fit_mixed_precision() -> Any:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return fit_arrays(nets.subclassed)
    finally:
        keras.config.set_dtype_policy("float32")


def fit_in_python() -> Any:
    model = compiled(nets.functional(), run_eagerly=True)
    x, y = nets.images(32)
    history = model.fit(x, y, epochs=1, batch_size=16, verbose=0)
    return model, model.optimizer, history.history


class Meddling(keras.callbacks.Callback):
    """Changes weights and the learning rate between steps, as a user's callback may."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        weights = self.model.get_weights()
        self.model.set_weights([weight * 0.99 for weight in weights])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.02 / (epoch + 1)


def fit_meddled() -> Any:
    """`fit` twice with `evaluate` and `predict` between."""
    model = compiled(nets.sequential())
    x, y = nets.images(48)
    first = model.fit(x, y, epochs=1, batch_size=16, verbose=0, callbacks=[Meddling()])
    middle = [model.evaluate(x, y, verbose=0), model.predict(x[:5], verbose=0)]
    second = model.fit(x, y, epochs=2, batch_size=16, verbose=0, class_weight={0: 1, 1: 2, 2: 3})
    return model, model.optimizer, [first.history, middle, second.history]


def by_batches() -> Any:
    model = compiled(nets.sequential())
    x, y = nets.images(48)
    losses = [model.train_on_batch(x[i : i + 16], y[i : i + 16]) for i in (0, 16, 32, 0)]
    return model, model.optimizer, losses


def _loop(step: Any, x: Any, y: Any) -> list[float]:
    return [float(step(x[i : i + 16], y[i : i + 16])) for i in (0, 16, 32, 0, 16)]


def _tape(compile_step: bool) -> Any:
    import tensorflow as tf

    model, optimizer = nets.subclassed(), keras.optimizers.SGD(0.1, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = nets.images(48)
    model(x[:1])

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    if compile_step:
        step = tf.function(step)
    losses = _loop(step, tf.constant(x), tf.constant(y))
    return model, optimizer, losses


def tape_in_python() -> Any:
    return _tape(compile_step=False)


def tape_in_function() -> Any:
    return _tape(compile_step=True)


def torch_loop(torch_optimizer: bool = False) -> Any:
    import torch

    model, optimizer = nets.subclassed(), keras.optimizers.SGD(0.1, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = nets.images(48)
    model(x[:1])
    if torch_optimizer:
        torch_sgd = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def step(x: Any, y: Any) -> float:
        value = loss(y, model(x, training=True))
        model.zero_grad()
        value.backward()
        if torch_optimizer:
            torch_sgd.step()
        else:
            variables = model.trainable_variables
            with torch.no_grad():
                optimizer.apply([v.value.grad for v in variables], variables)
        return value.item()

    return model, optimizer, _loop(step, torch.tensor(x), torch.tensor(y))


def torch_loop_torch_optimizer() -> Any:
    return torch_loop(torch_optimizer=True)


TRAININGS = [fit_functional, fit_generator, fit_meddled]
if BACKEND == "tensorflow":
    TRAININGS[1] = fit_unbuilt
    TRAININGS += [fit_tf_data, fit_several_steps, fit_mixed_precision, fit_in_python, by_batches]
    TRAININGS += [tape_in_python, tape_in_function]
elif BACKEND == "jax":
    TRAININGS += [fit_several_steps]
else:
    TRAININGS += [fit_arrays, fit_pydataset, fit_tf_data, fit_mixed_precision, by_batches]
    TRAININGS += [torch_loop, torch_loop_torch_optimizer]
