"""Layers of the user's own network, written anew with something changed: what remedies of a
structure are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snellen.causes.case import Case
from snellen.causes.coding import optimizer_call
from snellen.core import Layer, LayerKind

WORDS = {
    "elu": "ELU",
    "gelu": "GELU",
    "leaky_relu": "LeakyReLU",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "selu": "SELU",
    "sigmoid": "Sigmoid",
    "silu": "SiLU",
    "tanh": "Tanh",
}
"""PyTorch's classes by the name of the activation."""


def place(layer: Layer) -> str:
    """Where a PyTorch model holds the layer: `model.features[3]`."""
    said = "model"
    for part in layer.name.partition("#")[0].split("."):
        said += f"[{part}]" if part.isdigit() else f".{part}"
    return said


def called(layer: Layer) -> str:
    """The layer's name as a title says it: `conv1`, `layer 3` for a bare number."""
    return f"layer {layer.name}" if layer.name.isdigit() else layer.name


def writable(case: Case, layer: Layer) -> bool:
    """Whether its name tells where the model holds it. Keras' layers are called anew, so that any
    name will do."""
    parts = layer.name.partition("#")[0].split(".")
    return case.keras or all(p.isdigit() or p.isidentifier() for p in parts)


def instead(case: Case, layer: Layer, code: str) -> str:
    """The line that puts `code`, a new layer, where the old one was."""
    if case.keras:
        return f"x = {code}(x)  # instead of {layer.name}"
    if writable(case, layer):
        return f"{place(layer)} = {code}"
    return f"layer = {code}  # instead of {layer.name}"


def construction(
    case: Case,
    layer: Layer,
    *,
    widened: int = 1,
    kernel: Sequence[int] | None = None,
    stride: Sequence[int] | None = None,
    dilation: Sequence[int] | None = None,
    padding: Sequence[int] | None = None,
    activation: str | None = None,
) -> str:
    """The layer's construction with these sizes changed; what is not named stays.

    `widened`: times as many channels as it has, and as it reads where it reads another layer's.
    `padding`: positions before the first one; without it, as it is. `activation`: for Keras alone,
    where none is chosen.
    """
    if layer.kind is not LayerKind.CONV:
        return _dense(case, layer, widened, activation)
    outputs, inputs = _channels(layer, widened)
    window = layer.window
    sizes = tuple(kernel or layer.weight_shape[2:] or (3,))
    strides = tuple(stride or (window.stride if window else ()) or (1,) * len(sizes))
    dilations = tuple(dilation or (window.dilation if window else ()) or (1,) * len(sizes))
    groups = layer.groups * (widened if layer.depthwise else 1)
    if case.keras:
        return _keras_conv(layer, outputs, sizes, strides, dilations, groups, activation)
    pad = tuple(padding) if padding is not None else _padding(layer, sizes, dilations)
    said = [str(inputs), str(outputs), _tuple(sizes)]
    said += [f"stride={_tuple(strides)}"] if any(s != 1 for s in strides) else []
    said += [f"padding={_tuple(pad)}"] if any(pad) else []
    said += [f"dilation={_tuple(dilations)}"] if any(d != 1 for d in dilations) else []
    said += [f"groups={groups}"] if groups != 1 else []
    name = "ConvTranspose" if layer.transposed else "Conv"
    return f"nn.{name}{len(sizes)}d({', '.join(said)})"


def made_anew(case: Case, **changes: Any) -> str:
    """The line that makes the user's optimiser with these options changed."""
    line = f"optimizer = {optimizer_call(case, **changes)}"
    return f"{line}  # for model.compile" if case.keras else line


def channels_read(layer: Layer) -> int:
    """Channels of the maps (or values of the vector) that the layer reads."""
    if len(layer.weight_shape) < 2:
        return layer.channels
    return layer.weight_shape[1] * layer.groups


def activated(case: Case, layer: Layer, activation: str = "relu") -> str:
    """The lines that put an activation behind the layer."""
    if case.keras:
        return instead(case, layer, construction(case, layer, activation=activation))
    held = place(layer) if writable(case, layer) else "layer"
    return f"{held} = nn.Sequential({held}, nn.{WORDS.get(activation, 'ReLU')}())"


def _dense(case: Case, layer: Layer, widened: int, activation: str | None) -> str:
    outputs, inputs = _channels(layer, widened)
    if case.keras:
        chosen = _keras_activation(layer, activation)
        return f"layers.Dense({outputs}{chosen})"
    return f"nn.Linear({inputs}, {outputs})"


def _channels(layer: Layer, widened: int) -> tuple[int, int]:
    """Outputs and inputs; a head keeps its outputs, and what reads the image its inputs."""
    outputs = layer.channels * (1 if layer.head else widened)
    inputs = channels_read(layer) * (widened if layer.inputs else 1)
    return outputs, inputs


def _padding(layer: Layer, sizes: tuple[int, ...], dilations: tuple[int, ...]) -> tuple[int, ...]:
    """As it is for the kernel it has; for another one, what keeps the maps' size."""
    window = layer.window
    kept = window is not None and len(window.before) == len(sizes)
    kept = kept and tuple(layer.weight_shape[2:]) == sizes and not layer.transposed
    if window is not None and kept and tuple(window.dilation or (1,) * len(sizes)) == dilations:
        return tuple(max(0, n) for n in window.before)
    return tuple((k - 1) * d // 2 for k, d in zip(sizes, dilations, strict=True))


def _keras_conv(
    layer: Layer,
    outputs: int,
    sizes: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    groups: int,
    activation: str | None,
) -> str:
    depthwise = layer.depthwise and not layer.transposed
    said = [_tuple(sizes)] if depthwise else [str(outputs), _tuple(sizes)]
    said += [f"strides={_tuple(strides)}"] if any(s != 1 for s in strides) else []
    window = layer.window
    padded = window is None or any(n > 0 for n in (*window.before, *window.after))
    said += ['padding="same"'] if padded or layer.transposed else []
    said += [f"dilation_rate={_tuple(dilations)}"] if any(d != 1 for d in dilations) else []
    said += [f"groups={groups}"] if groups != 1 and not depthwise else []
    chosen = _keras_activation(layer, activation)
    name = f"{'Depthwise' if depthwise else ''}Conv{len(sizes)}D"
    name += "Transpose" if layer.transposed else ""
    return f"layers.{name}({', '.join(said)}{chosen})"


def _keras_activation(layer: Layer, activation: str | None) -> str:
    if layer.head:
        chosen = layer.output_activation
    else:
        chosen = activation or (None if layer.normalised else layer.activation)
    return f', activation="{chosen}"' if chosen and chosen != "linear" else ""


def _tuple(values: Sequence[int]) -> str:
    """`3` for a square, `(3, 1)` else."""
    return str(values[0]) if len(set(values)) == 1 else str(tuple(values))
