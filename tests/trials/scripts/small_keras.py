"""Read digits with Keras; at a rate of 20 the network learns nothing. Leaves a file beside it."""

from pathlib import Path

import keras
from keras import layers
from sklearn.datasets import load_digits

RATE = 20.0

keras.utils.set_random_seed(0)
pixels, digits = load_digits(return_X_y=True)
x = pixels[:640].reshape(-1, 8, 8, 1).astype("float32") / 16
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(RATE, momentum=0.9), loss="sparse_categorical_crossentropy"
)
history = model.fit(x, digits[:640], batch_size=32, epochs=8, verbose=0)
Path("last.txt").write_text(f"{history.history['loss'][-1]}")
