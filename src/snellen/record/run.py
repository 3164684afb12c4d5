"""A run as it is read: plain values, no file and no framework behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from snellen.core import Layer
from snellen.stats import Statistic

S = TypeVar("S", bound=Statistic)


HELD_OUT = "held-out"
"""The part under which answers for held-out images are kept; those for the probe have none."""


class Clock(StrEnum):
    """Which of the two clocks a statistic was taken on."""

    INLINE = "inline"
    """The training batch itself, at captured steps, in training mode."""
    PROBE = "probe"
    """The fixed probe images, in evaluation mode."""


@dataclass(frozen=True)
class Moment:
    """One capture. `step` counts the subject's optimiser steps done before it: 0 is before
    training."""

    step: int
    clock: Clock
    epoch: int | None
    """Epochs begun before it, from 0; `None` where the script shows no epochs."""
    seconds: float
    """Training time since the subject's first step."""
    cost_seconds: float
    """What this capture took."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What held then: `{"learning_rate": 0.001, ...}`; plain JSON values."""


@dataclass(frozen=True, eq=False)
class LossSeries:
    """Losses in the order they were seen; both arrays have the same length."""

    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Entry(Generic[S]):
    """One statistic of one layer at one moment."""

    step: int
    value: S


@dataclass(frozen=True)
class Event:
    """Something that happened to the observation itself: `stopped`, `note`, `script-error`."""

    kind: str
    text: str
    step: int | None = None
    subject: str | None = None
    """Name of the model concerned; `None` for the run as a whole."""


@dataclass(frozen=True)
class Subject:
    """One model of the run, with everything that was seen of it."""

    name: str
    framework: str
    """`torch`, `keras-tensorflow`, `keras-jax` or `keras-torch`."""
    facts: Mapping[str, Any]
    """What is known of its training, plain JSON values; `docs/run-file.md` lists the keys."""
    layers: tuple[Layer, ...]
    """In the order of execution."""
    moments: tuple[Moment, ...]
    """In the order they were captured."""
    losses: Mapping[str, LossSeries]
    """By kind: `train`, `eval`, and the names of further logged values (`val_loss`, `accuracy`)."""
    statistics: Mapping[tuple[str, str, str], tuple[Entry[Any], ...]]
    """By `(layer, "statistic/part", clock)`, as `history` asks for them; entries in step order."""

    def history(
        self, layer: str, kind: type[S], part: str = "", clock: Clock = Clock.PROBE
    ) -> tuple[Entry[S], ...]:
        """Every value of one statistic of one layer, in step order; `()` when none was taken.

        `part` is `pre` or `post` for maps, `input` for what enters the model (layer `""`), and
        empty for statistics of the layer or model as a whole.
        """
        return self.statistics.get((layer, f"{kind.name}/{part}", clock), ())

    def last(
        self, layer: str, kind: type[S], part: str = "", clock: Clock = Clock.PROBE
    ) -> Entry[S] | None:
        entries = self.history(layer, kind, part, clock)
        return entries[-1] if entries else None

    def layer(self, name: str) -> Layer:
        """Raises `KeyError` with the names there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(x.name for x in self.layers)
        raise KeyError(f"no layer {name!r}; {self.name} has: {names}")

    @property
    def steps(self) -> int:
        """Optimiser steps done when the watching ended."""
        return int(self.facts.get("steps", max((m.step for m in self.moments), default=0)))


@dataclass(frozen=True)
class Thumbnail:
    """A picture of one channel's map of one probe image."""

    subject: str
    layer: str
    step: int
    image: int
    """Number of the image in the probe."""
    channel: int
    low: float
    """Value shown black; the same for all of a layer's thumbnails at one step."""
    high: float
    """Value shown white."""
    png: bytes


@dataclass(frozen=True)
class RunContents:
    """All of one run but its thumbnails, which are read one by one."""

    manifest: Mapping[str, Any]
    subjects: tuple[Subject, ...]
    events: tuple[Event, ...]
