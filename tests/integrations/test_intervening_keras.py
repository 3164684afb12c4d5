"""`snellen.intervene` in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import snellen

keras = pytest.importorskip("keras")


def trained() -> list[Any]:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    images = np.random.default_rng(0).random((24, 4, 4, 1), dtype=np.float32)
    model.fit(images, np.arange(24) % 2, batch_size=8, epochs=1, shuffle=False, verbose=0)
    return [np.array(w) for w in model.get_weights()]


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "given"), [("learning-rate", {"factor": 0.1}), ("initialisation", {})]
)
def test_the_change_is_made_and_nothing_of_it_is_left(name: str, given: dict[str, Any]) -> None:
    without = trained()
    with snellen.intervene(name, framework="keras", **given) as change:
        within = trained()
    assert change.framework == "keras"
    assert change.done
    assert not same(within, without)
    assert same(trained(), without)
