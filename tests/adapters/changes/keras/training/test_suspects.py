"""The images of the greatest loss, or some by chance, have no part in the step."""

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
    WITH_XLA,
    batches,
    changed,
    close,
    data,
    evaluated,
    net,
    quick,
    same,
    trained,
    weights,
)

THIRD = {"share": 0.34, "after": 0, "random": False, "seed": 0}
"""Of six images two."""
JAX_COMPILED = "jax_loop_compiled"


def sgd() -> Any:
    return keras.optimizers.SGD(0.1)


def by_hand(share: float, after: int = 0) -> list[Any]:
    """Steps on the images left, chosen with NumPy."""
    model = net()
    model.compile(sgd(), LOGITS, run_eagerly=IN_PYTHON)
    for number, (x, y) in enumerate(batches()):
        out = model.predict_on_batch(x).astype(np.float64)
        losses = np.log(np.exp(out).sum(1)) - out[np.arange(len(y)), y]
        masked = int(share * len(y)) if number >= after else 0
        left = np.sort(np.argsort(-losses)[masked:])
        model.train_on_batch(x[left], y[left])
    return weights(model)


@pytest.mark.parametrize("way", [*ALL_WAYS, *WITH_XLA])
def test_a_step_is_that_of_the_others(way: Any) -> None:
    expected = by_hand(0.34)
    assert not close(by_hand(0.0), expected)
    with changed("suspects", **THIRD) as effect:
        assert close(trained(way, net(), sgd()), expected)
    assert effect.done
    assert not effect.limits


@pytest.mark.parametrize("way", WAYS)
def test_from_a_step_on(way: Any) -> None:
    with changed("suspects", **(THIRD | {"after": 1})) as effect:
        found = trained(way, net(), sgd())
    if way.__name__ == JAX_COMPILED:
        assert same(found, trained(way, net(), sgd()))
        assert not effect.done
        assert effect.limits
    else:
        assert close(found, by_hand(0.34, after=1))


@pytest.mark.parametrize("way", WAYS)
def test_by_chance(way: Any) -> None:
    found = []
    for seed in (0, 0, 1):
        with changed("suspects", **(THIRD | {"random": True, "seed": seed})) as effect:
            found.append(trained(way, net(), sgd()))
        assert bool(effect.limits) == (way.__name__ == JAX_COMPILED)
    if way.__name__ != JAX_COMPILED:
        assert same(found[0], found[1])
        assert not same(found[0], found[2])
        assert not close(found[0], by_hand(0.34))


def test_the_share_is_rounded_down_and_less_than_one_masks_none() -> None:
    plain = trained(quick, net(), sgd())
    with changed("suspects", **(THIRD | {"share": 0.16})) as effect:
        assert close(trained(quick, net(), sgd()), plain)
    if BACKEND != "tensorflow":
        # How many images a compiled step on TensorFlow has is not known while it is traced.
        assert not effect.done
        assert any("less than one" in limit for limit in effect.limits)
    with changed("suspects", **(THIRD | {"share": 0.5})):
        found = trained(quick, net(), sgd())
    assert close(found, by_hand(0.5))


def test_the_scripts_own_weights_count_for_the_others() -> None:
    x, y = (part[0] for part in zip(*batches(), strict=True))
    own = np.linspace(0.5, 1.5, len(y)).astype("float32")
    model = net()
    out = model.predict(x, verbose=0).astype(np.float64)
    losses = np.log(np.exp(out).sum(1)) - out[np.arange(len(y)), y]
    left = np.sort(np.argsort(-losses)[2:])

    def train(index: Any) -> list[Any]:
        model = net()
        model.compile(sgd(), LOGITS, run_eagerly=IN_PYTHON)
        model.train_on_batch(x[index], y[index], sample_weight=own[index])
        return weights(model)

    expected = train(left)
    with changed("suspects", **THIRD):
        assert close(train(np.arange(6)), expected)


def test_a_sum_stays_a_sum_and_a_segmentation_masks_whole_images() -> None:
    random = np.random.default_rng(1)
    x, _ = data()
    y = random.integers(0, 3, (6, 4, 4))

    def train(index: Any, reduction: str) -> tuple[list[Any], Any]:
        model = keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(
                    3, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=1)
                ),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
        model.compile(keras.optimizers.SGD(0.01), loss, run_eagerly=IN_PYTHON)
        before = model.predict(x[:6], verbose=0).astype(np.float64)
        model.train_on_batch(x[index], y[index])
        every = (
            np.log(np.exp(before).sum(-1)) - np.take_along_axis(before, y[..., None], -1)[..., 0]
        )
        return weights(model), np.argsort(-every.mean((1, 2)))

    for reduction in ("sum", "sum_over_batch_size"):
        _, order = train(np.arange(6), reduction)
        expected, _ = train(np.sort(order[2:]), reduction)
        with changed("suspects", **THIRD):
            found, _ = train(np.arange(6), reduction)
        assert close(found, expected, rtol=1e-3)


def test_a_loss_that_is_no_number_is_the_greatest() -> None:
    from snellen.adapters.changes.keras import suspects

    values = keras.ops.convert_to_tensor([1.0, np.nan, 3.0], dtype="float32")
    rank = keras.ops.convert_to_numpy(suspects._rank(suspects._of_images(values)))
    assert rank.tolist() == [2, 0, 1]


def test_evaluations_count_every_image() -> None:
    expected = evaluated(net())
    with changed("suspects", **(THIRD | {"share": 0.9})):
        assert evaluated(net()) == expected


def test_a_loss_without_a_value_for_each_image_is_left_and_said() -> None:
    class Whole(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return keras.ops.mean(keras.ops.square(y_pred))

    expected = trained(quick, net(), sgd(), Whole())
    with changed("suspects", **THIRD) as effect:
        assert same(trained(quick, net(), sgd(), Whole()), expected)
    assert effect.limits == ("a loss without a value for each image",)
    assert not effect.done
