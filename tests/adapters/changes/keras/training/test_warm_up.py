"""Each of the first updates has its part of the rate, and the later ones have all of it."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from trainings_a import (
    ALL_WAYS,
    IN_PYTHON,
    LOGITS,
    WAYS,
    WITH_XLA,
    batches,
    changed,
    close,
    data,
    net,
    quick,
    same,
    trained,
)

RATE = 0.1


class Ramp(keras.optimizers.schedules.LearningRateSchedule):
    """What the change is to be: written by hand."""

    def __init__(self, steps: int, rate: float = RATE) -> None:
        self.steps, self.rate = steps, rate

    def __call__(self, step: Any) -> Any:
        done = keras.ops.cast(step, "float32") + 1.0
        return self.rate * keras.ops.minimum(done / self.steps, 1.0)


@pytest.mark.parametrize("way", [*ALL_WAYS, *WITH_XLA])
def test_the_rate_grows_by_update(way: Any) -> None:
    steps = 2
    expected = trained(way, net(), keras.optimizers.SGD(Ramp(steps)))
    assert not close(trained(way, net(), keras.optimizers.SGD(RATE)), expected)
    with changed("warm-up", steps=steps) as effect:
        optimizer = keras.optimizers.SGD(RATE)
        assert close(trained(way, net(), optimizer), expected)
    assert effect.done
    assert float(optimizer.learning_rate) == pytest.approx(RATE)


@pytest.mark.parametrize("way", WAYS)
def test_one_step_is_no_warm_up(way: Any) -> None:
    expected = trained(way, net(), keras.optimizers.SGD(RATE))
    with changed("warm-up", steps=1):
        assert same(trained(way, net(), keras.optimizers.SGD(RATE)), expected)


@pytest.mark.parametrize("way", WAYS)
def test_a_schedule_is_scaled(way: Any) -> None:
    def decaying() -> Any:
        return keras.optimizers.schedules.PiecewiseConstantDecay([1], [RATE, RATE / 2])

    class Both(Ramp):
        def __call__(self, step: Any) -> Any:
            return super().__call__(step) * decaying()(step)

    expected = trained(way, net(), keras.optimizers.SGD(Both(4, 1.0)))
    with changed("warm-up", steps=4):
        assert close(trained(way, net(), keras.optimizers.SGD(decaying())), expected)


def test_updates_are_counted_and_not_batches() -> None:
    """Six batches of which each two make an update."""

    def train(rate: Any) -> list[Any]:
        optimizer = keras.optimizers.SGD(rate, gradient_accumulation_steps=2)
        model = net()
        model.compile(optimizer, LOGITS, run_eagerly=IN_PYTHON)
        x, y = data()
        model.fit(x, y, batch_size=3, shuffle=False, verbose=0)
        return [variable.numpy() for variable in model.trainable_variables]

    class Halved(Ramp):
        """A schedule is asked by batches."""

        def __call__(self, step: Any) -> Any:
            return super().__call__(step // 2)

    with changed("warm-up", steps=3):
        found = train(RATE)
    assert close(found, train(Halved(3)))


def test_the_decay_follows_the_rate_and_a_loss_scale_counts_updates() -> None:
    def make(rate: Any) -> Any:
        inner = keras.optimizers.AdamW(rate, weight_decay=0.5)
        return keras.optimizers.LossScaleOptimizer(inner)

    expected = trained(quick, net(), make(Ramp(4)))
    with changed("warm-up", steps=4):
        assert close(trained(quick, net(), make(RATE)), expected)


def test_each_optimiser_warms_up_by_itself() -> None:
    with changed("warm-up", steps=3):
        first = trained(quick, net(), keras.optimizers.SGD(RATE))
        second = trained(quick, net(), keras.optimizers.SGD(RATE))
    assert same(first, second)


def test_a_warm_up_that_is_over_is_nothing() -> None:
    def train(optimizer: Any) -> list[Any]:
        model = net()
        model.compile(optimizer, LOGITS, run_eagerly=IN_PYTHON)
        for x, y in batches():
            model.train_on_batch(x, y)
        return [variable.numpy() for variable in model.trainable_variables]

    def restored() -> Any:
        optimizer = keras.optimizers.SGD(RATE)
        optimizer.iterations.assign(10)
        return optimizer

    expected = train(restored())
    with changed("warm-up", steps=10):
        assert same(train(restored()), expected)
