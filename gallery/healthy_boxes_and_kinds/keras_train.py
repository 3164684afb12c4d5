"""Find the one part on a conveyor: its box and its kind."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 8
BATCH = 32


def parts(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures of 40 by 40 by 1 with a washer, a plate or a cross; its box as the row and column of
    its middle and its half height and half width, in shares of the picture; and its kind."""
    rows, columns = np.mgrid[:40, :40]
    kinds = rng.integers(0, 3, images)
    boxes = rng.uniform((12, 12, 5, 5), (28, 28, 10, 10), (images, 4))
    x = 0.4 + rng.normal(0, 0.08, (images, 40, 40, 1))
    for image, kind, (row, column, high, wide) in zip(x[..., 0], kinds, boxes, strict=True):
        down, right = np.abs(rows - row) / high, np.abs(columns - column) / wide
        inside = np.maximum(down, right) < 1
        if kind == 0:
            inside = np.abs(np.hypot(down, right) - 0.75) < 0.25
        if kind == 2:
            inside &= np.minimum(down, right) < 0.35
        image[inside] += rng.uniform(0.25, 0.5)
    return x.astype(np.float32), (boxes / 40).astype(np.float32), kinds


def unit(x, channels: int):
    y = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(x)
    y = layers.PReLU(shared_axes=[1, 2])(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(channels, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    y = layers.Add()([y, layers.Conv2D(channels, 1, strides=2)(x)])
    return layers.PReLU(shared_axes=[1, 2])(y)


def build() -> keras.Model:
    inputs = keras.Input((40, 40, 1))
    x = unit(unit(unit(inputs, 16), 24), 32)
    box = layers.Dense(4, name="box")(layers.Flatten()(x))
    kind = layers.GlobalAveragePooling2D()(x)
    kind = layers.Dense(3, activation="softmax", name="kind")(kind)
    return keras.Model(inputs, {"box": box, "kind": kind})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, boxes, kinds = parts(rng, 1200)
    test_x, test_boxes, test_kinds = parts(rng, 300)

    model = build()
    steps = EPOCHS * len(x) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4, steps - 60, warmup_target=3e-3, warmup_steps=60
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.01),
        loss={"box": keras.losses.Huber(0.05), "kind": "sparse_categorical_crossentropy"},
        loss_weights={"box": 20.0, "kind": 1.0},
    )
    model.fit(
        x,
        {"box": boxes, "kind": kinds},
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(test_x, {"box": test_boxes, "kind": test_kinds}),
        verbose=2,
    )
    answers = model.predict(test_x, verbose=0)
    off = 40 * np.abs(answers["box"] - test_boxes).mean()
    accuracy = np.mean(answers["kind"].argmax(1) == test_kinds)
    print(f"parts:  pixels off {off:.2f}  test accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
