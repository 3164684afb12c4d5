"""Each seed that the script sets is another one, and what has a seed of its own keeps it."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import BACKEND, changed


def streams() -> list[Any]:
    """One draw from everything that has a global seed."""
    found: list[Any] = [random.random(), float(np.random.random())]
    found.append(keras.ops.convert_to_numpy(keras.random.uniform((2,))).tolist())
    found.append(made())
    if BACKEND == "tensorflow":
        import tensorflow as tf

        found.append(tf.random.uniform((2,)).numpy().tolist())
    return found


def made() -> Any:
    layer = keras.layers.Dense(2)
    layer.build((None, 2))
    return layer.kernel.numpy().tolist()


def set_all(seed: int) -> None:
    keras.utils.set_random_seed(seed)


def set_each(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.random.set_seed(seed)


def test_a_seed_for_everything_is_shifted() -> None:
    set_all(105)
    expected = streams()
    with changed("seed", offset=100) as effect:
        set_all(5)
        assert streams() == expected
        keras.utils.set_random_seed(seed=5)
        assert streams() == expected
    assert effect.done["seeds shifted"] == 2
    set_all(5)
    assert streams() != expected


def test_each_seed_is_shifted() -> None:
    set_all(0)
    set_each(105)
    expected = streams()[:2]
    with changed("seed", offset=100) as effect:
        set_each(5)
        assert streams()[:2] == expected
        random.seed(a=5)
        np.random.seed(seed=np.int64(5))
        assert streams()[:2] == expected
    assert effect.done["seeds shifted"] >= 4


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's own stream")
def test_tensorflows_seed_is_shifted() -> None:
    import tensorflow as tf

    tf.random.set_seed(105)
    expected = tf.random.uniform((3,)).numpy()
    with changed("seed", offset=100):
        tf.random.set_seed(5)
        assert np.array_equal(tf.random.uniform((3,)).numpy(), expected)


def test_a_script_without_a_seed_gets_one() -> None:
    with changed("seed", offset=7) as effect:
        first = streams()
    with changed("seed", offset=7):
        assert streams() == first
    with changed("seed", offset=8):
        assert streams() != first
    assert effect.done == {"streams seeded by the change": 1}


def test_an_offset_of_zero_leaves_everything() -> None:
    set_all(5)
    expected = streams()
    set_all(5)
    with changed("seed", offset=0) as effect:
        assert streams() == expected
        set_all(5)
        assert streams() == expected
    assert not effect.done
    assert not effect.limits


def test_generators_of_their_own_keep_their_seeds() -> None:
    def own() -> list[Any]:
        seeded = keras.random.SeedGenerator(3)
        return [
            np.random.default_rng(3).random(),
            random.Random(3).random(),
            keras.ops.convert_to_numpy(keras.random.uniform((2,), seed=seeded)).tolist(),
        ]

    expected = own()
    with changed("seed", offset=100):
        assert own() == expected


def test_seeds_that_are_no_numbers() -> None:
    random.seed("five")
    expected = random.random()
    with changed("seed", offset=100) as effect:
        random.seed("five")
        assert random.random() == expected
        # Nothing at all means another stream each time.
        random.seed(None)
        np.random.seed(None)
    assert effect.limits == ("a seed that is no number is left",)


def test_afterwards_seeds_are_the_scripts_own() -> None:
    set_all(5)
    expected = streams()
    with changed("seed", offset=100):
        set_all(5)
    set_all(5)
    assert streams() == expected
