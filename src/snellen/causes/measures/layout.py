"""What the network's structure lets its layers see, and how wide it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.core import Layer, LayerKind
from snellen.stats import ChannelStructure, MapSummary
from snellen.symptoms.geometry import Ending, Geometry, Sight, geometry
from snellen.symptoms.structure import part_of


@lru_cache(maxsize=8)
def layout(case: Case) -> Geometry | None:
    """`None` where the image's size is not known."""
    return geometry(case.subject)


def convolutions(case: Case) -> list[Layer]:
    """In the order of the network."""
    return [layer for layer in case.weighted if layer.kind is LayerKind.CONV]


def image_side(case: Case) -> int | None:
    """Pixels along the image's shorter axis; `None` where its size is not known."""
    seen = layout(case)
    return min(seen.image, default=None) if seen is not None else None


def last_ending(case: Case) -> tuple[Ending, Sight] | None:
    """Where the maps that see most become a vector (or the answer), and what they see."""
    seen = layout(case)
    if seen is None:
        return None
    known = [(e, seen.sights[e.layer]) for e in seen.endings if e.layer in seen.sights]
    return max(known, key=lambda one: one[1].largest, default=None)


@dataclass(frozen=True)
class Narrowest:
    """The layer with the fewest channels that all the others' knowledge goes through."""

    layer: str
    channels: int


def narrowest(case: Case) -> Narrowest | None:
    """Of the hidden layers whose maps have several positions, or which a head reads; gates and
    the like are left out. `None` without any."""
    read = {name for layer in case.weighted if layer.head for name in layer.inputs}
    kept = [
        layer
        for layer in case.hidden
        if layer.channels > 0
        and (layer.name in read or int(np.prod(layer.positions or (1,))) > 1)
        and not layer.residual
    ]
    if not kept:
        return None
    least = min(kept, key=lambda layer: layer.channels)
    return Narrowest(least.name, least.channels)


@dataclass(frozen=True)
class Branches:
    """Sums of a skip and a branch, by what the branch does to them."""

    idle: tuple[str, ...]
    """Those whose maps are the skip's own, channel by channel."""
    of: int


def branches(case: Case) -> Branches | None:
    """Of the sums at the end that read rectified maps of their own size; `None` without any.

    A branch is idle where each channel's mean and mean square stay within a thousandth of the
    skip's.
    """
    idle: list[str] = []
    seen = 0
    for layer in case.subject.layers:
        after = case.subject.last(layer.name, MapSummary, "post")
        if layer.weighted or len(layer.inputs) < 2 or after is None or after.step == 0:
            continue
        before = [case.subject.last(name, MapSummary, "post") for name in layer.inputs]
        skips = [e.value for e in before if e is not None and e.step == after.step]
        skips = [s for s in skips if s.channels == after.value.channels and s.images]
        if skips and after.value.images:
            seen += 1
            idle += [layer.name] if any(_alike(after.value, s) for s in skips) else []
    return Branches(tuple(idle), seen) if seen else None


def _alike(one: MapSummary, other: MapSummary) -> bool:
    for own, its in ((one.mean, other.mean), (one.mean_square, other.mean_square)):
        size = float(np.abs(its).sum())
        change = float(np.abs(own - its).sum())
        if not (np.isfinite(change) and change <= 1e-3 * size) or size == 0:
            return False
    return True


def directions_used(case: Case) -> float:
    """Effective rank of the maps over their channels (0 to 1) at the end: the median over hidden
    convolutions; NaN where none was measured."""
    shares: list[float] = []
    for layer in case.hidden:
        entry = case.subject.last(layer.name, ChannelStructure, part_of(layer))
        if entry is None or entry.step == 0 or layer.kind is not LayerKind.CONV:
            continue
        rank, channels = entry.value.effective_rank, len(entry.value.eigenvalues)
        if np.isfinite(rank) and channels > 1:
            shares.append(rank / channels)
    return float(np.median(shares)) if shares else float("nan")
