"""Arrays as bytes that describe themselves: no pickle, and readable in a dozen lines of
anything."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_LENGTH = struct.Struct("<I")
_STORED = "biuf"
"""NumPy's kinds that are stored as bytes: truth values, integers, floats."""
_LEVEL = 3
"""Of zlib. Level 6 takes three times as long for a few per cent."""


def encode(arrays: Arrays) -> bytes:
    """The arrays as one compressed blob; `decode` gives them back exactly.

    Numbers, truth values and strings only; anything else raises `TypeError`.
    """
    header: list[dict[str, Any]] = []
    body: list[bytes] = []
    for name, array in arrays.items():
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape)}
        if array.dtype.kind == "U":
            entry |= {"dtype": "str", "values": [str(text) for text in array.ravel()]}
        elif array.dtype.kind in _STORED:
            little = array.astype(array.dtype.newbyteorder("<"), order="C")
            entry["dtype"] = little.dtype.str
            body.append(_planes(little))
        else:
            raise TypeError(
                f"{name}: arrays of {array.dtype} can't be kept; use numbers or strings"
            )
        header.append(entry)
    text = json.dumps(header).encode()
    return zlib.compress(_LENGTH.pack(len(text)) + text + b"".join(body), _LEVEL)


def decode(blob: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a blob, in their order. Raises `ValueError` when it is none."""
    try:
        data = zlib.decompress(blob)
        start = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        if start > len(data):
            raise ValueError("its header is cut off")
        header = json.loads(data[_LENGTH.size : start])
        arrays: dict[str, npt.NDArray[Any]] = {}
        for entry in header:
            shape = tuple(entry["shape"])
            if entry["dtype"] == "str":
                arrays[entry["name"]] = np.array(entry["values"], dtype=np.str_).reshape(shape)
                continue
            dtype = np.dtype(entry["dtype"])
            end = start + math.prod(shape) * dtype.itemsize
            planes = np.frombuffer(data[start:end], np.uint8).reshape(dtype.itemsize, -1)
            values = np.ascontiguousarray(planes.T).view(dtype)
            arrays[entry["name"]] = values.reshape(shape).astype(
                dtype.newbyteorder("="), copy=False
            )
            start = end
    except (zlib.error, struct.error, KeyError, TypeError) as exc:
        raise ValueError(f"not a blob of arrays: {exc}") from exc
    return arrays


def _planes(array: npt.NDArray[Any]) -> bytes:
    """All first bytes, then all second bytes, and so on: neighbours' exponents then stand
    together."""
    return array.reshape(-1, 1).view(np.uint8).T.tobytes()
