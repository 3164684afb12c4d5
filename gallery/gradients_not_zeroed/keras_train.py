"""Read digits with two convolutions, in a torch loop of its own."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import torch
from keras import layers
from sklearn.datasets import load_digits

EPOCHS = 10
BATCH = 64


def data(seed: int) -> tuple[np.ndarray, ...]:
    """Digits of 16 by 16 and their classes: 1440 to train on, 357 to test on."""
    pixels, digits = load_digits(return_X_y=True)
    x = pixels.reshape(-1, 8, 8, 1).astype("float32") / 16
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = order[:1440], order[1440:]
    return x[train], digits[train], x[test], digits[test]


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    *,
    mended: bool,
) -> None:
    optimizer = keras.optimizers.SGD(0.1)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    variables = model.trainable_variables
    for epoch in range(EPOCHS):
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            if mended:
                model.zero_grad()
            loss = loss_of(labels[index.numpy()], model(images[index.numpy()], training=True))
            loss.backward()
            gradients = [variable.value.grad for variable in variables]
            with torch.no_grad():
                optimizer.apply(gradients, variables)
            total += float(loss) * len(index)
        with torch.no_grad():
            answers = model(test_images).cpu().numpy().argmax(1)
        print(
            f"epoch {epoch + 1}  loss {total / len(images):.3f}  "
            f"test accuracy {(answers == test_labels).mean():.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    train(build(), *data(given.seed), mended=given.mended)


if __name__ == "__main__":
    main()
