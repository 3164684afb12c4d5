"""Every update is made with the scaled rate; whoever reads or sets the rate sees the script's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    LOGITS,
    WAYS,
    WITH_XLA,
    changed,
    close,
    data,
    fit,
    net,
    quick,
    same,
    trained,
    weights,
)

RATE = 0.1


@pytest.mark.parametrize("way", [*ALL_WAYS, *WITH_XLA])
def test_updates_are_those_of_the_scaled_rate(way: Any) -> None:
    expected = trained(way, net(), keras.optimizers.SGD(RATE / 10))
    with changed("learning-rate", factor=0.1) as effect:
        optimizer = keras.optimizers.SGD(RATE)
        assert close(trained(way, net(), optimizer), expected)
    assert effect.done
    assert not effect.limits
    assert float(optimizer.learning_rate) == pytest.approx(RATE)


@pytest.mark.parametrize("way", WAYS)
def test_a_factor_of_one_changes_nothing(way: Any) -> None:
    expected = trained(way, net(), keras.optimizers.Adam(RATE))
    with changed("learning-rate", factor=1.0):
        assert same(trained(way, net(), keras.optimizers.Adam(RATE)), expected)


@pytest.mark.parametrize("way", WAYS)
def test_a_schedule_is_scaled(way: Any) -> None:
    def decaying(rate: float) -> Any:
        schedule = keras.optimizers.schedules.ExponentialDecay(rate, 1, 0.5)
        return keras.optimizers.SGD(schedule)

    expected = trained(way, net(), decaying(RATE / 10))
    with changed("learning-rate", factor=0.1):
        optimizer = decaying(RATE)
        assert close(trained(way, net(), optimizer), expected)
    assert float(optimizer.learning_rate) == pytest.approx(RATE / 8)


def test_a_callable_is_scaled() -> None:
    expected = trained(quick, net(), keras.optimizers.SGD(lambda: RATE / 10))
    with changed("learning-rate", factor=0.1):
        assert close(trained(quick, net(), keras.optimizers.SGD(lambda: RATE)), expected)


def test_a_callback_that_lowers_the_rate_goes_on_from_the_scripts_own() -> None:
    def train(rate: float) -> tuple[list[Any], list[float]]:
        plateau = keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=0, min_delta=1e9)
        model = net()
        model.compile(keras.optimizers.SGD(rate), LOGITS, jit_compile=BACKEND == "jax")
        x, y = data()
        history = model.fit(x, y, shuffle=False, verbose=0, epochs=3, callbacks=[plateau])
        return weights(model), history.history["learning_rate"]

    expected, _ = train(RATE / 10)
    with changed("learning-rate", factor=0.1):
        found, rates = train(RATE)
    assert close(found, expected)
    assert rates == pytest.approx([RATE, RATE, RATE / 2])


def test_a_rate_set_between_batches_is_scaled() -> None:
    def train(rate: float) -> list[Any]:
        class Setting(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
                self.model.optimizer.learning_rate = rate / (batch + 1)

        model = net()
        model.compile(keras.optimizers.SGD(7.0), LOGITS, jit_compile=BACKEND == "jax")
        x, y = data()
        model.fit(x, y, batch_size=6, shuffle=False, verbose=0, callbacks=[Setting()])
        return weights(model)

    expected = train(RATE / 10)
    with changed("learning-rate", factor=0.1):
        assert close(train(RATE), expected)


def test_within_a_loss_scale_and_with_decay() -> None:
    def make(rate: float) -> Any:
        inner = keras.optimizers.AdamW(rate, weight_decay=0.5)
        return keras.optimizers.LossScaleOptimizer(inner)

    expected = trained(quick, net(), make(RATE / 10))
    with changed("learning-rate", factor=0.1):
        assert close(trained(quick, net(), make(RATE)), expected)


def test_accumulated_gradients() -> None:
    def make(rate: float) -> Any:
        return keras.optimizers.SGD(rate, gradient_accumulation_steps=3)

    expected = trained(quick, net(), make(RATE / 10))
    with changed("learning-rate", factor=0.1):
        assert close(trained(quick, net(), make(RATE)), expected)


def test_with_a_factor_of_zero_nothing_is_learned_and_evaluations_are_true() -> None:
    model = net()
    x, _ = data()
    before, out = weights(model), model.predict(x, verbose=0)
    with changed("learning-rate", factor=0.0):
        fit(model, keras.optimizers.SGD(RATE))
        assert np.array_equal(model.predict(x, verbose=0), out)
    assert same(weights(model), before)
