"""Images and labels as they enter a training, and fair samples of them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array, Batch
from snellen.adapters.keras import tensors

WHOLE_IMAGES = 4096
WHOLE_BYTES = 64 << 20
"""A training set up to this size is handed over whole: only what is drawn of it is copied."""

SHARES = 4
"""Of a larger one, a sample of so many times the probe: enough to balance and to drop doubles."""


def are_arrays(structure: Any) -> bool:
    """Whether these are numbers in arrays or tensors at hand, and not a generator or a data set."""
    leaves = tensors.leaves(structure)
    return bool(leaves) and all(
        hasattr(leaf, "shape")
        and (hasattr(leaf, "__array__") or hasattr(leaf, "detach"))
        and len(leaf.shape) > 0
        and _are_numbers(leaf.dtype)
        and not tensors.is_symbolic(leaf)
        for leaf in leaves
    )


def _are_numbers(dtype: Any) -> bool:
    name = str(getattr(dtype, "name", dtype)).split(".")[-1]
    return name.startswith(("float", "bfloat", "int", "uint", "bool", "half", "double"))


def batch_of(x: Any, y: Any) -> Batch:
    """Inputs and labels as a batch on the host; shares memory where it can."""
    inputs = tensors.mapped(tensors.on_host, x)
    first: Array = tensors.leaves(inputs)[0]
    labels = [tensors.on_host(leaf) for leaf in tensors.leaves(y)]
    return Batch(
        inputs=inputs,
        images=len(first),
        labels=labels[0] if labels else None,
        first_input=tensors.channels_second(first, tensors.channel_axis()),
    )


def trained_on(images: int, validation_split: float) -> int:
    """How many of the first images `fit` trains on; it keeps the rest for validation."""
    return math.floor(images * (1.0 - validation_split)) if validation_split else images


def training_set(
    x: Any, y: Any, *, validation_split: float, probe_images: int
) -> tuple[Batch, bool]:
    """A fair sample of the arrays given to `fit`, and whether it is all that `fit` trains on."""
    leaves = tensors.leaves(x)
    images = trained_on(int(leaves[0].shape[0]), validation_split)
    size = sum(math.prod(leaf.shape) * _itemsize(leaf) for leaf in leaves)
    if images <= WHOLE_IMAGES and size <= WHOLE_BYTES:
        return batch_of(*_cut((x, y), slice(images))), True
    classes = classes_of(y, images)
    index = fair_sample(images, classes, min(SHARES * probe_images, images))
    return batch_of(*_cut((x, y), index)), len(index) == images


HELD_OUT_IMAGES = 1024
HELD_OUT_BYTES = 64 << 20
"""Of images that are held out so many are shown at most."""


def even_sample(x: Any, y: Any) -> Batch:
    """Images from the whole of these arrays, evenly spaced, as one batch."""
    leaves = tensors.leaves(x)
    images = int(leaves[0].shape[0])
    size = sum(math.prod(leaf.shape) * _itemsize(leaf) for leaf in leaves)
    wanted = min(images, HELD_OUT_IMAGES, max(HELD_OUT_BYTES * images // max(size, 1), 1))
    if wanted == images:
        return batch_of(x, y)
    index = np.linspace(0, images - 1, wanted).round().astype(np.int64)
    return batch_of(*_cut((x, y), index))


def same_memory(x: Any, other: Any) -> bool:
    """Whether one of these is the other, or both are arrays that share memory."""
    if x is other:
        return True
    both = isinstance(x, np.ndarray) and isinstance(other, np.ndarray)
    return both and bool(np.may_share_memory(x, other))


def _itemsize(leaf: Any) -> int:
    size = getattr(leaf.dtype, "itemsize", None) or getattr(leaf.dtype, "size", None)
    return int(size) if isinstance(size, int) else 4


def _cut(structure: Any, index: Any) -> Any:
    return tensors.mapped(lambda leaf: tensors.on_host(leaf)[index], structure)


def classes_of(y: Any, images: int) -> npt.NDArray[np.int64] | None:
    """The class of each of the first images, where the labels say one: integers or one-hot rows."""
    labels = tensors.leaves(y)
    if not labels:
        return None
    first = tensors.on_host(labels[0])[:images]
    if first.ndim == 2 and first.shape[1] > 1:
        hot = (first == 1).sum(axis=1) == 1
        only = hot & ((first == 0).sum(axis=1) == first.shape[1] - 1)
        return np.argmax(first, axis=1).astype(np.int64) if only.all() else None
    if first.ndim > 2 or first.size != len(first):
        return None
    flat = first.reshape(-1)
    if flat.dtype.kind == "f":
        finite = np.isfinite(flat)
        if not finite.all() or (flat != np.round(flat)).any():
            return None
    classes = np.unique(flat)
    # More values than this for their number are a quantity and not a class.
    return flat.astype(np.int64) if len(classes) <= max(2, len(flat) // 4) else None


def fair_sample(
    images: int, classes: npt.NDArray[np.int64] | None, wanted: int
) -> npt.NDArray[np.int64]:
    """Indices of `wanted` images in rising order, classes alike as far as it goes."""
    if wanted >= images:
        return np.arange(images, dtype=np.int64)
    random = np.random.default_rng(0)
    order = random.permutation(images)
    if classes is None:
        return np.sort(order[:wanted]).astype(np.int64)
    shuffled = classes[order]
    # The rank of each image within its class: lowest ranks first deals classes out in turn.
    by_class = np.argsort(shuffled, kind="stable")
    _, starts, counts = np.unique(shuffled[by_class], return_index=True, return_counts=True)
    rank = np.empty(images, np.int64)
    rank[by_class] = np.arange(images) - np.repeat(starts, counts)
    return np.sort(order[np.argsort(rank, kind="stable")[:wanted]]).astype(np.int64)


def select(batches: Sequence[Any], index: npt.NDArray[np.int64]) -> Any:
    """The images `index` of batches laid end to end, in that order, copied."""
    import keras

    sizes = [len(tensors.leaves(batch)[0]) for batch in batches]
    ends = np.cumsum(sizes)
    batch_of_image = np.searchsorted(ends, index, side="right")

    def gathered(*leaves: Array | None) -> Array | None:
        known = [leaf for leaf in leaves if leaf is not None]
        if not known:
            return None
        out = np.empty((len(index), *known[0].shape[1:]), known[0].dtype)
        for place, leaf in enumerate(known):
            here = batch_of_image == place
            out[here] = leaf[index[here] - (ends[place] - sizes[place])]
        return out

    return keras.tree.map_structure(gathered, *batches)


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """A batch of a data set as `(x, y, sample weights)`."""
    import keras

    return keras.utils.unpack_x_y_sample_weight(data)
