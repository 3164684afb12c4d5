"""Which layer a tensor came out of, followed by the identity of tensors during one pass."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from snellen.core import LayerKind, Window

Ways = Mapping[str, tuple[Window, ...]]
"""The windows on the way from each of some layers; `""` is the model's input."""


@dataclass(eq=False)
class Drawn:
    """A layer as the pass has seen it so far."""

    name: str
    index: int
    kind: LayerKind
    type_name: str
    channels: int
    positions: tuple[int, ...]
    inputs: tuple[str, ...] = ()
    paths: tuple[tuple[Window, ...], ...] = ()
    window: Window | None = None
    groups: int = 1
    transposed: bool = False
    trainable: bool = True
    weight_shape: tuple[int, ...] = ()
    activation: str | None = None
    activated: bool = False
    """An activation followed it; `activation` is its name, or `None` where we have none for it."""
    normalised: bool = False
    residual: bool = False
    followed: bool = False
    """Something known took its output and was no activation."""
    lost: bool = False
    """Something unknown took its output."""


@dataclass(frozen=True)
class Softmax:
    """What a softmax adds up to one."""

    over: str
    """`units`, `positions` or `batch`."""
    units: int
    """So many values."""


@dataclass(frozen=True)
class Track:
    """Where one tensor came from."""

    owner: Drawn | None
    """The weight layer whose channels these still are, or `None` after a sum or a reshape."""
    ways: Ways
    """From the nearest layers it came from."""
    axis: int
    """-1 or 1: where the channels are."""
    activated: bool = False
    last: str | None = "linear"
    """The activation that it came out of, with nothing but reshaping since."""
    softmax: Softmax | None = None
    """Where that is a softmax."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The nearest layers it came from; `()` for the model's input."""
        return tuple(name for name in self.ways if name)

    @property
    def paths(self) -> tuple[tuple[Window, ...], ...]:
        """For each of `sources`, or for the model's input, the windows since; `()`: not known."""
        names = self.sources or ("",)
        return tuple(self.ways[name] for name in names if name in self.ways)

    def through(self, window: Window | None) -> Ways:
        """The ways behind one more window."""
        if window is None:
            return self.ways
        return {name: (*way, window) for name, way in self.ways.items()}


@dataclass
class Lineage:
    """Tracks of the tensors alive. Keeps none of them alive."""

    _tracks: dict[int, tuple[weakref.ref[Any], Track]] = field(
        default_factory=dict[int, tuple[weakref.ref[Any], Track]]
    )

    def put(self, tensor: Any, track: Track) -> None:
        key, tracks = id(tensor), self._tracks

        def forget(dead: weakref.ref[Any]) -> None:
            # The id may by now be another tensor's.
            if key in tracks and tracks[key][0] is dead:
                del tracks[key]

        tracks[key] = (weakref.ref(tensor, forget), track)

    def get(self, tensor: Any) -> Track | None:
        found = self._tracks.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None


def merged(ways: Sequence[Ways], axis: int) -> Track:
    """What several tensors put together come from, each by its ways; of two ways from one layer the
    one with more windows."""
    longest: dict[str, tuple[Window, ...]] = {}
    for each in ways:
        for name, way in each.items():
            if name not in longest or len(way) > len(longest[name]):
                longest[name] = way
    return Track(owner=None, ways=longest, axis=axis)
