"""How convolutions, pools and reshapings of Keras slide over positions."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snellen.core import Window, WindowKind

Positions = tuple[int, ...]


def positions_of(tensor: Any, axis: int) -> Positions:
    """Spatial shape of maps whose channels are on `axis`; empty for a plain vector."""
    shape = [int(size) for size in tensor.shape]
    if len(shape) < 3:
        return ()
    shape.pop(axis)
    return tuple(shape[1:])


def same_padding(
    positions: Positions, kernel: Positions, stride: Positions, dilation: Positions
) -> tuple[Positions, Positions]:
    """What `padding="same"` adds before and after: an odd one comes after."""
    totals = [
        max((-(-size // step) - 1) * step + (taps - 1) * apart + 1 - size, 0)
        for size, taps, step, apart in zip(positions, kernel, stride, dilation, strict=True)
    ]
    return tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)


def of_convolution(layer: Any, taken: Positions, given: Positions) -> Window | None:
    """The window of a convolution layer that made maps of shape `given` of `taken`; `None` for
    other layers.

    A transposed convolution spreads `taken` to `(size − 1) · stride + (kernel − 1) · dilation + 1`
    positions; `before` and `after` say how many it then adds at the ends (negative: cuts off).
    """
    if not hasattr(layer, "kernel_size") or not taken:
        return None
    rank = len(taken)
    kernel, stride, dilation = (
        _tuple(getattr(layer, name), rank) for name in ("kernel_size", "strides", "dilation_rate")
    )
    padding = str(layer.padding)
    if _is_transposed(layer):
        before, after = _transposed_padding(layer, taken, given, kernel, stride, dilation)
        kind = WindowKind.TRANSPOSED_CONV
    else:
        kind = WindowKind.CONV
        before, after = _padding(padding, taken, kernel, stride, dilation)
    return Window(kind, kernel, stride, dilation, before, after, taken)


def _is_transposed(layer: Any) -> bool:
    from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose

    return isinstance(layer, BaseConvTranspose)


def _padding(
    padding: str, taken: Positions, kernel: Positions, stride: Positions, dilation: Positions
) -> tuple[Positions, Positions]:
    none = (0,) * len(taken)
    if padding == "same":
        return same_padding(taken, kernel, stride, dilation)
    if padding == "causal":
        before = tuple((taps - 1) * apart for taps, apart in zip(kernel, dilation, strict=True))
        return before, none
    return none, none


def _transposed_padding(
    layer: Any,
    taken: Positions,
    given: Positions,
    kernel: Positions,
    stride: Positions,
    dilation: Positions,
) -> tuple[Positions, Positions]:
    # Earlier releases of Keras had torch cut in a way of its own.
    cut = _torch_crop if _torch_crops_by_itself() else _crop
    added = getattr(layer, "output_padding", None)
    extra = (None,) * len(taken) if added is None else _tuple(added, len(taken))
    before: list[int] = []
    after: list[int] = []
    for axis, (size, taps, step, apart) in enumerate(
        zip(taken, kernel, stride, dilation, strict=True)
    ):
        reach = (taps - 1) * apart + 1
        first = -cut(reach, step, str(layer.padding), extra[axis])
        before.append(first)
        after.append(given[axis] - ((size - 1) * step + reach) - first)
    return tuple(before), tuple(after)


def _crop(reach: int, step: int, padding: str, extra: int | None) -> int:
    """What Keras has TensorFlow and JAX cut off at the beginning; see
    `keras.src.backend.common.backend_utils`."""
    if padding == "valid":
        return 0
    total = step + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
    return max(reach - 1 - (total + 1) // 2, 0)


def _torch_crops_by_itself() -> bool:
    from keras.src.backend.common import backend_utils

    from snellen.adapters.keras import tensors

    alike = hasattr(backend_utils, "compute_conv_transpose_output_crops_for_torch")
    return tensors.backend_name() == "torch" and not alike


def _torch_crop(reach: int, step: int, padding: str, extra: int | None) -> int:
    """What Keras has torch cut off at either end."""
    if padding == "valid":
        return 0
    extra = step - reach % 2 if extra is None else extra
    return max(-((reach % 2 - reach + extra) // 2), 0)


def of_layer(layer: Any, taken: Positions, given: Positions) -> Window | None:
    """The window of a layer without weights; `None` where positions stay what they are."""
    name = type(layer).__name__
    for base in type(layer).__mro__:
        if base.__module__.startswith("keras."):
            name = base.__name__
            break
    rank = len(taken)
    if name.startswith(("MaxPooling", "AveragePooling")) and taken:
        kernel, stride = _tuple(layer.pool_size, rank), _tuple(layer.strides, rank)
        return pool(name.startswith("Max"), kernel, stride, str(layer.padding), taken)
    if name.startswith("Global") or "Adaptive" in name:
        return global_or_other(taken, given)
    if name.startswith("ZeroPadding") and taken:
        return _pad(WindowKind.PAD, _pairs(layer.padding, rank), taken)
    if name.startswith("Cropping") and taken:
        pairs = [(-first, -last) for first, last in _pairs(layer.cropping, rank)]
        return _pad(WindowKind.CROP, pairs, taken)
    if name.startswith(("UpSampling", "Resizing")):
        return resized(taken, given, str(layer.interpolation))
    if name == "Permute":
        kept = tuple(layer.dims) == tuple(sorted(layer.dims))
        return None if kept else Window(WindowKind.OTHER, positions=taken)
    return reshaped(taken, given)


def pool(
    largest: bool, kernel: Positions, stride: Positions, padding: str, taken: Positions
) -> Window:
    """The window of a pooling."""
    if not largest and kernel == taken and padding.lower() == "valid":
        return Window(WindowKind.GLOBAL_POOL, positions=taken)
    dilation = (1,) * len(taken)
    before, after = _padding(padding.lower(), taken, kernel, stride, dilation)
    kind = WindowKind.MAX_POOL if largest else WindowKind.AVERAGE_POOL
    return Window(
        kind,
        kernel,
        stride,
        dilation,
        before,
        after,
        taken,
        padding="lowest" if largest else "zeros",
    )


def global_or_other(taken: Positions, given: Positions) -> Window | None:
    """Positions were reduced: all of them, or in some way that is not known."""
    if all(size == 1 for size in given):
        return Window(WindowKind.GLOBAL_POOL, positions=taken) if taken else None
    return None if given == taken else Window(WindowKind.OTHER, positions=taken)


def resized(taken: Positions, given: Positions, mode: str) -> Window | None:
    """The grid grew by whole factors, or changed in some other way; `kernel` holds the positions
    along an axis that an interpolation of this mode mixes."""
    if taken == given:
        return None
    if len(taken) == len(given) and all(
        out % size == 0 for size, out in zip(taken, given, strict=True)
    ):
        factors = tuple(out // size for size, out in zip(taken, given, strict=True))
        mode = mode.split(".")[-1].lower()
        mixed = 1 if mode.startswith("nearest") else 2 if "linear" in mode else 4
        kernel = (mixed,) * len(taken)
        return Window(WindowKind.UPSAMPLE, kernel, factors, positions=taken)
    return Window(WindowKind.OTHER, positions=taken)


def reshaped(taken: Positions, given: Positions) -> Window | None:
    """Values were laid out anew: positions became inputs, or something that is not known."""
    if taken == given or (not taken and all(size == 1 for size in given)):
        return None
    if not given:
        return Window(WindowKind.FLATTEN, positions=taken)
    return Window(WindowKind.OTHER, positions=taken)


def padded(amounts: Sequence[tuple[int, int]], mode: str, taken: Positions) -> Window | None:
    """Positions were added at the ends, `(before, after)` of each spatial axis."""
    if len(amounts) != len(taken):
        return Window(WindowKind.OTHER, positions=taken)
    if not any(first or last for first, last in amounts):
        return None
    return _pad(WindowKind.PAD, amounts, taken, _MODES.get(mode.lower(), mode.lower()))


_MODES = {
    "constant": "zeros",
    "symmetric": "reflect",
    "edge": "replicate",
    "wrap": "circular",
}


def shuffled(taken: Positions, given: Positions) -> Window:
    """Channels became positions."""
    grown = resized(taken, given, "nearest")
    if grown is None or grown.kind is not WindowKind.UPSAMPLE:
        return Window(WindowKind.OTHER, positions=taken)
    return Window(WindowKind.PIXEL_SHUFFLE, stride=grown.stride, positions=taken)


def _pad(
    kind: WindowKind,
    pairs: Sequence[tuple[int, int]],
    taken: Positions,
    padding: str = "zeros",
) -> Window:
    return Window(
        kind,
        before=tuple(first for first, _ in pairs),
        after=tuple(last for _, last in pairs),
        positions=taken,
        padding=padding,
    )


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    """`(before, after)` of each axis, as padding and cropping layers keep them."""
    if rank == 1 and all(isinstance(one, int) for one in value):
        return [(int(value[0]), int(value[1]))]
    return [(int(first), int(last)) for first, last in value]


def _tuple(value: Any, rank: int) -> Positions:
    """One whole number for each axis."""
    if isinstance(value, int):
        return (value,) * rank
    values = tuple(int(one) for one in value)
    return values * rank if len(values) == 1 and rank > 1 else values
