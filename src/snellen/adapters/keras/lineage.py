"""Which layer a tensor came out of, followed by the identity of tensors during one pass."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

from snellen.core import LayerKind


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
class Track:
    """Where one tensor came from."""

    owner: Drawn | None
    """The weight layer whose channels these still are, or `None` after a sum or a reshape."""
    sources: tuple[str, ...]
    """The nearest layers it came from; `()` for the model's input."""
    axis: int
    """-1 or 1: where the channels are."""
    activated: bool = False
    last: str | None = "linear"
    """The activation that it came out of, with nothing but reshaping since."""


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


def merged(tracks: list[Track], axis: int) -> Track:
    """What several tensors put together come from."""
    sources: dict[str, None] = {}
    for track in tracks:
        sources.update(dict.fromkeys(track.sources))
    return Track(owner=None, sources=tuple(sources), axis=axis)
