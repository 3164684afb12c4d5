"""A loop that forgets to empty its gradients trains as one that does not; on torch alone."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from trainings_a import BACKEND, LOGITS, WAYS, batches, changed, fit, net, same, trained, weights

on_torch = pytest.mark.skipif(BACKEND != "torch", reason="gradients are kept on torch alone")


def sgd() -> Any:
    return keras.optimizers.SGD(0.1, momentum=0.5)


@pytest.mark.skipif(BACKEND == "torch", reason="there is something to empty")
@pytest.mark.parametrize("way", WAYS)
def test_elsewhere_there_is_nothing_to_do_and_that_is_said(way: Any) -> None:
    expected = trained(way, net(), sgd())
    with changed("zeroing") as effect:
        assert same(trained(way, net(), sgd()), expected)
    assert len(effect.limits) == 1
    assert not effect.done


@on_torch
def test_weights_are_those_of_a_loop_that_empties() -> None:
    loop = WAYS[-1]
    expected = trained(loop, net(), sgd(), zero=True)
    assert not same(trained(loop, net(), sgd(), zero=False), expected)
    with changed("zeroing") as effect:
        assert same(trained(loop, net(), sgd(), zero=False), expected)
    # Of three steps the first had nothing left over.
    assert list(effect.done.values()) == [2]


@on_torch
@pytest.mark.parametrize("way", WAYS)
def test_who_empties_is_left(way: Any) -> None:
    expected = trained(way, net(), sgd())
    with changed("zeroing") as effect:
        assert same(trained(way, net(), sgd()), expected)
    assert not effect.done


@on_torch
@pytest.mark.parametrize("forgets", [False, True])
def test_gradients_gathered_for_one_update_stay_together(forgets: bool) -> None:
    import torch

    def train(empty: bool) -> list[Any]:
        model, optimizer = net(), sgd()
        for _ in range(2):
            for x, y in batches():
                LOGITS(y, model(x, training=True)).backward()
            variables = model.trainable_variables
            with torch.no_grad():
                optimizer.apply([one.value.grad for one in variables], variables)
            if empty:
                model.zero_grad()
        return weights(model)

    expected = train(True)
    with changed("zeroing") as effect:
        assert same(train(not forgets), expected)
    assert bool(effect.done) == forgets


@on_torch
def test_gradients_can_be_looked_at_after_the_update() -> None:
    import torch

    with changed("zeroing"):
        model = net()
        x, y = batches()[0]
        LOGITS(y, model(x)).backward()
        variables = model.trainable_variables
        with torch.no_grad():
            sgd().apply([one.value.grad for one in variables], variables)
        assert all(one.value.grad is not None for one in variables)


@on_torch
def test_afterwards_a_loop_forgets_again() -> None:
    loop = WAYS[-1]
    expected = trained(loop, net(), sgd(), zero=False)
    with changed("zeroing"):
        trained(fit, net(), sgd())
    assert same(trained(loop, net(), sgd(), zero=False), expected)
