"""The joint norm is limited as by `global_clipnorm`, and nothing else clips."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import (
    ALL_WAYS,
    BACKEND,
    IN_PYTHON,
    LOGITS,
    WAYS,
    batches,
    changed,
    close,
    net,
    quick,
    same,
    trained,
    weights,
)

NORM = 0.05


def sgd(**options: Any) -> Any:
    return keras.optimizers.SGD(0.1, **options)


@pytest.mark.parametrize("way", ALL_WAYS)
def test_the_norm_of_all_gradients_is_limited(way: Any) -> None:
    expected = trained(way, net(), sgd(global_clipnorm=NORM))
    assert not close(trained(way, net(), sgd()), expected)
    with changed("clipping", norm=NORM) as effect:
        assert close(trained(way, net(), sgd()), expected)
        # The script's own clipping is not added to it.
        assert close(trained(way, net(), sgd(clipvalue=1e-4)), expected)
    assert effect.done


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("own", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_without_a_norm_nothing_is_clipped(way: Any, own: str) -> None:
    expected = trained(way, net(), sgd())
    with changed("clipping", norm=None) as effect:
        assert same(trained(way, net(), sgd(**{own: 1e-3})), expected)
    assert effect.done


def test_without_any_clipping_there_is_nothing_to_take_away() -> None:
    with changed("clipping", norm=None) as effect:
        trained(quick, net(), sgd())
    assert not effect.done


def test_a_limit_above_every_norm_changes_nothing() -> None:
    expected = trained(quick, net(), sgd())
    with changed("clipping", norm=1e6):
        assert same(trained(quick, net(), sgd()), expected)


def test_scaled_gradients_are_clipped_after_they_were_unscaled() -> None:
    def scaled(inner: Any) -> Any:
        return keras.optimizers.LossScaleOptimizer(inner)

    expected = trained(quick, net(), scaled(sgd(global_clipnorm=NORM)))
    with changed("clipping", norm=NORM):
        assert close(trained(quick, net(), scaled(sgd())), expected)


def test_several_optimisers_in_one_are_left_and_said() -> None:
    from keras.src.optimizers.multi_optimizer import MultiOptimizer

    if BACKEND == "jax":
        pytest.skip("Keras has no stateless update for it")

    def several() -> Any:
        one, other = sgd(clipvalue=1e-3), sgd(clipvalue=1e-3)
        return MultiOptimizer(lambda variable: one if "kernel" in variable.path else other)

    expected = trained(quick, net(), several())
    with changed("clipping", norm=NORM) as effect:
        assert same(trained(quick, net(), several()), expected)
    assert any("MultiOptimizer" in limit for limit in effect.limits)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="by TensorFlow's functions")
@pytest.mark.parametrize("how", ["norm", "value", "global", "keras"])
@pytest.mark.parametrize("compiled", [False, True])
def test_clipping_by_hand_is_taken_away(how: str, compiled: bool) -> None:
    import tensorflow as tf

    def clipped(gradients: Any) -> Any:
        if how == "global":
            return tf.clip_by_global_norm(gradients, 1e-3)[0]
        if how == "norm":
            return [tf.clip_by_norm(one, 1e-3) for one in gradients]
        if how == "keras":
            return [keras.ops.clip(one, -1e-3, 1e-3) for one in gradients]
        return [tf.clip_by_value(one, -1e-3, 1e-3) for one in gradients]

    def train(clip: Any) -> list[Any]:
        model, optimizer = net(), sgd()

        def step(x: Any, y: Any) -> None:
            # Something else is clipped too.
            x = tf.clip_by_value(x, -1.0, 1.0)
            with tf.GradientTape() as tape:
                value = LOGITS(y, model(x, training=True))
            gradients = clip(tape.gradient(value, model.trainable_variables))
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        run = tf.function(step) if compiled else step
        for x, y in batches():
            run(tf.constant(x), tf.constant(y))
        return weights(model)

    expected = train(list)
    assert not same(train(clipped), expected)
    with changed("clipping", norm=None) as effect:
        assert same(train(clipped), expected)
    assert any("by hand" in what for what in effect.done)
    with changed("clipping", norm=NORM):
        limited = train(clipped)
    assert not close(limited, expected)


def test_the_first_step_is_as_long_as_the_norm_says() -> None:
    with changed("clipping", norm=NORM):
        model = net()
        before = weights(model)
        model.compile(sgd(), LOGITS, run_eagerly=IN_PYTHON)
        model.train_on_batch(*batches()[0])
    steps = [after - own for after, own in zip(weights(model), before, strict=True)]
    length = np.sqrt(sum(float((step**2).sum()) for step in steps))
    assert length == pytest.approx(0.1 * NORM, rel=1e-4)


def test_a_loop_on_jax_is_told_about() -> None:
    with changed("clipping", norm=None) as effect:
        trained(WAYS[-1], net(), sgd())
    assert any("JAX" in limit for limit in effect.limits) == (BACKEND == "jax")
