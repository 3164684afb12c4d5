"""The trainings of `shared.py` in Keras, one after another: `keras_train.py FOLDER NAME...`."""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import shared
from keras import layers

import snellen


def build(plan: shared.Training) -> keras.Sequential:
    options: dict[str, object] = {}
    if plan.l1:
        options["kernel_regularizer"] = keras.regularizers.L1(plan.l1)
    if plan.zero:
        options["kernel_initializer"] = "zeros"
    hidden = dict(options)
    if plan.bias is not None:
        hidden["bias_initializer"] = keras.initializers.Constant(plan.bias)
    if plan.sigmoids:
        deep = [
            layers.Conv2D(16, 3, padding="same", activation="sigmoid") for _ in range(shared.DEPTH)
        ]
        tail = [layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(10)]
        return keras.Sequential([layers.Input((8, 8, 1)), *deep, *tail])
    return keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu", **hidden),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu", **hidden),
            layers.Flatten(),
            layers.Dense(64, activation="relu", **hidden),
            layers.Dense(10, **options),
        ]
    )


def train(plan: shared.Training, run_file: Path) -> None:
    keras.utils.set_random_seed(0)
    (x, y), (unseen, truth) = shared.data(plan.data)
    model = build(plan)
    kind = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[plan.optimizer]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=kind(learning_rate=plan.rate), loss=loss, metrics=["accuracy"])
    with snellen.watch(model, run_file=run_file):
        model.fit(
            x[..., None],
            y,
            batch_size=shared.BATCH,
            epochs=shared.EPOCHS,
            validation_data=(unseen[..., None], truth),
            verbose=0,
        )


def main() -> None:
    folder, *names = sys.argv[1:]
    for name in names:
        train(shared.TRAININGS[name], Path(folder) / f"{name}.snellen")


if __name__ == "__main__":
    main()
