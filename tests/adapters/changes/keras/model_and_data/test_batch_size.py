"""Batches of another size."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from changing import BACKEND, changed, compiled, convolutional, images, left_behind, seeded, trained
from heard import epochs_of, one_hot_images
from test_order import COUNT, Cut, batches_of, dataset, generated


@pytest.mark.parametrize(
    ("size", "factor", "expected"), [(3, 2.0, 6), (6, 0.5, 3), (2, 0.1, 1), (8, 4.0, 20)]
)
def test_arrays(size: int, factor: float, expected: int) -> None:
    data = one_hot_images(COUNT)
    with changed("batch-size", factor=factor) as effect:
        epochs, _ = epochs_of(COUNT, data, batch_size=size, shuffle=False)
    assert epochs == [batches_of(expected)] * 3
    assert effect.done == {"trainings with batches of another size": 1}


def test_a_training_with_the_usual_size() -> None:
    x, y = images(128)
    with changed("batch-size", factor=0.5):
        found = left_behind(trained(convolutional, x, y, batch_size=None))
    assert found == left_behind(trained(convolutional, x, y, batch_size=16))


def test_an_epoch_has_the_images_it_had() -> None:
    data = one_hot_images(COUNT)
    with changed("batch-size", factor=2.0):
        epochs, _ = epochs_of(COUNT, data, batch_size=5, steps_per_epoch=4, shuffle=False)
        assert epochs == [batches_of(10)] * 3
        epochs, _ = epochs_of(COUNT, [dataset().repeat()], steps_per_epoch=4)
    assert [[len(batch) for batch in batches] for batches in epochs] == [[12, 12]] * 3


def test_a_data_set_of_tensorflow() -> None:
    with changed("batch-size", factor=2.0) as effect:
        epochs, model = epochs_of(COUNT, [dataset()])
        assert epochs == [batches_of(12)] * 3
        assert model.history.params["steps"] == 2
        epochs, _ = epochs_of(COUNT, [dataset(drop_remainder=True)])
        assert epochs == [batches_of(12)[:1]] * 3
    with changed("batch-size", factor=100.0):
        # A larger batch than this would be dropped for its remainder.
        epochs, _ = epochs_of(COUNT, [dataset(drop_remainder=True)])
        assert epochs == [[list(range(18))]] * 3
    assert effect.limits == ()


def test_validation_evaluation_and_random_streams_stay() -> None:
    x, y = images()
    bare = compiled(seeded(convolutional), 0.0)
    model = compiled(seeded(convolutional), 0.0)

    class Sizes(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.count += 1

    counts = [Sizes(), Sizes()]
    options = {"validation_data": (x, y), "batch_size": 10, "epochs": 2, "verbose": 0}
    bare.fit(x, y, callbacks=[counts[0]], **options)
    with changed("batch-size", factor=4.0):
        model.fit(x, y, callbacks=[counts[1]], **options)
        found = model.predict(x, verbose=0)
    assert counts[0].count == counts[1].count == 8
    assert np.allclose(found, bare.predict(x, verbose=0))


@pytest.mark.parametrize("make", [Cut, generated])
def test_batches_that_the_script_makes_are_told(make: Any) -> None:
    with changed("batch-size", factor=2.0) as effect:
        epochs, _ = epochs_of(COUNT, [make()], steps_per_epoch=2, shuffle=False)
    assert epochs == [batches_of(10)] * 3
    assert effect.done == {}
    assert "are not resized" in effect.limits[0]


def test_loops_of_the_script_are_told() -> None:
    model = compiled(seeded(convolutional))
    x, y = images(8)
    with changed("batch-size", factor=2.0) as effect:
        model.train_on_batch(x, y)
    assert effect.done == {}
    assert "the script's own" in effect.limits[0]


@pytest.mark.skipif(BACKEND != "torch", reason="of torch")
def test_a_loop_with_an_optimizer_of_torch_is_told() -> None:
    import torch

    model = seeded(convolutional)
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    with changed("batch-size", factor=2.0) as effect:
        model(images(4)[0]).sum().backward()
        sgd.step()
    assert "the script's own" in effect.limits[0]


def test_with_factor_one_or_undone_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("batch-size", factor=1.0) as effect:
        assert left_behind(trained(convolutional)) == bare
    assert effect.done == {}
    with changed("batch-size", factor=2.0):
        trained(convolutional)
    assert left_behind(trained(convolutional)) == bare
