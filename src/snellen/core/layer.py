"""What is known about one layer of a network, whichever framework built it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LayerKind(StrEnum):
    CONV = "conv"
    """A convolution, transposed ones included, with the norm and the activation that follow it."""
    DENSE = "dense"
    """A fully connected layer, with the norm and the activation that follow it."""
    ACTIVATION = "activation"
    """An activation that belongs to no single weight layer: the ReLU after a residual sum."""


class WindowKind(StrEnum):
    CONV = "conv"
    TRANSPOSED_CONV = "transposed-conv"
    MAX_POOL = "max-pool"
    AVERAGE_POOL = "average-pool"
    GLOBAL_POOL = "global-pool"
    """Every output sees all positions (adaptive pooling to one position among them)."""
    FLATTEN = "flatten"
    """Positions become inputs of a dense layer: each unit sees them all."""
    UPSAMPLE = "upsample"
    """Interpolation or repetition; `stride` holds the factor by which the grid grows."""
    PIXEL_SHUFFLE = "pixel-shuffle"
    """Channels become positions; `stride` holds the factor by which the grid grows."""
    PAD = "pad"
    CROP = "crop"
    OTHER = "other"
    """Changes the positions in a way that is not known: geometry behind it is not judged."""


@dataclass(frozen=True)
class Window:
    """How one operation slides over positions. Tuples have one entry per spatial axis; they are
    empty where the kind has no such thing."""

    kind: WindowKind
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    """Of a transposed convolution, upsampling or pixel shuffle: the factor of growth."""
    dilation: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    """Positions padded before the first one (negative: cropped)."""
    after: tuple[int, ...] = ()
    """Positions padded after the last one, as the framework really does for this input size."""
    positions: tuple[int, ...] = ()
    """Shape of what it reads, without padding."""
    ceiling: bool = False
    """The output's size is rounded up (`ceil_mode`)."""
    padding: str = "zeros"
    """What is padded: `zeros`, `reflect`, `replicate`, `circular`, or `lowest` (max pooling)."""


@dataclass(frozen=True)
class Layer:
    """A weight layer together with the norm and activation that follow it.

    `Conv2d → BatchNorm2d → ReLU` is one layer with two maps: `pre`, what the convolution put out,
    and `post`, what the activation put out. A layer without activation has `pre` alone; an
    activation that follows a sum of branches is a layer of its own with `post` alone.
    """

    name: str
    """The weight layer's name in the model (`features.3`, `conv2d_1`); `name#2` on its second
    call."""
    index: int
    """Place in the order of execution, from 0."""
    kind: LayerKind
    type_name: str
    """The framework's class or function: `Conv2d`, `Dense`, `relu`."""
    channels: int
    """Channels of its maps (units of a dense layer)."""
    positions: tuple[int, ...] = ()
    """Spatial shape of its maps; empty for a plain vector."""
    activation: str | None = "linear"
    """What follows: `linear` (nothing), a key of `snellen.stats.rails.RAILS`, or `None`:
    unknown."""
    normalised: bool = False
    """A normalisation sits between the weights and the activation."""
    inputs: tuple[str, ...] = ()
    """Names of the layers it reads from; `()` means the model's input."""
    residual: bool = False
    """Its output is added to a skip connection."""
    groups: int = 1
    """Groups of the convolution; equal to the channels for a depthwise one."""
    transposed: bool = False
    head: bool = False
    """Its output is the model's output: no other weight layer follows."""
    trainable: bool = True
    """Its weights take gradients. `False`: frozen."""
    weight_shape: tuple[int, ...] = ()
    """Shape of its kernel as `(outputs, inputs per group, *kernel)`; empty without weights."""
    output_activation: str | None = None
    """For a head: the activation after which its output leaves the model (`softmax`, `sigmoid`)."""
    window: Window | None = None
    """How a convolution slides; `None` for other layers, and where it is not known."""
    paths: tuple[tuple[Window, ...], ...] = ()
    """For each of `inputs` (or for the model's input, where there is none): the windows without
    weights (pools, flattening, upsampling) between it and this layer, in order of execution. Of
    several ways between the two, the one with the most windows. Empty: not known."""

    @property
    def depthwise(self) -> bool:
        return self.groups > 1 and self.groups == self.channels

    @property
    def weighted(self) -> bool:
        return self.kind is not LayerKind.ACTIVATION
