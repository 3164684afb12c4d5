"""Tell four kinds of whales by the time between their two clicks."""

from __future__ import annotations

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 8
BATCH = 32
PAUSES = (16, 22, 28, 34)


def clicks(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sounds of 128 samples by 1 with two clicks, and which of four pauses is between these."""
    y = rng.integers(0, len(PAUSES), count)
    x = rng.normal(0, 0.25, (count, 128, 1))
    pulse = np.array([0.6, -1.5, 2, -1.5, 0.6])
    for sound, kind in zip(x[..., 0], y, strict=True):
        first = rng.integers(5, 80)
        second = first + PAUSES[kind] + rng.integers(-1, 2)
        sound[first : first + 5] += rng.uniform(0.7, 1.3) * pulse
        sound[second : second + 5] += rng.uniform(0.7, 1.3) * pulse
    return x.astype(np.float32), y


class Listener(keras.Model):
    def __init__(self, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = [layers.Conv1D(24, 5, padding="same", dilation_rate=d) for d in dilations]
        self.norms = [layers.BatchNormalization(momentum=0.9) for _ in dilations]
        self.acts = [layers.LeakyReLU(0.1) for _ in dilations]
        self.pool = layers.GlobalMaxPooling1D()
        self.head = layers.Dense(len(PAUSES))

    def call(self, x, training=False):
        for conv, norm, act in zip(self.convs, self.norms, self.acts, strict=True):
            x = act(norm(conv(x), training=training))
        return self.head(self.pool(x))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="dilations of 4 and 8")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    (x, y), (test_x, test_y) = clicks(rng, 2000), clicks(rng, 400)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(BATCH)

    model = Listener((1, 4, 8) if options.mended else (1, 1, 1))
    model(x[:1])
    optimizer = keras.optimizers.AdamW(3e-3, weight_decay=1e-3)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(sounds, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(sounds, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for epoch in range(EPOCHS):
        total = 0.0
        for sounds, labels in batches:
            total += float(step(sounds, labels)) * len(labels)
        answers = model(test_x, training=False)
        test_loss = float(loss_of(test_y, answers))
        accuracy = (np.argmax(answers, 1) == test_y).mean()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


if __name__ == "__main__":
    main()
