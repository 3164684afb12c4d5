"""Count the bacteria in a drop of water, one to nine."""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

EPOCHS = 9
BATCH = 32


def drops(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Short rods in images of 32 by 32 by 1, and how many there are, one to nine."""
    rows, columns = np.mgrid[:32, :32]
    numbers = rng.integers(1, 10, (images, 1))
    x = 0.4 + rng.normal(0, 0.05, (images, 32, 32, 1))
    for image, number in zip(x[..., 0], numbers[:, 0], strict=True):
        for place in rng.permutation(16)[:number]:
            row, column = 8 * np.array(divmod(place, 4)) + rng.uniform(2.5, 5.5, 2)
            angle = rng.uniform(0, np.pi)
            down, right = rows - row, columns - column
            along = down * np.sin(angle) + right * np.cos(angle)
            across = down * np.cos(angle) - right * np.sin(angle)
            image[(np.abs(along) < 2.5) & (np.abs(across) < 1.1)] += 0.4
    return x.astype(np.float32), numbers.astype(np.float32)


def unit(x, channels: int):
    """Widened, looked at channel by channel, narrowed, and added."""
    y = layers.Conv2D(3 * channels, 1, use_bias=False)(x)
    y = layers.Activation("hard_swish")(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
    y = layers.Activation("hard_swish")(layers.BatchNormalization(momentum=0.9)(y))
    y = layers.Conv2D(channels, 1, use_bias=False)(y)
    return layers.Add()([x, layers.BatchNormalization(momentum=0.9)(y)])


def build(*, squashed: bool) -> keras.Model:
    inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(12, 4, strides=2, padding="same", activation="hard_swish")(inputs)
    x = layers.MaxPooling2D()(unit(x, 12))
    x = layers.GlobalAveragePooling2D()(unit(x, 12))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid" if squashed else None)(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="no sigmoid behind the count")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    train, test = drops(rng, 1200), drops(rng, 300)

    model = build(squashed=not options.mended)
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.Huber(),
        metrics=["mae"],
    )
    model.fit(*train, batch_size=BATCH, epochs=EPOCHS, validation_data=test, verbose=2)


if __name__ == "__main__":
    main()
