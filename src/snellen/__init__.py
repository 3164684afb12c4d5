"""An eye test for convolutional networks: finds the faulty feature maps of a training and says
why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snellen.capture.watch import Run as Run
    from snellen.capture.watch import watch as watch
    from snellen.integrations.confirming import confirm as confirm
    from snellen.integrations.intervening import intervene as intervene

_LAZY = {
    "Run": "snellen.capture.watch",
    "confirm": "snellen.integrations.confirming",
    "intervene": "snellen.integrations.intervening",
    "watch": "snellen.capture.watch",
}


def __getattr__(name: str) -> Any:
    # Lazily: `snellen --help` must not wait for NumPy.
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_LAZY]
