"""Finds the compiled kernel, or the reason why there is none."""

from __future__ import annotations

import ctypes
import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

SLOW = "maps are measured with NumPy instead, many times slower"


def load() -> tuple[ctypes.CDLL | None, str | None]:
    """The library and `None`, or `None` and the reason."""
    if os.environ.get("SNELLEN_NO_KERNEL", "") not in ("", "0"):
        return None, f"the compiled kernel is switched off by SNELLEN_NO_KERNEL; {SLOW}"
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_map_table{suffix}")
        if not path.exists():
            continue
        try:
            library = ctypes.CDLL(str(path))
            _declare(library)
        except (OSError, AttributeError) as error:
            return None, f"the compiled kernel could not be loaded ({error}); {SLOW}"
        return library, None
    return None, (
        f"the compiled kernel was not built; {SLOW}. "
        "Install a C compiler (gcc or clang), then reinstall snellen"
    )


def _declare(library: ctypes.CDLL) -> None:
    function = library.snellen_map_table
    function.restype = None
    function.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_double,
        ctypes.c_double,
        ctypes.c_int,
        ctypes.c_void_p,
    ]


LIBRARY, reason_not_compiled = load()
"""`reason_not_compiled` is a sentence for the user; `None` when the kernel is there."""
