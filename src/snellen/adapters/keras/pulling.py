"""Batches as `fit` takes them from its data, one at a time and none too many."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from snellen.adapters.contract import Guard
from snellen.adapters.keras import data, tensors


class Pulled(Protocol):
    """A training or an evaluation whose batches are to be seen."""

    per_execution: int

    def put_back(self) -> None:
        """Give the model its own function back."""
        ...

    def reading(self, state: Any) -> AbstractContextManager[None]:
        """Inside the block variables are read as the state that JAX gives an execution."""
        ...


Seen = Callable[[list[Any], Any], None]
"""Told the batches of one execution before it runs, and the shapes and dtypes of their iterator."""


def standing_in(fit: Pulled, original: Any, seen: Seen, guard: Guard) -> Callable[..., Any]:
    """A function to be called once in place of `model.train_function` or `test_function`, which it
    then calls.

    It takes from the iterator exactly what the original would take, and raises what that raises.
    """
    name = tensors.backend_name()

    def tensorflow(iterator: Any) -> Any:
        import tensorflow as tf

        fit.put_back()
        if not isinstance(iterator, tf.data.Iterator):
            return original(iterator)
        batches = list(itertools.islice(iterator, fit.per_execution))
        if not batches:
            return original(iterator)
        seen(batches, iterator.element_spec)
        feed = guard("keras.feed", _feed, batches, iterator.element_spec)
        return original(iter(batches) if feed is None else feed)

    def jax(state: Any, iterator: Any) -> Any:
        fit.put_back()
        batches = list(itertools.islice(iterator, fit.per_execution))
        if batches:
            with fit.reading(state):
                seen(batches, None)
        return original(state, itertools.chain(batches, iterator))

    def torch(batches: Any) -> Any:
        fit.put_back()
        seen(list(batches), None)
        return original(batches)

    return {"tensorflow": tensorflow, "jax": jax, "torch": torch}[name]


def _feed(batches: list[Any], specification: Any) -> Any:
    """An iterator over these batches that TensorFlow takes for the one they came from.

    Of the same specification (the batch size may be open in it), so that nothing is traced anew.
    """
    import tensorflow as tf

    def one(batch: Any) -> Any:
        variant = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
        return tf.data.experimental.from_variant(variant, structure=specification)

    whole = one(batches[0])
    for batch in batches[1:]:
        whole = whole.concatenate(one(batch))
    return iter(whole)


def specification_of(batch: Any) -> Any:
    """Shapes and dtypes of a batch at hand."""
    import keras

    return tensors.mapped(
        lambda leaf: keras.KerasTensor(
            tuple(leaf.shape), keras.backend.standardize_dtype(leaf.dtype)
        ),
        batch,
    )


def build_as_traced(model: Any, specification: Any) -> None:
    """Build a model before TensorFlow would do so by tracing its first step, and in the same way.

    Keras does the same on its other backends. Initial weights depend on seeds that the layers drew
    when they were made, not on when they are built.
    """
    import keras
    from keras.src import backend

    def symbol(leaf: Any) -> Any:
        if isinstance(leaf, keras.KerasTensor):
            return leaf
        return keras.KerasTensor(tuple(leaf.shape), leaf.dtype.name)

    x, _, _ = data.unpacked(specification)
    backend.compute_output_spec(model, tensors.mapped(symbol, x), training=False)
