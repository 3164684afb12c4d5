"""Batch normalisations of Keras: what they remember, and how to have them use the batch instead."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from snellen.adapters.contract import Array, Normalisation
from snellen.adapters.keras import tensors


@contextlib.contextmanager
def batch_statistics(wanted: bool = True) -> Generator[None]:
    """Inside the block batch normalisations called by this thread use the batch's own statistics,
    as in training: frozen ones go on with those they remember.

    They also assign new moving averages, which the caller has to forget (`untouched`).
    """
    if not wanted:
        yield
        return
    from keras import layers

    owner: Any = layers.BatchNormalization
    original = owner.__dict__["call"]
    thread = threading.get_ident()

    @functools.wraps(original)
    def call(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if threading.get_ident() == thread:
            training = True
        return original(layer, inputs, training=training, mask=mask)

    owner.call = call
    try:
        yield
    finally:
        owner.call = original


def normalisation_of(layer: Any, read: Callable[[Any], Array]) -> Normalisation | None:
    """What a batch normalisation remembers, copied; `None` for any other layer."""
    from keras.layers import BatchNormalization

    if not isinstance(layer, BatchNormalization):
        return None

    def values(name: str) -> Array | None:
        variable = getattr(layer, name, None)
        return None if variable is None else np.array(tensors.as_float(read(variable)))

    mean, variance = values("moving_mean"), values("moving_variance")
    if mean is None or variance is None:
        return None
    return Normalisation(
        running_mean=mean,
        running_variance=variance,
        gain=values("gamma"),
        shift=values("beta"),
        epsilon=float(layer.epsilon),
        kept=float(layer.momentum),
    )
