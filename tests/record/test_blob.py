"""Arrays as bytes: exact, small, and read by the snippet in docs/run-file.md."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from snellen.record.blob import decode, encode

ARRAYS = {
    "half": np.array([0.5, np.nan, -np.inf], np.float16),
    "single": np.arange(6, dtype=np.float32).reshape(2, 3),
    "big-endian": np.array([1.0, 2.0], ">f8"),
    "strided": np.arange(12).reshape(3, 4)[:, ::2],
    "number": np.array(3),
    "empty": np.zeros((0, 4)),
    "truth": np.array([True, False]),
    "bytes": np.array([0, 255], np.uint8),
    "word": np.array("größer"),
    "words": np.array([["a", ""], ["c", "dd"]]),
    "no words": np.array([], "<U1"),
}
DOCS = Path(__file__).parents[2] / "docs" / "run-file.md"


@pytest.mark.parametrize("name", ARRAYS)
def test_comes_back_exactly(name: str) -> None:
    before = ARRAYS[name]

    after = decode(encode({"first": np.zeros(3), name: before}))[name]

    assert after.shape == before.shape
    assert after.dtype.kind == before.dtype.kind
    assert after.dtype.kind == "U" or after.dtype == before.dtype.newbyteorder("=")
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("array", [np.array([object()]), np.array([1j]), np.array([b"x"])])
def test_refuses_what_would_need_a_pickle(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="numbers or strings"):
        encode({"x": array})


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not compressed", id="not compressed"),
        pytest.param(encode(ARRAYS)[:-1], id="cut off"),
        pytest.param(zlib.compress(b""), id="no header"),
        pytest.param(zlib.compress(b"\xff\xff\xff\xff{}"), id="header too long"),
        pytest.param(zlib.compress(b'\x05\x00\x00\x00"abc"'), id="header is text"),
        pytest.param(zlib.compress(b"\x02\x00\x00\x00[1]"), id="header is cut off"),
    ],
)
def test_says_so_when_it_is_no_blob(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(damaged)


def test_the_documented_snippet_reads_it() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (snippet,) = (block for block in blocks if "def decode" in block)
    names: dict[str, object] = {}
    exec(snippet, names)  # the document's own code, run as its reader would

    arrays = names["decode"](encode(ARRAYS))  # type: ignore[operator]

    assert list(arrays) == list(ARRAYS)
    for name, before in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], before)
