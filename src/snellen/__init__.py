"""An eye test for convolutional networks: finds the faulty feature maps of a training and says
why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snellen.capture.watch import Run as Run
    from snellen.capture.watch import watch as watch

_LAZY = ("Run", "watch")


def __getattr__(name: str) -> Any:
    # Lazily: `snellen --help` must not wait for NumPy.
    if name in _LAZY:
        from snellen.capture import watch

        return getattr(watch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_LAZY]
