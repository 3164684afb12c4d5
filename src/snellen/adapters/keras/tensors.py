"""Tensors of the backend and arrays on the host, one way and the other."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from snellen.adapters.contract import Array


def backend_name() -> str:
    """`tensorflow`, `jax` or `torch`."""
    import keras

    return str(keras.backend.backend())


def on_host(tensor: Any) -> Array:
    """The values of an array or a tensor, without a copy where the backend allows it.

    Never to be written to. bfloat16 comes as `ml_dtypes.bfloat16`.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    if hasattr(tensor, "read_value"):
        # A variable of TensorFlow: as a tensor it shares its memory, as an array it is a copy.
        tensor = tensor.read_value()
    if hasattr(tensor, "detach"):
        return _torch_on_host(tensor)
    if type(tensor).__name__ == "EagerTensor" and tensor.dtype.name in _BUFFERS:
        if "CPU" not in tensor.backing_device:
            return tensor.numpy()
        # `EagerTensor.numpy` copies; its buffer does not.
        return np.asarray(memoryview(tensor))
    return np.asarray(tensor)


_BUFFERS = frozenset({"float16", "float32", "float64", "int32", "int64", "uint8", "int8", "int16"})


def _torch_on_host(tensor: Any) -> Array:
    import torch

    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


def as_float(array: Array) -> Array:
    """The same values in a dtype that NumPy computes in."""
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def channels_second(array: Array, axis: int) -> Array:
    """A view with the channel axis moved behind the images; vectors stay as they are."""
    return np.moveaxis(array, axis, 1) if array.ndim > 2 else array


def channel_axis(data_format: str | None = None) -> int:
    """-1 or 1: where the channels are in this data format (default: the configured one)."""
    import keras

    return 1 if (data_format or keras.config.image_data_format()) == "channels_first" else -1


def leaves(structure: Any) -> list[Any]:
    """The tensors and arrays in nested tuples, lists and dictionaries, without `None`."""
    import keras

    return [leaf for leaf in keras.tree.flatten(structure) if leaf is not None]


def mapped(function: Any, structure: Any) -> Any:
    """The same nesting with `function` of every leaf; `None` stays."""
    import keras

    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf), structure
    )


def is_tensor(value: Any) -> bool:
    """A tensor of the backend, with values or within a trace; no variable and no Keras tensor."""
    import keras

    return bool(keras.ops.is_tensor(value)) and type(value).__name__ != "KerasTensor"


def any_keras_tensor(structure: Any) -> bool:
    """Whether a functional model is being put together out of these, and nothing is computed."""
    import keras

    return any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(structure))


def is_symbolic(value: Any) -> bool:
    """A Keras tensor, a tensor of a TensorFlow graph, or a JAX tracer: a name without values."""
    kind = type(value).__name__
    return kind in ("KerasTensor", "SymbolicTensor") or kind.endswith("Tracer")


def has_value(value: Any) -> bool:
    """A tensor of the backend that holds values."""
    return is_tensor(value) and not is_symbolic(value)


def weakly(value: Any) -> weakref.ref[Any] | None:
    """A reference that keeps nothing alive; `None` where the value takes none."""
    try:
        return weakref.ref(value)
    except TypeError:
        return None
