"""What layers and functions of Keras mean for the maps that pass through them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import functools
import math
from enum import Enum, auto
from typing import Any

from snellen.adapters.keras.lineage import Softmax


class Role(Enum):
    WEIGHTS = auto()
    """A convolution or a dense layer."""
    NORM = auto()
    ACTIVATION = auto()
    CARRY = auto()
    """Channels stay what they are: pooling, dropout, padding, a cast."""
    RESHAPE = auto()
    """Channels do not survive: flatten, global pooling."""
    SUM = auto()
    JOIN = auto()
    """Several inputs become one: concatenation, product."""
    OPEN = auto()
    """Everything else: looked into."""


ACTIVATION_NAMES = {
    "relu": "relu",
    "relu6": "relu6",
    "leaky_relu": "leaky_relu",
    "prelu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "mish": "mish",
    "softplus": "softplus",
    "hard_silu": "hard_swish",
    "hard_swish": "hard_swish",
    "hardswish": "hard_swish",
    "hardtanh": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "hard_tanh": "hard_tanh",
    "hard_sigmoid": "hard_sigmoid",
    "softsign": "softsign",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "log_sigmoid": "log_sigmoid",
    "celu": "celu",
    "crelu": "crelu",
    "exponential": "exponential",
    "linear": "linear",
}
"""Activation functions by their name in Keras, TensorFlow, JAX or torch."""

FUNCTIONS = {
    **dict.fromkeys(set(ACTIVATION_NAMES) - {"linear", "exponential"}, Role.ACTIVATION),
    **dict.fromkeys(("add",), Role.SUM),
    **dict.fromkeys(
        ("concatenate", "concat", "multiply", "subtract", "divide", "true_divide", "maximum"),
        Role.JOIN,
    ),
    **dict.fromkeys(
        ("max_pool", "avg_pool", "average_pool", "max_pool2d", "avg_pool2d", "dropout", "pad"),
        Role.CARRY,
    ),
    **dict.fromkeys(("cast", "convert_to_tensor", "identity", "bias_add", "resize"), Role.CARRY),
    **dict.fromkeys(("depth_to_space",), Role.RESHAPE),
    **dict.fromkeys(
        ("reshape", "mean", "max", "sum", "transpose", "squeeze", "ravel", "expand_dims"),
        Role.RESHAPE,
    ),
    **dict.fromkeys(("reduce_mean", "reduce_max", "reduce_sum"), Role.RESHAPE),
}
"""Functions by name, in whichever module they are found."""

OPERATORS = {
    "__add__": Role.SUM,
    "__radd__": Role.SUM,
    "__mul__": Role.JOIN,
    "__rmul__": Role.JOIN,
    "__sub__": Role.JOIN,
    "__rsub__": Role.JOIN,
    "__truediv__": Role.JOIN,
}
"""Operators of the backend's tensors."""


@functools.cache
def _classes() -> tuple[tuple[Role, tuple[type, ...]], ...]:
    from keras import layers
    from keras.src.layers.convolutional.base_conv import BaseConv
    from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
    from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
    from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv

    def named(*names: str) -> tuple[type, ...]:
        return tuple(getattr(layers, name) for name in names if hasattr(layers, name))

    ranks = ("1D", "2D", "3D")
    return (
        (
            Role.WEIGHTS,
            (BaseConv, BaseConvTranspose, BaseDepthwiseConv, BaseSeparableConv, layers.Dense),
        ),
        (
            Role.NORM,
            named(
                "BatchNormalization",
                "GroupNormalization",
                "LayerNormalization",
                "RMSNormalization",
                "UnitNormalization",
            ),
        ),
        (
            Role.ACTIVATION,
            named("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
        ),
        (
            Role.CARRY,
            named(
                *(f"{kind}{rank}" for kind in _POOLS for rank in ranks),
                *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
                *("AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"),
                *("Identity", "InputLayer", "Resizing"),
            ),
        ),
        (
            Role.RESHAPE,
            named(
                *(
                    f"{of}{kind}Pooling{rank}"
                    for of in ("Global", "Adaptive")
                    for kind in ("Average", "Max")
                    for rank in ranks
                ),
                *("Flatten", "Reshape", "Permute", "RepeatVector"),
            ),
        ),
        (Role.SUM, named("Add")),
        (
            Role.JOIN,
            named("Concatenate", "Multiply", "Subtract", "Average", "Maximum", "Minimum", "Dot"),
        ),
    )


_POOLS = ("MaxPooling", "AveragePooling", "ZeroPadding", "Cropping", "UpSampling")


def role_of(layer: Any) -> Role:
    """The role of a layer; a subclass has that of its class."""
    for role, classes in _classes():
        if isinstance(layer, classes):
            return role
    return Role.OPEN


def activation_name(activation: Any) -> str | None:
    """Our name for an activation, a function or a layer; `None` for one we do not know."""
    if activation is None:
        return "linear"
    kind = type(activation).__name__
    if kind == "Activation":
        return activation_name(activation.activation)
    if kind == "ReLU":
        if getattr(activation, "max_value", None) == 6:
            return "relu6"
        return "leaky_relu" if getattr(activation, "negative_slope", 0) else "relu"
    name = getattr(activation, "__name__", None)
    if name is None:
        name = {"LeakyReLU": "leaky_relu", "PReLU": "prelu"}.get(kind, kind.lower())
    return ACTIVATION_NAMES.get(name)


def softmax_of(name: str | None, out: Any, axes: Any, channels: int) -> Softmax | None:
    """What a softmax over `axes` (a number, several, or `None` for all) adds up to one; `None` for
    another activation. `channels`: their axis, -1 or 1."""
    if name not in ("softmax", "log_softmax"):
        return None
    rank = len(out.shape)
    given = range(rank) if axes is None else [axes] if isinstance(axes, int) else list(axes)
    over = {int(axis) % rank for axis in given}
    units = math.prod(int(out.shape[axis]) for axis in over)
    if 0 in over:
        return Softmax("batch", units)
    return Softmax("units" if (channels % rank if rank > 2 else 1) in over else "positions", units)
