"""Where in a network something was seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A layer of one subject, and the channels concerned."""

    subject: str
    """The model's name in the run: `Net`, or `Net#2` for the second of its kind."""

    layer: str = ""
    """The layer's name in the model; empty when the whole model is meant."""

    channels: tuple[int, ...] = ()
    """Channels concerned; empty when the whole layer is meant."""
