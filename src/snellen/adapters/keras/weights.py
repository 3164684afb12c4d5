"""Kernels in the canonical order `(outputs, inputs per group, *kernel)`."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

from typing import Any

import numpy as np

from snellen.adapters.contract import Array


def kernel_variable(layer: Any) -> Any:
    """The variable of a weight layer's kernel; of a separable convolution the pointwise one."""
    for name in ("pointwise_kernel", "_kernel", "kernel"):
        variable = getattr(layer, name, None)
        if variable is not None:
            return variable
    return None


def canonical(layer: Any, kernel: Array) -> Array:
    """A kernel, or something in its shape, in the canonical order; a view where it can be."""
    kind = _kind(layer)
    if kind == "dense":
        return kernel.T
    if kind == "depthwise":
        *taps, channels, multiplier = kernel.shape
        moved = np.moveaxis(kernel, (-2, -1), (0, 1))
        return moved.reshape(channels * multiplier, 1, *taps)
    if kind == "transposed":
        return np.moveaxis(kernel, (-2, -1), (0, 1))
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def as_kept(layer: Any, kernel: Array) -> Array:
    """A kernel in the canonical order as the layer's own variable has it: `canonical` undone."""
    kind = _kind(layer)
    if kind == "dense":
        return kernel.T
    if kind == "depthwise":
        *taps, channels, multiplier = kernel_variable(layer).shape
        return np.moveaxis(kernel.reshape(channels, multiplier, *taps), (0, 1), (-2, -1))
    if kind == "transposed":
        return np.moveaxis(kernel, (0, 1), (-2, -1))
    return np.moveaxis(kernel, (0, 1), (-1, -2))


def facts_of(layer: Any) -> dict[str, Any]:
    """`weight_shape`, `groups` and `transposed` of a weight layer."""
    variable = kernel_variable(layer)
    if variable is None:
        return {}
    kind = _kind(layer)
    # A broadcast zero has the shape and the strides, and takes no memory.
    shape = canonical(layer, np.broadcast_to(np.zeros(()), tuple(variable.shape))).shape
    groups = int(getattr(layer, "groups", 1) or 1)
    if kind == "depthwise":
        groups = int(variable.shape[-2])
    return {
        "weight_shape": tuple(int(size) for size in shape),
        "groups": groups,
        "transposed": kind == "transposed",
    }


def _kind(layer: Any) -> str:
    from keras import layers
    from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
    from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv

    if isinstance(layer, layers.Dense):
        return "dense"
    if isinstance(layer, BaseConvTranspose):
        return "transposed"
    return "depthwise" if isinstance(layer, BaseDepthwiseConv) else "convolution"
