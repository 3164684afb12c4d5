"""What a script holds out is shown as it passes by, and never taken from it."""

from __future__ import annotations

from typing import Any

import keras
import nets
import numpy as np
import pytest
from trainings import BACKEND, compiled
from watching import Watcher, watched

HOLDS = 40


class Held(Watcher):
    """Wants held-out images until it has `HOLDS`."""

    def __init__(self) -> None:
        super().__init__(every=100)
        self.held: list[Any] = []

    def wants_held_out(self, key: Any) -> bool:
        assert key in self.told
        return sum(batch.images for batch in self.held) < HOLDS

    def held_out(self, key: Any, batch: Any) -> None:
        assert self.wants_held_out(key)
        self.held.append(batch)


def images_of(watcher: Held) -> Any:
    return np.concatenate([np.asarray(batch.inputs) for batch in watcher.held])


def labels_of(watcher: Held) -> Any:
    return np.concatenate([batch.labels for batch in watcher.held])


def test_arrays_given_to_validate() -> None:
    x, y = nets.images(48)
    held_x, held_y = nets.images(20, seed=1)
    watcher = Held()
    with watched(watcher):
        model = compiled(nets.sequential())
        model.fit(x, y, verbose=0, epochs=3, validation_data=(held_x, held_y))
        # The same arrays once more, and what the model was trained on.
        model.evaluate(held_x, held_y, verbose=0)
        model.evaluate(x, y, verbose=0)
        model.evaluate(x[:10], y[:10], verbose=0)
    np.testing.assert_array_equal(images_of(watcher), held_x)
    np.testing.assert_array_equal(labels_of(watcher), held_y)
    np.testing.assert_array_equal(watcher.held[0].first_input, np.moveaxis(held_x, -1, 1))


def test_a_share_that_fit_keeps_for_validation_and_a_test_set() -> None:
    x, y = nets.images(40)
    test_x, test_y = nets.images(12, seed=1)
    watcher = Held()
    with watched(watcher):
        model = compiled(nets.sequential())
        model.evaluate(test_x, test_y, verbose=0)
        model.fit(x, y, verbose=0, validation_split=0.25)
        model.evaluate(test_x, test_y, verbose=0)
        model.test_on_batch(test_x[:4] + 1, test_y[:4])
    found = images_of(watcher)
    np.testing.assert_array_equal(found, np.concatenate([x[30:], test_x, test_x[:4] + 1]))
    np.testing.assert_array_equal(labels_of(watcher)[:10], y[30:])


def test_validating_on_the_training_images_is_shown() -> None:
    x, y = nets.images(20)
    watcher = Held()
    with watched(watcher):
        compiled(nets.sequential()).fit(x, y, verbose=0, validation_data=(x, y))
    np.testing.assert_array_equal(images_of(watcher), x)


def test_of_many_images_an_even_sample_is_shown() -> None:
    x, y = nets.images(3000, seed=1)
    x[:, 0, 0, 0] = np.arange(3000)
    watcher = Held()
    with watched(watcher):
        model = compiled(nets.sequential())
        model.train_on_batch(x[:8] + 1, y[:8])
        model.evaluate(x, y, verbose=0, batch_size=1000)
    (batch,) = watcher.held
    places = batch.inputs[:, 0, 0, 0].astype(int)
    assert batch.images == 1024
    assert (places[0], places[-1]) == (0, 2999)
    assert set(np.diff(places)) <= {2, 3}
    np.testing.assert_array_equal(batch.labels, y[places])


@pytest.mark.parametrize("kind", ["generator", "tf.data"])
def test_batches_are_copied_as_they_pass_by(kind: str) -> None:
    x, y = nets.images(32)
    held_x, held_y = nets.images(56, seed=1)
    taken: list[int] = []

    def batches() -> Any:
        while True:
            for start in range(0, 56, 16):
                taken.append(start)
                yield held_x[start : start + 16], held_y[start : start + 16]

    def run() -> tuple[Any, Any]:
        taken.clear()
        keras.utils.set_random_seed(1)
        model = compiled(nets.sequential())
        data: Any = batches()
        if kind == "tf.data":
            tf = pytest.importorskip("tensorflow")
            data = tf.data.Dataset.from_tensor_slices((held_x, held_y)).batch(16)
        # TensorFlow takes of a generator what is still to come, wherever its thread has got to.
        steps, epochs = (4, 1) if kind == "generator" else (None, 2)
        history = model.fit(
            x, y, verbose=0, epochs=epochs, validation_data=data, validation_steps=steps
        ).history
        return history, list(taken)

    bare = run()
    watcher = Held()
    with watched(watcher):
        seen = run()
    assert seen[0] == bare[0]
    if BACKEND != "tensorflow":
        # TensorFlow reads ahead in a thread of its own, as far as it gets.
        assert seen[1] == bare[1]
    # As many batches as were wanted, of the first evaluation alone.
    assert [batch.images for batch in watcher.held] == [16, 16, 16]
    np.testing.assert_array_equal(images_of(watcher), held_x[:48])
    np.testing.assert_array_equal(labels_of(watcher), held_y[:48])


def test_a_failing_observer_leaves_the_evaluation_as_it_was() -> None:
    x, y = nets.images(32)

    class Failing(Held):
        def held_out(self, key: Any, batch: Any) -> None:
            raise RuntimeError("ours")

    def run() -> Any:
        keras.utils.set_random_seed(1)
        model = compiled(nets.sequential())
        batches = ((x[n : n + 16] + 1, y[n : n + 16]) for n in (0, 16))
        return model.fit(x, y, verbose=0, validation_data=batches).history

    bare = run()
    watcher = Failing()
    with watched(watcher):
        seen = run()
        assert [str(error) for _, error in watcher.errors][:1] == ["ours"]
        watcher.errors.clear()
    assert seen == bare


def loop(watcher: Held, evaluate: Any, *, compile_step: bool = False) -> None:
    """A training by hand; `evaluate(model, metric, x, y)` looks at other images."""
    x, y = nets.images(32)
    held_x, held_y = nets.images(24, seed=1)
    with watched(watcher):
        model, optimizer = nets.subclassed(), keras.optimizers.SGD(0.1)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model(x[:1])
        if BACKEND == "tensorflow":
            import tensorflow as tf

            def step(x: Any, y: Any) -> Any:
                with tf.GradientTape() as tape:
                    value = loss(y, model(x, training=True))
                gradients = tape.gradient(value, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
                return value

            take = tf.constant
            if compile_step:
                step, evaluate = tf.function(step), tf.function(evaluate)
        else:
            import torch

            def step(x: Any, y: Any) -> Any:
                model.zero_grad()
                loss(y, model(x, training=True)).backward()
                variables = model.trainable_variables
                with torch.no_grad():
                    optimizer.apply([v.value.grad for v in variables], variables)

            take = torch.tensor
        metric = keras.metrics.SparseCategoricalAccuracy()
        for start in (0, 16):
            batch = take(x[start : start + 16]), take(y[start : start + 16])
            step(*batch)
            if not compile_step:
                # The batch just trained on is not held out.
                evaluate(model, metric, *batch)
        if compile_step:
            evaluate = _bound(evaluate, model, metric)
            evaluate(take(held_x[:12]), take(held_y[:12]))
            evaluate(take(held_x[12:]), take(held_y[12:]))
        else:
            evaluate(model, metric, take(held_x[:12]), take(held_y[:12]))
            evaluate(model, metric, take(held_x[12:]), take(held_y[12:]))
        step(take(x[:16]), take(y[:16]))
    np.testing.assert_array_equal(images_of(watcher), held_x)


def _bound(evaluate: Any, model: Any, metric: Any) -> Any:
    import tensorflow as tf

    plain = evaluate.python_function
    return tf.function(lambda x, y: plain(model, metric, x, y))


def without_gradients() -> Any:
    import contextlib

    if BACKEND != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def by_metric(model: Any, metric: Any, x: Any, y: Any) -> None:
    with without_gradients():
        metric.update_state(y, model(x, training=False))


def by_loss(model: Any, metric: Any, x: Any, y: Any) -> None:
    with without_gradients():
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, model(x))


def by_hand(model: Any, metric: Any, x: Any, y: Any) -> None:
    with without_gradients():
        keras.ops.argmax(model(x, training=True), axis=1)


LOOPS = pytest.mark.skipif(BACKEND == "jax", reason="loops on JAX call no model that we see")


@LOOPS
@pytest.mark.parametrize("evaluate", [by_metric, by_loss, by_hand])
def test_evaluations_in_a_loop_of_ones_own(evaluate: Any) -> None:
    watcher = Held()
    loop(watcher, evaluate)
    _, y = nets.images(24, seed=1)
    if evaluate is by_hand:
        assert all(batch.labels is None for batch in watcher.held)
    else:
        np.testing.assert_array_equal(labels_of(watcher), y)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="compiled functions are TensorFlow's")
@pytest.mark.parametrize("evaluate", [by_metric, by_hand])
def test_evaluations_in_a_compiled_function(evaluate: Any) -> None:
    watcher = Held()
    loop(watcher, evaluate, compile_step=True)
    if evaluate is by_metric:
        np.testing.assert_array_equal(labels_of(watcher), nets.images(24, seed=1)[1])
