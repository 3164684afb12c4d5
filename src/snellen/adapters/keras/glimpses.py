"""Maps of the backend as the contract shows them."""

from __future__ import annotations

import math
from typing import Any

from snellen.adapters.contract import Array, Glimpse
from snellen.adapters.keras import tensors
from snellen.core import Layer
from snellen.stats.kernels import map_table


def glimpse_of(layer: Layer, part: str, maps: Any, axis: int) -> Glimpse:
    """The glimpse of a tensor whose channels are on `axis`. It holds the tensor."""

    def second() -> Array:
        return tensors.channels_second(tensors.on_host(maps), axis)

    def host() -> Array:
        return tensors.as_float(second())

    def table(low: float, high: float) -> Array:
        array = second()
        if array.ndim > 5:
            array = array.reshape(*array.shape[:4], -1)
        return map_table(array, low, high)

    shape = list(maps.shape)
    shape.pop(axis if len(shape) > 2 else 1)
    return Glimpse(layer, part, table, math.prod(int(size) for size in shape[1:]), host)
