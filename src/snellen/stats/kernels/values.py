"""The kinds of value the kernel reads, and turning other arrays into one of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt


class Kind(IntEnum):
    """Numbered as in `map_table.c`."""

    FLOAT32 = 0
    BFLOAT16 = 1
    FLOAT16 = 2
    FLOAT64 = 3


KINDS = {
    np.dtype(np.float32): Kind.FLOAT32,
    np.dtype(np.float16): Kind.FLOAT16,
    np.dtype(np.float64): Kind.FLOAT64,
}


def as_known(maps: npt.NDArray[Any], bfloat16: bool) -> tuple[npt.NDArray[Any], Kind]:
    """The array itself where its values are of a known kind, else a copy as float32 or float64.

    bfloat16 comes as 16-bit integers that hold its bits, or as `ml_dtypes.bfloat16`.
    """
    if not 2 <= maps.ndim <= 5:
        raise ValueError(
            f"maps of shape {maps.shape}; expected (images, channels) and up to 3 position axes"
        )
    if maps.dtype.name == "bfloat16":
        return maps.view(np.uint16), Kind.BFLOAT16
    if bfloat16:
        if maps.dtype.kind not in "iu" or maps.dtype.itemsize != 2:
            raise ValueError(f"bfloat16 maps of dtype {maps.dtype}; expected their bits as uint16")
        return maps.view(np.uint16), Kind.BFLOAT16
    kind = KINDS.get(maps.dtype)
    if kind is not None:
        return maps, kind
    if maps.dtype.kind not in "biuf":
        raise ValueError(f"maps of dtype {maps.dtype}; expected real numbers")
    # float32 holds every integer of up to 16 bits.
    if maps.dtype.itemsize <= 2:
        return maps.astype(np.float32), Kind.FLOAT32
    native = maps.dtype.newbyteorder("=")
    if native in KINDS:
        return maps.astype(native), KINDS[native]
    return maps.astype(np.float64), Kind.FLOAT64
