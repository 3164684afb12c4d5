"""The data that `fit` trains on, changed before it cuts batches from them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportPrivateUsage=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches

Change = Callable[[dict[str, Any]], None]
"""Changes the arguments `x`, `y`, `batch_size`, `steps_per_epoch`, `shuffle` ... in place."""


class _Thread(threading.local):
    fits = 0
    """Calls of `fit` under way."""
    awaits_data = False
    """One has begun, and has not yet turned to its training images."""


def patch(patches: Patches, effect: Effect, change: Change) -> None:
    """Have `change` called once for each `fit`, for its training images alone.

    Updates outside `fit` are told as a limit: their batches are the script's own.
    """
    import keras
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.trainers.epoch_iterator import EpochIterator

    thread = _Thread()

    def fit(original: Any, *args: Any, **kwargs: Any) -> Any:
        thread.fits += 1
        thread.awaits_data = True
        try:
            return original(*args, **kwargs)
        finally:
            thread.fits -= 1
            thread.awaits_data = False

    def made(original: Any, iterator: Any, *args: Any, **kwargs: Any) -> Any:
        if not thread.awaits_data:
            return original(iterator, *args, **kwargs)
        thread.awaits_data = False
        bound = inspect.signature(original).bind(iterator, *args, **kwargs)
        bound.apply_defaults()
        change(bound.arguments)
        return original(*bound.args, **bound.kwargs)

    def updated(*args: Any, **kwargs: Any) -> None:
        del args, kwargs
        if not thread.fits:
            effect.cannot("the batches of loops and of `train_on_batch` are the script's own")

    def apply(original: Any, *args: Any, **kwargs: Any) -> Any:
        updated()
        return original(*args, **kwargs)

    trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
    patches.around(trainer, "fit", fit)
    patches.around(EpochIterator, "__init__", made)
    patches.around(BaseOptimizer, "apply", apply)
    if tensors.backend_name() == "torch":
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        patches.hook(register_optimizer_step_pre_hook(updated))


def are_arrays(given: dict[str, Any]) -> bool:
    """Whether `fit` cuts its batches from arrays."""
    from keras.src.trainers.data_adapters import array_data_adapter
    from keras.src.trainers.data_adapters.data_adapter import DataAdapter

    if isinstance(given["x"], DataAdapter):
        return False
    whole = tuple(given[name] for name in ("x", "y", "sample_weight"))
    return bool(array_data_adapter.can_convert_arrays(whole))


def kind_of(x: Any) -> str:
    """What else gives the batches, for a sentence that says so."""
    import keras

    if isinstance(x, keras.utils.PyDataset):
        return f"{type(x).__name__}, a PyDataset"
    return "a generator" if inspect.isgenerator(x) else type(x).__name__


class UnknownBatchesError(Exception):
    """The batches of a data set can't be cut anew; the message says why."""


@dataclass(frozen=True)
class Pipeline:
    """A `tf.data.Dataset` of batches, as far as its parts tell."""

    dataset: Any
    size: int
    """Images in a batch."""
    drop_remainder: bool
    images: int | None
    """In one pass; `None`: not known."""
    exact: bool
    """It gives these images once, all of them and no more."""
    shuffled: bool
    """Its images are in random order already, in another for each pass."""

    def batched_anew(self, images: Any, size: int) -> Any:
        """Its images, in whatever order, in batches of this size."""
        import tensorflow as tf

        batches = images.batch(size, drop_remainder=self.drop_remainder).prefetch(2)
        if self.images is None or not self.exact:
            return batches
        whole = self.images // size if self.drop_remainder else math.ceil(self.images / size)
        return batches.apply(tf.data.experimental.assert_cardinality(whole))


def pipeline_of(x: Any) -> Pipeline | None:
    """`None` for what is no `tf.data.Dataset`. Raises `UnknownBatchesError`."""
    from keras.src.trainers.data_adapters import is_tf_dataset

    if not is_tf_dataset(x):
        return None
    if not hasattr(x, "unbatch"):
        raise UnknownBatchesError("is distributed")
    parts = list(_parts(x))
    names = [type(part).__name__ for part in parts]
    place = next((place for place, part in enumerate(parts) if _batches(part)), None)
    if place is None:
        first = next(iter(tensors.leaves(x.element_spec)))
        size = first.shape[0] if first.shape.rank else None
        if size is None:
            raise UnknownBatchesError("does not tell its batch size")
        return Pipeline(x, int(size), True, None, exact=False, shuffled=False)
    if "Padded" in names[place] or "Ragged" in names[place]:
        raise UnknownBatchesError("pads its batches")
    batches = parts[place]
    before = parts[place + 1 :]
    given = int(before[0].cardinality()) if before else -1
    once = next((part for part in before if "Repeat" not in type(part).__name__), None)
    images = -1 if once is None else int(once.cardinality())
    size, drops = int(batches._batch_size), bool(batches._drop_remainder)
    return Pipeline(
        x,
        size,
        drops,
        None if images < 0 else images - images % size if drops else images,
        exact=given == images and all(name in _KEEPING for name in names[:place]),
        shuffled=any(map(_shuffles, before)),
    )


_KEEPING = frozenset(
    f"_{name}Dataset" for name in ("Map", "ParallelMap", "Prefetch", "Cache", "Options")
)
"""Parts that give as many batches as they take."""


def _parts(dataset: Any) -> Iterator[Any]:
    """From the last to the first, as far as they are in one line."""
    while True:
        yield dataset
        inputs = dataset._inputs()
        if len(inputs) != 1:
            return
        dataset = inputs[0]


def _batches(part: Any) -> bool:
    return hasattr(part, "_batch_size") and hasattr(part, "_drop_remainder")


def _shuffles(part: Any) -> bool:
    """Whether a part draws a new order of all images for each pass."""
    if "Shuffle" not in type(part).__name__ or not hasattr(part, "_buffer_size"):
        return False
    images = int(part._inputs()[0].cardinality())
    anew = getattr(part, "_reshuffle_each_iteration", True) is not False
    return anew and 0 <= images <= int(part._buffer_size)
