"""What an examined look gathers of the maps beyond what every look does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Glimpse, Normalisation
from snellen.core import Layer
from snellen.stats import (
    ChannelSums,
    ClassResponse,
    Features,
    MapSummary,
    NormalisationState,
    PositionSums,
    SpatialEntropy,
    SpatialProfile,
    Statistic,
    pooled,
)
from snellen.stats.channel_structure import MOST_POSITIONS
from snellen.stats.spatial_profile import FEWEST_POSITIONS

Key = tuple[str, str]
"""`(layer name, part)`."""

MOST_SAMPLES = 4096
"""Positions of all images together that channels are compared at."""
MOST_RESPONSES = 2**18
"""Classes × channels: more would hardly have an image each."""
HOST_VALUES = 2**28
"""Values of one glimpse beyond which it is not fetched: on a device that would take 1 GiB."""


@dataclass
class Examined:
    """Gathers chunk by chunk, bounded in memory whatever the size of the maps."""

    images: int
    """Images of the probe, all chunks together."""
    parts: Mapping[str, str]
    """The part of each layer that the next one reads, where that is known; else both are taken."""
    classes: int = 0
    labels: npt.NDArray[np.int64] | None = None
    """Classes of the images of the chunk under way; `None` where they have none."""
    _sums: dict[Key, ChannelSums] = field(default_factory=dict[Key, ChannelSums])
    _entropies: dict[Key, SpatialEntropy] = field(default_factory=dict[Key, SpatialEntropy])
    _shapes: dict[Key, tuple[int, int]] = field(default_factory=dict[Key, tuple[int, int]])
    _pooled: dict[Key, list[npt.NDArray[np.float32]]] = field(
        default_factory=dict[Key, list[npt.NDArray[np.float32]]]
    )
    _responses: dict[Key, ClassResponse] = field(default_factory=dict[Key, ClassResponse])

    def wants(self, glimpse: Glimpse, channels: int, images: int) -> bool:
        name, part = glimpse.layer.name, glimpse.part
        if not name or part not in ("pre", "post") or self.parts.get(name, part) != part:
            return False
        return 0 < images * channels * glimpse.positions <= HOST_VALUES

    def see(self, key: Key, maps: npt.NDArray[Any], table: npt.NDArray[np.float64]) -> None:
        """Maps `(images, channels, *positions)` and their map table."""
        share = max(1, min(MOST_POSITIONS, MOST_SAMPLES // max(self.images, 1)))
        sums = ChannelSums.of(maps, share)
        self._sums[key] = self._sums[key] + sums if key in self._sums else sums
        self._pooled.setdefault(key, []).append(pooled(maps))
        if maps.ndim == 4 and maps.shape[2] * maps.shape[3] >= FEWEST_POSITIONS:
            entropy, shape = SpatialEntropy.of(maps), (maps.shape[2], maps.shape[3])
            if self._shapes.setdefault(key, shape) == shape:
                known = self._entropies.get(key)
                self._entropies[key] = entropy if known is None else known + entropy
        if self.labels is not None and self.classes * maps.shape[1] <= MOST_RESPONSES:
            positions = int(np.prod(maps.shape[2:]))
            response = ClassResponse.of(table, positions, self.labels, self.classes)
            known_response = self._responses.get(key)
            self._responses[key] = response if known_response is None else known_response + response

    def statistics(self, positions: Mapping[Key, PositionSums]) -> Iterator[tuple[Key, Statistic]]:
        """Everything, of the map that the next layer reads; `positions` are the sums over images
        at every position."""
        for key in self._sums:
            if key[1] == "pre" and (key[0], "post") in self._sums:
                continue
            yield key, self._sums[key].reduced()
            if key in self._responses:
                yield key, self._responses[key]
            parts = self._pooled[key]
            if len({part.shape[1] for part in parts}) == 1:
                yield key, Features.of(np.concatenate(parts))
            if key in self._entropies and key in positions:
                height, width = self._shapes[key]
                if positions[key].sums.shape[1] == height * width:
                    yield (
                        key,
                        SpatialProfile.of(positions[key], (height, width), self._entropies[key]),
                    )


def parts_of(layers: tuple[Layer, ...]) -> dict[str, str]:
    """The part that the next layer reads, for layers whose activation is known."""
    return {
        layer.name: "pre" if layer.activation == "linear" else "post"
        for layer in layers
        if layer.activation is not None
    }


def normalisation_state(n: Normalisation, pre: MapSummary) -> NormalisationState | None:
    """A normalisation, and what it reads of the probe: its layer's `pre` map. `None` where the two
    have not the same channels."""
    channels = len(n.running_mean)
    if pre.channels != channels:
        return None
    return NormalisationState(
        running_mean=n.running_mean.astype(np.float64),
        running_variance=n.running_variance.astype(np.float64),
        gain=np.ones(channels) if n.gain is None else n.gain.astype(np.float64),
        shift=np.zeros(channels) if n.shift is None else n.shift.astype(np.float64),
        epsilon=float(n.epsilon),
        kept=float(n.kept),
        probe_mean=pre.mean,
        probe_variance=pre.variance,
    )
