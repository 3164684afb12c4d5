"""Which pixels does the middle of a map really depend on?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Array
from snellen.capture.experiments.asked import Asked
from snellen.core import Layer, LayerKind
from snellen.stats import EffectiveField
from snellen.stats.sampling import evenly

IMAGES = 16
FEWEST_IMAGES = 8
FORWARDS = {"input_gradients": 5.0}
SMALLEST_SIDE = 3
ALONG_THE_DEPTH = 3
LARGEST_SIDE = 64
"""Of the influence as it is kept."""


def effective_field(asked: Asked, images: int) -> Iterator[tuple[str, EffectiveField]]:
    chunk = asked.first(images)
    pixels = asked.pixels(chunk)
    if pixels is None or pixels.ndim != 4:
        return
    for layer in examined(asked.layers):
        asked.hurry()
        gradient = asked.input_gradients(chunk, _middle, layer=layer.name)
        if gradient is None or gradient.ndim != 4 or not np.isfinite(gradient).all():
            continue
        yield layer.name, field_of(np.abs(gradient.astype(np.float64)).sum(axis=1))


def examined(layers: tuple[Layer, ...]) -> list[Layer]:
    """The layers whose maps a dense layer reads (sums of branches among them), the last
    convolution and some along the depth; the last ones first."""
    mapped = [
        layer
        for layer in layers
        if len(layer.positions) == 2 and min(layer.positions) >= SMALLEST_SIDE
    ]
    spatial = [layer for layer in mapped if layer.kind is LayerKind.CONV]
    by_name = {layer.name: layer for layer in layers}
    ends = {
        name
        for layer in layers
        if not layer.positions
        for name in layer.inputs
        if name in by_name and by_name[name].positions
    }
    chosen = {layer.name for layer in mapped if layer.name in ends}
    chosen |= {layer.name for layer in spatial[-1:]}
    if spatial:
        along = evenly(len(spatial), ALONG_THE_DEPTH)
        chosen |= {spatial[int(i)].name for i in along}
    return [layer for layer in reversed(mapped) if layer.name in chosen]


def field_of(influence: npt.NDArray[np.float64]) -> EffectiveField:
    """Of the influence `(images, height, width)` of each pixel."""
    mean = influence.mean(axis=0)
    scale = -(-max(mean.shape) // LARGEST_SIDE)
    height, width = (max(1, side // scale) for side in mean.shape)
    small = mean[: height * scale, : width * scale]
    if scale > 1 and min(mean.shape) >= scale:
        small = small.reshape(height, scale, width, scale).mean(axis=(1, 3))
    largest = float(small.max(initial=0.0))
    return EffectiveField(
        images=len(influence),
        influence=small / largest if largest > 0 else small,
        scale=float(scale),
    )


def _middle(maps: Array) -> Array:
    """All channels at the central position."""
    pull = np.zeros_like(maps)
    pull[(slice(None), slice(None), *(n // 2 for n in maps.shape[2:]))] = 1
    return pull
