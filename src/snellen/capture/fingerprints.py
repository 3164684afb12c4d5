"""Telling images apart, exactly and nearly, without keeping them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats.sampling import evenly

WHOLE_BYTES = 2**14
"""Images up to this size are told apart by every bit, larger ones by as many of their values."""
COMPARED_VALUES = 256
"""Values per image by which near copies are confirmed."""
HASH_ROWS, HASH_COLUMNS = 8, 9
NEAR_BITS = 4
"""Bits of 64 by which the difference hashes of near copies may differ."""
NEAR_CORRELATION = 0.98
"""Near copies have hashes alike and values that correlate so strongly: where large parts of all
images are empty, hashes are alike by chance."""
BLOCK = 512
"""Images compared with all others at a time."""


@dataclass(frozen=True)
class Fingerprints:
    """Of some images, in their order."""

    exact: tuple[bytes, ...]
    difference: npt.NDArray[np.uint64]
    """Shape `(images,)`: difference hash of a grey thumbnail; empty for images without two spatial
    axes."""
    values: npt.NDArray[np.float32]
    """Shape `(images, at most 256)`: centred and of length 1; zero for a blank image."""

    @classmethod
    def of(cls, images: npt.NDArray[Any]) -> Fingerprints:
        """Of images `(images, channels, *positions)`, any strides."""
        sample = _values(images, COMPARED_VALUES).astype(np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            sample -= sample.mean(axis=1, keepdims=True)
            length = np.linalg.norm(sample, axis=1, keepdims=True)
        usable = np.isfinite(length) & (length > 0)
        sample = np.where(usable, sample / np.where(usable, length, 1.0), 0.0)
        return cls(_exact(images), _difference(images), sample.astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Fingerprints]) -> Fingerprints:
        """Of images of all parts; of those whose samples are of one size where sizes differ."""
        if not parts:
            none = np.zeros((0, 0), np.float32)
            return cls((), np.zeros(0, np.uint64), none)
        exact = tuple(name for part in parts for name in part.exact)
        widths = {part.values.shape[1] for part in parts}
        hashed = all(len(part.difference) == len(part.exact) for part in parts)
        if len(widths) > 1 or not hashed:
            blank = np.zeros((len(exact), 0), np.float32)
            return cls(exact, np.zeros(0, np.uint64), blank)
        return cls(
            exact,
            np.concatenate([part.difference for part in parts]),
            np.concatenate([part.values for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.exact)

    def taken(self, index: npt.NDArray[np.int64]) -> Fingerprints:
        known = len(self.difference) == len(self.exact)
        return Fingerprints(
            tuple(self.exact[int(i)] for i in index),
            self.difference[index] if known else self.difference,
            self.values[index],
        )

    def near(self, others: Fingerprints, *, earlier: bool = False) -> npt.NDArray[np.bool_]:
        """Shape `(images,)`: whether an image is a near copy of one of the others.

        `earlier`: the others are these very images, and only those before an image count. All
        false where there are no thumbnails to compare.
        """
        found = np.zeros(len(self), np.bool_)
        comparable = (
            len(self.difference) == len(self) > 0
            and len(others.difference) == len(others) > 0
            and self.values.shape[1] == others.values.shape[1]
        )
        if not comparable:
            return found
        for start in range(0, len(self), BLOCK):
            block = slice(start, min(start + BLOCK, len(self)))
            bits = np.bitwise_xor.outer(self.difference[block], others.difference)
            near = _bits(bits) <= NEAR_BITS
            if earlier:
                near &= np.arange(len(others)) < np.arange(block.start, block.stop)[:, None]
            if near.any():
                near &= self.values[block] @ others.values.T >= NEAR_CORRELATION
                found[block] = near.any(axis=1)
        return found


def _exact(images: npt.NDArray[Any]) -> tuple[bytes, ...]:
    count = len(images)
    values = math.prod(images.shape[1:])
    most = max(WHOLE_BYTES // max(images.dtype.itemsize, 1), 1)
    rows = np.ascontiguousarray(_values(images, most)) if values > most else None
    shape = str(images.shape[1:]).encode()
    found: list[bytes] = []
    for i in range(count):
        row = np.ascontiguousarray(images[i]) if rows is None else rows[i]
        found.append(hashlib.blake2b(shape + row.tobytes(), digest_size=8).digest())
    return tuple(found)


def _values(images: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
    """At most so many values of each image, evenly spaced, copied; nothing else is read."""
    place = evenly(math.prod(images.shape[1:]), most)
    where = np.unravel_index(place, images.shape[1:]) if images.ndim > 1 else ()
    return images[(slice(None), *where)].reshape(len(images), -1)


def _difference(images: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """One bit for each two neighbours in a row of an 8 × 9 thumbnail: the right one is brighter."""
    if images.ndim < 4:
        return np.zeros(0, np.uint64)
    plane = images[(slice(None), slice(None), *(n // 2 for n in images.shape[2:-2]))]
    height, width = plane.shape[2:]
    # A few positions per cell make its mean: all of them would be read of a large image.
    down, across = max(1, height // (HASH_ROWS * 4)), max(1, width // (HASH_COLUMNS * 4))
    part = plane[:, :, ::down, ::across].astype(np.float32).mean(axis=1)
    rows = _cells(part, 1, HASH_ROWS)
    thumbnail = _cells(rows, 2, HASH_COLUMNS)
    brighter = (thumbnail[:, :, 1:] > thumbnail[:, :, :-1]).reshape(len(images), -1)
    return np.packbits(brighter, axis=1).view(np.uint64)[:, 0]


def _cells(values: npt.NDArray[np.float32], axis: int, count: int) -> npt.NDArray[np.float32]:
    """Means over `count` stretches of an axis; repeated where it is shorter."""
    length = values.shape[axis]
    starts = (np.arange(count) * length / count).astype(np.int64)
    ends = np.maximum((np.arange(1, count + 1) * length / count).astype(np.int64), starts + 1)
    zero = np.zeros_like(np.take(values, [0], axis=axis), np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.concatenate([zero, np.cumsum(values, axis=axis, dtype=np.float64)], axis=axis)
        span = np.take(sums, ends, axis=axis) - np.take(sums, starts, axis=axis)
    shape = [1] * values.ndim
    shape[axis] = count
    # Rounded: what is equal stays equal after the sums.
    return (span / (ends - starts).reshape(shape)).astype(np.float32)


def _bits(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Bits set in each."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(values)
    as_bytes = values[..., None].view(np.uint8)
    return np.unpackbits(as_bytes, axis=-1).sum(axis=-1, dtype=np.uint8)
