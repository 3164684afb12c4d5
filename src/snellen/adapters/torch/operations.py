"""Which PyTorch functions make maps, by the name under which a function mode meets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WEIGHTED = {
    "conv1d": "conv",
    "conv2d": "conv",
    "conv3d": "conv",
    "conv_transpose1d": "conv",
    "conv_transpose2d": "conv",
    "conv_transpose3d": "conv",
    "linear": "dense",
}
"""Function → layer kind. Each takes `(input, weight, bias, ...)`."""

NORMS = {
    "batch_norm",
    "group_norm",
    "layer_norm",
    "instance_norm",
    "rms_norm",
    "local_response_norm",
}

SUMS = {"add", "add_", "__add__", "__radd__", "__iadd__", "sub", "sub_"}

JOINING = {"cat", "concat", "concatenate", "stack", "hstack", "vstack", "copy_", "index_put_"}
"""Functions that lay tensors side by side."""

DROPOUTS = {
    "dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "feature_dropout",
    "alpha_dropout", "feature_alpha_dropout",
}  # fmt: skip

PASSING = {
    *SUMS, *JOINING,
    *(f"{kind}_pool{d}d" for kind in ("max", "avg", "lp") for d in "123"),
    *(f"adaptive_{kind}_pool{d}d" for kind in ("max", "avg") for d in "123"),
    *(f"max_unpool{d}d" for d in "123"),
    *DROPOUTS, "flatten", "unflatten", "view", "view_as", "reshape", "reshape_as",
    "permute", "transpose", "swapaxes", "movedim", "moveaxis", "squeeze", "unsqueeze", "squeeze_",
    "unsqueeze_", "contiguous", "expand", "expand_as", "clone", "detach", "to", "type", "type_as",
    "float", "half", "bfloat16", "double", "cuda", "cpu", "requires_grad_", "__getitem__",
    "select", "narrow", "split", "chunk", "unbind", "roll", "flip", "pad", "interpolate",
    "upsample", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "unfold", "fold",
    "grid_sample", "mean", "sum", "mul", "mul_", "div", "div_", "__mul__", "__rmul__",
    "__truediv__", "true_divide", "neg", "retain_grad", "register_hook", "record_stream",
    "normalize", "stochastic_depth", "identity",
}  # fmt: skip
"""Functions of one map that move, thin out, average or scale it, so that an activation may still
follow."""

GATES = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}
"""Activation → what it is when its output is multiplied with its own input."""

PRODUCTS = {"mul", "mul_", "__mul__", "__rmul__", "__imul__", "multiply"}

ACTIVATIONS = {
    "relu": "relu",
    "relu_": "relu",
    "relu6": "relu6",
    "leaky_relu": "leaky_relu",
    "leaky_relu_": "leaky_relu",
    "rrelu": "leaky_relu",
    "prelu": "leaky_relu",
    "elu": "elu",
    "elu_": "elu",
    "celu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "softplus": "softplus",
    "hardswish": "hard_swish",
    "tanh": "tanh",
    "tanh_": "tanh",
    "sigmoid": "sigmoid",
    "sigmoid_": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "hardtanh": "hard_tanh",
    "hardtanh_": "hard_tanh",
    "hardsigmoid": "hard_sigmoid",
    "softsign": "softsign",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
}
"""Function → activation, in the words of `snellen.stats.rails`."""


def activation(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """The activation that a call is, or `None`. `clamp(x, min=0)` is a ReLU; with a maximum, a
    ReLU6."""
    if name in ("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_"):
        low = kwargs.get("min", args[1] if len(args) > 1 else None)
        high = kwargs.get("max", args[2] if len(args) > 2 else None)
        if isinstance(low, (int, float)) and low == 0:
            return "relu" if high is None else "relu6"
        return None
    if name in ("hardtanh", "hardtanh_"):
        low = kwargs.get("min_val", args[1] if len(args) > 1 else -1.0)
        high = kwargs.get("max_val", args[2] if len(args) > 2 else 1.0)
        if low == 0:
            return "relu6"
        return "hard_tanh" if (low, high) == (-1, 1) else None
    return ACTIVATIONS.get(name)
