"""What the observer is told about a training: steps, losses, batches, updates."""

from __future__ import annotations

from typing import Any

import keras
import nets
import numpy as np
import pytest
from trainings import BACKEND, compiled
from watching import Watcher, watched


def plain(seed: int = 0, activation: str = "relu") -> Any:
    """No dropout and no normalisation: training and evaluation mode are the same."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(4, 3, strides=2, activation=activation, name="conv"),
            keras.layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise"),
            keras.layers.Conv2DTranspose(3, 2, activation="tanh", name="transposed"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, name="head"),
        ]
    )


class Running(keras.callbacks.Callback):
    """The running means that Keras logs."""

    def __init__(self) -> None:
        super().__init__()
        self.means: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.means.append(float(logs["loss"]))


def test_tells_steps_epochs_and_the_loss_of_each_batch() -> None:
    x, y = nets.images(40)
    running, watcher = Running(), Watcher()
    with watched(watcher):
        model = plain()
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        history = model.fit(
            x, y, batch_size=16, epochs=2, verbose=0, callbacks=[running], validation_data=(x, y)
        ).history
        outside = model.evaluate(x, y, verbose=0)
    told = watcher.only
    assert (told.steps, told.epochs, len(told.losses)) == (6, 2, 6)
    values, sizes = [call.value for call in told.losses], [16, 16, 8]
    for epoch in (0, 3):
        for last in (1, 2, 3):
            mean = np.average(values[epoch : epoch + last], weights=sizes[:last])
            assert running.means[epoch + last - 1] == pytest.approx(mean, rel=1e-5)
    assert [logs["val_loss"] for logs in told.logged[:2]] == history["val_loss"]
    assert told.logged[2] == {"val_loss": pytest.approx(outside)}
    call = told.losses[-1]
    assert (call.name, call.expects, call.training) == ("cross_entropy", "logits", True)
    assert call.facts["fed"] == "linear"
    assert (call.facts["units"], call.facts["labels"]) == (3, "integers")
    facts = told.facts[-1]
    assert facts["optimizer"] == "SGD"
    assert facts["learning_rate"] == pytest.approx(0.01)
    assert (facts["planned_epochs"], facts["planned_steps"], facts["batch_size"]) == (2, 6, 16)
    assert facts["backend"] == BACKEND


def test_sees_a_loss_that_is_not_a_number_at_its_first_step() -> None:
    x, y = nets.images(48)
    x[20] = np.nan
    watcher = Watcher(every=100)
    with watched(watcher):
        # On some processors TensorFlow's ReLU makes zero of what is not a number.
        model = compiled(plain(activation="tanh"))
        model.fit(x, y, batch_size=16, epochs=1, verbose=0, shuffle=False)
    values = [call.value for call in watcher.only.losses]
    assert np.isfinite(values[0])
    assert np.isnan(values[1])
    assert watcher.only.steps == 3


def test_shows_the_weights_around_an_update_and_the_gradient_that_made_it() -> None:
    """Full-batch gradient descent: the change is the gradient times the rate, kernel by kernel."""
    x, y = nets.images(24)
    watcher = Watcher(every=1)
    with watched(watcher):
        model = plain()
        model.compile(
            keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )
        model.fit(x, y, batch_size=24, epochs=2, verbose=0, shuffle=False)
    told = watcher.only
    step, before, after = told.updates[1]
    assert step == 1
    assert set(before) == {"conv", "depthwise", "transposed", "head"}
    estimated = next(
        g for g, (at, _, _) in zip(told.gradients, told.passes, strict=True) if at == 1
    )
    for name, (kernel, gradient) in before.items():
        change = after[name] - kernel
        assert np.abs(change).max() > 0
        np.testing.assert_allclose(change, -0.5 * estimated[name], atol=1e-6)
        assert (gradient is not None) == (BACKEND == "torch")
        if gradient is not None:
            np.testing.assert_allclose(change, -0.5 * gradient, atol=1e-6)


def test_draws_the_probe_from_what_is_trained_on() -> None:
    x, y = nets.images(40)
    watcher = Watcher()
    with watched(watcher):
        compiled(plain()).fit(x, y, batch_size=16, epochs=1, verbose=0, validation_split=0.25)
    probe = watcher.only.probe
    assert probe is not None
    assert watcher.only.complete
    assert probe.images == 30
    np.testing.assert_array_equal(probe.inputs, x[:30])
    np.testing.assert_array_equal(probe.first_input, np.moveaxis(x[:30], -1, 1))
    np.testing.assert_array_equal(probe.labels, y[:30])


def test_shows_the_batches_of_a_generator_in_their_order() -> None:
    x, y = nets.images(64)
    taken: list[int] = []

    def batches() -> Any:
        for start in (0, 16, 32, 48):
            taken.append(start)
            yield x[start : start + 16], y[start : start + 16]

    watcher = Watcher(batches=2)
    with watched(watcher):
        compiled(plain()).fit(batches(), epochs=1, verbose=0)
    assert taken == [0, 16, 32, 48]
    first, second = watcher.only.batches
    np.testing.assert_array_equal(first.inputs, x[:16])
    np.testing.assert_array_equal(second.labels, y[16:32])
    assert watcher.only.steps == 4


def test_watches_each_model_of_a_script_by_itself_and_only_adopted_ones_if_any() -> None:
    x, y = nets.images(16)
    watcher = Watcher()
    with watched(watcher) as adapter:
        one, other = compiled(plain()), compiled(plain())
        for model in (one, other, one):
            model.train_on_batch(x, y)
        assert [told.steps for told in watcher.told.values()] == [2, 1]
        adapter.adopt(one)
        for model in (one, other):
            model.train_on_batch(x, y)
    assert [told.steps for told in watcher.told.values()] == [3, 1]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="loops of one's own are TensorFlow's")
class TestTapes:
    def watch(self, step_of: Any, arguments: Any) -> Watcher:
        import tensorflow as tf

        watcher = Watcher(batches=1)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        with watched(watcher):
            # Its momentum is made in the first call, which TensorFlow traces twice for that.
            model, optimizer = plain(), keras.optimizers.SGD(0.5, momentum=0.9)
            step = tf.function(step_of(model, optimizer, loss))
            for given in arguments:
                step(*given)
        return watcher

    @staticmethod
    def update(model: Any, optimizer: Any, loss: Any, x: Any, y: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    def test_a_compiled_step_is_seen_from_its_first_call(self) -> None:
        x, y = nets.images(32)

        def step_of(model: Any, optimizer: Any, loss: Any) -> Any:
            def step(y: Any, x: Any) -> Any:
                return {"loss": self.update(model, optimizer, loss, x, y), "images": 16}

            return step

        watcher = self.watch(step_of, [(y[:16], x[:16]), (y[16:], x[16:]), (y[:8], x[:8])])
        told = watcher.only
        assert (told.steps, len(told.losses), len(told.batches)) == (3, 3, 1)
        np.testing.assert_array_equal(told.batches[0].inputs, x[:16])
        np.testing.assert_array_equal(told.batches[0].labels, y[:16])
        step, before, after = told.updates[0]
        assert step == 0
        assert np.abs(after["conv"] - before["conv"][0]).max() > 0
        assert told.passes[0][0] == 0
        assert told.passes[0][1].loss == pytest.approx(told.losses[0].value, rel=1e-5)

    def test_inputs_made_inside_are_noted(self) -> None:
        x, y = nets.images(16)

        def step_of(model: Any, optimizer: Any, loss: Any) -> Any:
            return lambda x, y: self.update(model, optimizer, loss, x / 2.0, y)

        watcher = self.watch(step_of, [(x, y), (x, y)])
        assert watcher.only.steps == 2
        assert [kind for kind, _ in watcher.notes] == ["no-probe"]

    def test_functions_inside_functions_are_followed(self) -> None:
        import tensorflow as tf

        x, y = nets.images(16)

        def step_of(model: Any, optimizer: Any, loss: Any) -> Any:
            inner = tf.function(lambda y, x: self.update(model, optimizer, loss, x, y))
            return lambda x, y: inner(y, x)

        watcher = self.watch(step_of, [(x, y), (x, y)])
        np.testing.assert_array_equal(watcher.only.batches[0].inputs, x)
        np.testing.assert_array_equal(watcher.only.batches[0].labels, y)
        assert watcher.only.steps == 2

    def test_a_distribution_strategy_is_left_alone(self) -> None:
        import tensorflow as tf

        x, y = nets.images(16)
        watcher = Watcher()
        with watched(watcher), tf.distribute.OneDeviceStrategy("/cpu:0").scope():
            compiled(plain()).fit(x, y, epochs=1, verbose=0)
        assert not watcher.told
        assert [kind for kind, _ in watcher.notes] == ["distributed"]


class OwnStep(keras.Model):
    """Computes its loss by itself and logs that of the batch. Has no output of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = plain()


class Called(OwnStep):
    def call(self, x: Any) -> Any:
        return self.inner(x)


@pytest.mark.skipif(BACKEND == "jax", reason="a training step of one's own is stateless there")
@pytest.mark.parametrize("kind", [Called] if BACKEND == "torch" else [OwnStep, Called])
def test_a_training_step_of_the_models_own(kind: Any) -> None:
    def train_step(self: Any, batch: Any) -> dict[str, Any]:
        x, y = batch
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                value = loss(y, self.inner(x))
            gradients = tape.gradient(value, self.inner.trainable_variables)
            self.optimizer.apply(gradients, self.inner.trainable_variables)
            return {"loss": value}
        self.zero_grad()
        value = loss(y, self.inner(x))
        value.backward()
        variables = self.inner.trainable_variables
        self.optimizer.apply([v.value.grad for v in variables], variables)
        return {"loss": value.detach()}

    x, y = nets.images(32)
    watcher = Watcher()
    with watched(watcher):
        model = type("Own", (kind,), {"train_step": train_step})()
        model.compile("sgd")
        model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    if kind is OwnStep:
        assert not watcher.told
        assert [note for note, _ in watcher.notes] == ["no-call"]
    else:
        told = watcher.only
        assert told.steps == len(told.losses) == 4
        assert np.isnan(told.passes[-1][1].loss)
        assert told.gradients[-1] is None


def test_text_is_noted_and_not_looked_at() -> None:
    if BACKEND != "tensorflow":
        pytest.skip("only TensorFlow has text in its tensors")
    import tensorflow as tf

    class Reader(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3, activation="softmax")

        def call(self, words: Any) -> Any:
            return self.dense(tf.cast(tf.strings.length(words), "float32"))

    words, y = np.array([["a"], ["bcd"]] * 8), np.array([0, 1] * 8)
    data = tf.data.Dataset.from_tensor_slices((words, y)).batch(8)
    watcher = Watcher()
    with watched(watcher):
        compiled(Reader()).fit(data, epochs=2, verbose=0)
    assert watcher.only.steps == 4
    assert [note for note, _ in watcher.notes] == ["no-probe"]
