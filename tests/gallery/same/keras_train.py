"""The training of `shared.py` in Keras."""

from __future__ import annotations

import keras
import numpy as np
import shared
from keras import layers


def build() -> keras.Model:
    squash = "sigmoid" if shared.SQUASH else "relu"
    a, b, c = shared.WIDTHS
    side = shared.SIDE // 4
    model = keras.Sequential(
        [
            keras.Input((shared.SIDE, shared.SIDE, 1)),
            layers.Conv2D(a, 3, padding="same", activation=squash, name="conv1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(b, 3, padding="same", activation=squash, name="conv2"),
            layers.MaxPooling2D(2),
            layers.Conv2D(c, 3, padding="same", activation=squash, name="conv3"),
            layers.Flatten(),
            layers.Dense(10, name="head"),
        ]
    )
    for name, (kernel, bias) in shared.weights().items():
        if name == "head":
            # Rows of a flattened map: position by position here, channel by channel in PyTorch.
            laid = kernel.reshape(10, c, side, side).transpose(2, 3, 1, 0).reshape(-1, 10)
        else:
            laid = kernel.transpose(2, 3, 1, 0)
        model.get_layer(name).set_weights([np.ascontiguousarray(laid), bias])
    return model


def main() -> None:
    model = build()
    images, labels = shared.data()
    model.compile(
        keras.optimizers.Adam(shared.RATE, epsilon=1e-7),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        images.transpose(0, 2, 3, 1),
        labels,
        batch_size=shared.BATCH,
        epochs=shared.EPOCHS,
        shuffle=False,
        verbose=0,
    )


if __name__ == "__main__":
    main()
