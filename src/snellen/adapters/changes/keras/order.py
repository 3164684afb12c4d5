"""Training images come in random order."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateUsage=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import fit_data
from snellen.adapters.changes.keras.fit_data import Pipeline
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches

BUFFER_BYTES = 256 << 20
"""Of images that are held ready to be drawn from, where they come from a `tf.data.Dataset`."""

BUFFER_IMAGES = 10_000
"""At most, of a data set that may have no end: all of them are read before the first step."""


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Shuffle what `fit` is given as arrays or as a `tf.data.Dataset`, and does not shuffle itself.

    Images of a data set are drawn from as many of them as fit into `BUFFER_BYTES`, or from
    `BUFFER_IMAGES` where it does not tell how many it has. Those of a
    `PyDataset`, of a generator or of a loader stay in the batches that these have made.
    """

    def change(given: dict[str, Any]) -> None:
        if fit_data.are_arrays(given):
            if not given["shuffle"]:
                given["x"] = _adapter(given, seed)
                effect.did("trainings with their images in random order")
            return
        try:
            pipeline = fit_data.pipeline_of(given["x"])
            if pipeline is None:
                effect.cannot(
                    f"batches come from {fit_data.kind_of(given['x'])}: their images keep their "
                    "order"
                )
            elif not pipeline.shuffled:
                given["x"] = _shuffled(pipeline, seed, effect)
                effect.did("trainings with their images in random order")
        except fit_data.UnknownBatchesError as error:
            effect.cannot(f"images keep their order: their data set {error}")

    fit_data.patch(patches, effect, change)


def _shuffled(pipeline: Pipeline, seed: int, effect: Effect) -> Any:
    images = pipeline.dataset.unbatch()
    specs = tensors.leaves(images.element_spec)
    if not all(hasattr(spec, "shape") and spec.shape.is_fully_defined() for spec in specs):
        raise fit_data.UnknownBatchesError("does not tell the size of its images")
    size = sum(math.prod(spec.shape) * spec.dtype.size for spec in specs)
    buffer = max(BUFFER_BYTES // max(size, 1), 1)
    if pipeline.images is None:
        buffer = min(buffer, BUFFER_IMAGES)
    elif pipeline.images > buffer:
        effect.cannot(f"of {pipeline.images} images each is drawn from the next {buffer} alone")
    else:
        buffer = max(pipeline.images, 1)
    shuffled = images.shuffle(buffer, seed=seed, reshuffle_each_iteration=True)
    return pipeline.batched_anew(shuffled, pipeline.size)


def _adapter(given: dict[str, Any], seed: int) -> Any:
    """Keras's own way of cutting batches from arrays, with permutations of our own."""
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    random = np.random.default_rng(seed)

    class ShuffledArrays(ArrayDataAdapter):
        def get_tf_dataset(self) -> Any:
            import tensorflow as tf

            owner: Any = tf.random
            shuffle = owner.shuffle

            def shuffled(indices: Any) -> Any:
                def permutation() -> Any:
                    return random.permutation(self._num_samples)

                found: Any = tf.numpy_function(permutation, [], tf.int64)
                return tf.ensure_shape(found, indices.shape)

            # Keras looks it up while it puts the data set together, and it draws from the script's
            # own stream.
            owner.shuffle = shuffled
            try:
                return super().get_tf_dataset()
            finally:
                owner.shuffle = shuffle

        def get_torch_dataloader(self) -> Any:
            import torch
            from torch.utils.data import BatchSampler, DataLoader, RandomSampler

            own = torch.Generator().manual_seed(int(random.integers(1 << 31)))
            plain = super().get_torch_dataloader()
            sampler = RandomSampler(range(self._num_samples), generator=own)
            return DataLoader(
                plain.dataset,
                batch_sampler=BatchSampler(sampler, self._batch_size, drop_last=False),
                collate_fn=plain.collate_fn,
            )

        def _get_iterator(self, slice_and_convert_fn: Callable[..., Any], inputs: Any) -> Any:
            return _batches(self, random, slice_and_convert_fn, inputs)

    return ShuffledArrays(
        given["x"],
        given["y"],
        sample_weight=given["sample_weight"],
        batch_size=given["batch_size"],
        steps=given["steps_per_epoch"],
        shuffle=True,
        class_weight=given["class_weight"],
    )


def _batches(
    adapter: Any, random: np.random.Generator, cut: Callable[..., Any], inputs: Any
) -> Iterator[Any]:
    """One pass over arrays."""
    from keras.src import tree

    order = random.permutation(adapter._num_samples)
    for start in range(0, len(order), adapter._batch_size):
        indices = order[start : start + adapter._batch_size]
        one = functools.partial(cut, indices=indices)
        yield tree.map_structure(one, inputs, none_is_leaf=False)
