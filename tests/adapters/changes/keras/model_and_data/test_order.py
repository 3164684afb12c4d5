"""Training images come in random order, drawn anew for each pass."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from changing import BACKEND, changed, compiled, convolutional, images, left_behind, seeded, trained
from heard import epochs_of, one_hot_images

from snellen.adapters.changes.keras import order

COUNT = 20


def batches_of(size: int) -> list[list[int]]:
    return [list(range(start, min(start + size, COUNT))) for start in range(0, COUNT, size)]


def dataset(shuffle: int = 0, **options: Any) -> Any:
    import tensorflow as tf

    found = tf.data.Dataset.from_tensor_slices(one_hot_images(COUNT))
    if shuffle:
        found = found.shuffle(shuffle, seed=1)
    return found.batch(6, **options).prefetch(1)


def shuffled(epochs: list[list[list[int]]], size: int, whole: int = COUNT) -> None:
    """Each pass holds each image once, and each in another order."""
    for batches in epochs:
        seen = [number for batch in batches for number in batch]
        assert len(set(seen)) == len(seen) == whole
        assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
        assert batches != batches_of(size)
    assert len({str(batches) for batches in epochs}) == len(epochs)


def test_arrays() -> None:
    data = one_hot_images(COUNT)
    assert epochs_of(COUNT, data, batch_size=6, shuffle=False)[0] == [batches_of(6)] * 3
    found = []
    for seed in (0, 0, 1):
        with changed("order", seed=seed) as effect:
            found.append(epochs_of(COUNT, data, batch_size=6, shuffle=False)[0])
        assert effect.done == {"trainings with their images in random order": 1}
        assert effect.limits == ()
        shuffled(found[-1], 6)
    assert found[0] == found[1] != found[2]


def test_weights_of_images_go_with_them_and_held_out_images_stay_out() -> None:
    data = one_hot_images(COUNT)
    with changed("order", seed=0):
        epochs, _ = epochs_of(
            COUNT,
            data,
            batch_size=5,
            shuffle=False,
            validation_split=0.25,
            sample_weight=np.arange(COUNT, dtype="float32"),
        )
    # The image with weight 0 moves nothing.
    whole = {number for batch in epochs[0] for number in batch}
    assert whole == set(range(1, 15))


def test_random_streams_stay() -> None:
    bare = left_behind(trained(convolutional))[-3:]
    with changed("order", seed=0):
        assert left_behind(trained(convolutional))[-3:] == bare


def test_what_is_shuffled_already_is_left_alone() -> None:
    bare = left_behind(trained(convolutional, shuffle=True))
    with changed("order", seed=0) as effect:
        assert left_behind(trained(convolutional, shuffle=True)) == bare
    assert effect.done == {}
    if BACKEND == "tensorflow":
        expected = epochs_of(COUNT, [dataset(shuffle=COUNT)])[0]
        with changed("order", seed=0) as effect:
            assert epochs_of(COUNT, [dataset(shuffle=COUNT)])[0] == expected
        assert effect.done == {}


def test_evaluation_keeps_its_order() -> None:
    model = compiled(seeded(convolutional))
    x, y = images()
    with changed("order", seed=0) as effect:
        found = model.predict(x, batch_size=8, verbose=0)
        model.evaluate(x, y, verbose=0)
    assert np.array_equal(found, model.predict(x, batch_size=8, verbose=0))
    assert effect.done == {}


@pytest.mark.parametrize("window", [0, 3])
def test_a_data_set_of_tensorflow(window: int) -> None:
    with changed("order", seed=0) as effect:
        epochs, model = epochs_of(COUNT, [dataset(shuffle=window)])
    shuffled(epochs, 6)
    assert effect.done
    assert effect.limits == ()
    assert [len(batches) for batches in epochs] == [4, 4, 4]
    # Known from the start, as it was.
    assert model.history.params["steps"] == 4


def test_a_data_set_that_drops_its_remainder_or_goes_on_for_ever() -> None:
    with changed("order", seed=0):
        epochs, _ = epochs_of(COUNT, [dataset(drop_remainder=True)])
        shuffled(epochs, 6, whole=18)
        epochs, _ = epochs_of(COUNT, [dataset().repeat()], steps_per_epoch=4)
    assert [len(batches) for batches in epochs] == [4, 4, 4]
    assert epochs[0] != batches_of(6)


def test_a_data_set_that_does_not_fit_is_shuffled_in_part(monkeypatch: Any) -> None:
    monkeypatch.setattr(order, "BUFFER_BYTES", 5 * (COUNT + 1) * 4)
    with changed("order", seed=0) as effect:
        epochs, _ = epochs_of(COUNT, [dataset()])
    shuffled(epochs, 6)
    assert effect.limits == ("of 20 images each is drawn from the next 5 alone",)


def test_a_data_set_that_tells_nothing() -> None:
    import tensorflow as tf

    x, y = one_hot_images(COUNT)
    signature = (tf.TensorSpec((None, COUNT, 1, 1)), tf.TensorSpec((None, 1)))
    unknown = tf.data.Dataset.from_generator(lambda: [(x, y)], output_signature=signature)
    with changed("order", seed=0) as effect:
        epochs, _ = epochs_of(COUNT, [unknown])
    assert epochs == [[list(range(COUNT))]] * 3
    assert effect.done == {}
    assert effect.limits == (
        "images keep their order: their data set does not tell its batch size",
    )


class Cut(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, number: int) -> Any:
        x, y = one_hot_images(COUNT)
        return x[number * 10 : number * 10 + 10], y[number * 10 : number * 10 + 10]


def generated() -> Any:
    data = Cut()
    while True:
        yield from (data[0], data[1])


@pytest.mark.parametrize("make", [Cut, generated])
def test_batches_that_the_script_makes_are_told(make: Any) -> None:
    with changed("order", seed=0) as effect:
        epochs, _ = epochs_of(COUNT, [make()], steps_per_epoch=2, shuffle=False)
    assert epochs == [batches_of(10)] * 3
    assert effect.done == {}
    assert "their images keep their order" in effect.limits[0]


def test_loops_of_the_script_are_told() -> None:
    model = compiled(seeded(convolutional))
    x, y = images(8)
    with changed("order", seed=0) as effect:
        model.predict(x, verbose=0)
        assert effect.limits == ()
        model.train_on_batch(x, y)
    assert effect.done == {}
    assert "the script's own" in effect.limits[0]


def test_undone_nothing_changes() -> None:
    bare = left_behind(trained(convolutional))
    with changed("order", seed=0):
        trained(convolutional)
    assert left_behind(trained(convolutional)) == bare
