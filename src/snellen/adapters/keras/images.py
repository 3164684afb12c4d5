"""The images among a model's inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from typing import Any

import numpy as np

from snellen.adapters.contract import Array
from snellen.adapters.keras import tensors


def place_of_images(inputs: Any) -> int | None:
    """Which tensor of the inputs, flattened, holds the images: the first of floating point that has
    positions, else the first of floating point."""
    ranks = [
        (place, len(leaf.shape))
        for place, leaf in enumerate(tensors.leaves(inputs))
        if _is_float(leaf) and len(leaf.shape) >= 2
    ]
    with_positions = [place for place, rank in ranks if rank > 2]
    return next(iter([*with_positions, *(place for place, _ in ranks)]), None)


def _is_float(leaf: Any) -> bool:
    name = str(getattr(leaf.dtype, "name", leaf.dtype)).split(".")[-1]
    return name.startswith(("float", "bfloat", "half", "double"))


def images_of(inputs: Any) -> Array | None:
    """The images `(images, channels, *positions)`, copied; `None` where there are none."""
    place = place_of_images(inputs)
    if place is None:
        return None
    host = tensors.as_float(tensors.on_host(tensors.leaves(inputs)[place]))
    return np.array(tensors.channels_second(host, tensors.channel_axis()))


def with_images(inputs: Any, images: Array) -> Any:
    """Inputs on the host that hold these images instead, in their dtype and layout.

    Raises `ValueError` where there are no images to replace, or not as many."""
    place = place_of_images(inputs)
    if place is None:
        raise ValueError("these inputs hold no images of floating point to put others in place of")
    old = tensors.on_host(tensors.leaves(inputs)[place])
    new = channels_back(images, tensors.channel_axis())
    if new.shape != old.shape:
        raise ValueError(f"images of shape {new.shape} can't stand in for those of {old.shape}")
    return replaced(inputs, place, np.ascontiguousarray(new).astype(old.dtype, copy=True))


def channels_back(array: Array, axis: int) -> Array:
    """A view with the channels, which are second, moved to `axis`; vectors stay as they are."""
    return np.moveaxis(array, 1, axis) if array.ndim > 2 else array


def replaced(inputs: Any, place: int, leaf: Any) -> Any:
    """The same nesting with another tensor at this place among the tensors."""
    import keras

    # `map_structure` may go through a dictionary in another order than `flatten`.
    flat = keras.tree.flatten(inputs)
    known = [index for index, one in enumerate(flat) if one is not None]
    flat[known[place]] = leaf
    return keras.tree.pack_sequence_as(inputs, flat)
