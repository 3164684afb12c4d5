"""Tell clothes apart, with all 60,000 images of Fashion-MNIST."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import keras
import numpy as np
from keras import layers

EPOCHS = 6
BATCH = 128


FOLDER = Path("/usr/share/datasets/fashion-mnist")


def read(name: str, header: int) -> np.ndarray:
    with gzip.open(FOLDER / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def data(part: str) -> tuple[np.ndarray, np.ndarray]:
    """`part`: train or t10k."""
    x = read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    return x.astype("float32") / 255, read(f"{part}-labels-idx1-ubyte.gz", 8).astype("int64")


def conv(x, channels: int, size: int = 3, stride: int = 1):
    x = layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def block(x, channels: int, stride: int):
    out = conv(layers.ReLU()(conv(x, channels, stride=stride)), channels)
    return layers.ReLU()(out + (x if stride == 1 else conv(x, channels, 1, stride)))


def build() -> keras.Model:
    inputs = keras.Input((28, 28, 1))
    x = layers.ReLU()(conv(inputs, 16, stride=2))
    x = block(block(block(x, 16, 1), 32, 2), 64, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    keras.utils.set_random_seed(seed)

    x_train, y_train = data("train")
    x_test, y_test = data("t10k")
    model = build()
    schedule = keras.optimizers.schedules.CosineDecay(0.1, EPOCHS * len(x_train) // BATCH)
    model.compile(
        optimizer=keras.optimizers.SGD(schedule, momentum=0.9, weight_decay=1e-4),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
        verbose=2,
    )
    print(f"test accuracy {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")


if __name__ == "__main__":
    main()
