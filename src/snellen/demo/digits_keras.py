"""A small CNN on the digits of scikit-learn, trained in Keras with too high a learning rate."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
from __future__ import annotations

import sys

import keras
import numpy as np
from keras import layers
from rich.console import Console
from rich.progress import Progress
from sklearn.datasets import load_digits

EPOCHS = 8

keras.utils.set_random_seed(0)
pixels, digits = load_digits(return_X_y=True)
enlarged = np.kron(pixels.reshape(-1, 8, 8, 1) / 16.0, np.ones((2, 2, 1)))
images = enlarged.astype("float32")
shuffled = np.random.default_rng(0).permutation(len(images))
train, test = shuffled[:1437], shuffled[1437:]

model = keras.Sequential(
    [
        layers.Input((16, 16, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
        layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu", name="conv3"),
        layers.Conv2D(64, 3, padding="same", activation="relu", name="conv4"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax", name="head"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.03),  # 0.001 would do.
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

with Progress(console=Console(file=sys.stderr)) as progress:
    epochs = progress.add_task("Training", total=EPOCHS)
    model.fit(
        images[train],
        digits[train],
        validation_data=(images[test], digits[test]),
        batch_size=32,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: progress.advance(epochs))
        ],
    )
loss, accuracy = model.evaluate(images[test], digits[test], verbose=0)
print(f"test loss {loss:.3f}, test accuracy {accuracy:.1%}")
