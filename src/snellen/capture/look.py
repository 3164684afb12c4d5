"""One look at the probe: every map's statistics, gathered over its images."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Glimpse
from snellen.capture.examined import Examined
from snellen.capture.examined import Key as Key
from snellen.core import Layer
from snellen.record.pictures import png as picture
from snellen.stats import (
    InputDependence,
    MapSummary,
    PositionSums,
    Similarity,
    Statistic,
    map_correlation,
    rails,
    unbiased_linear_cka,
)

LARGEST_MAPS = 4 * 2**20
"""Values of one image's maps (channels × positions) beyond which position sums are not taken: 32
MiB."""
SAMPLED_IMAGES = 16
SAMPLED_POSITIONS = 64
"""Positions per map kept for the correlation with the next look; with the images, 1024 per
channel."""
PICTURED_IMAGES = 2
PICTURED_CHANNELS = 8


def table_of(glimpse: Glimpse) -> npt.NDArray[np.float64]:
    """The map table of a glimpse, on the rails of the activation that made the map."""
    limits = rails(glimpse.layer.activation if glimpse.part == "post" else "linear")
    return glimpse.table(limits.low, limits.high)


@dataclass(frozen=True)
class Picture:
    """One channel's map of one probe image, and the scale its layer's pictures share."""

    layer: str
    image: int
    channel: int
    low: float
    high: float
    png: bytes


@dataclass
class Remembered:
    """What the next look compares with: bounded, whatever the size of the maps."""

    step: int
    features: npt.NDArray[np.float32]
    """`(images, channels)`: the mean of each map."""
    sample: npt.NDArray[np.float32]
    """`(images, channels, positions)` of a few images and positions."""


@dataclass
class Look:
    """Gathers glimpses chunk by chunk. Sums merge; features and samples follow the probe's
    order."""

    step: int
    pictured: bool = False
    summaries: dict[Key, MapSummary] = field(default_factory=dict[Key, MapSummary])
    input_means: dict[str, npt.NDArray[np.float64]] = field(
        default_factory=dict[str, npt.NDArray[np.float64]]
    )
    """Mean of each input channel of a weight layer, by its name."""
    examined: Examined | None = None
    """Takes more of each map, where this look is an examined one."""
    examining_seconds: float = 0.0
    _shown: dict[str, npt.NDArray[Any]] = field(default_factory=dict[str, npt.NDArray[Any]])
    _dependence: dict[Key, PositionSums] = field(default_factory=dict[Key, PositionSums])
    _features: dict[Key, list[npt.NDArray[np.float32]]] = field(
        default_factory=dict[Key, list[npt.NDArray[np.float32]]]
    )
    _samples: dict[Key, npt.NDArray[np.float32]] = field(
        default_factory=dict[Key, npt.NDArray[np.float32]]
    )

    def see(self, glimpse: Glimpse) -> None:
        layer, part, positions = glimpse.layer, glimpse.part, glimpse.positions
        if part == "in":
            if layer.name not in self.input_means:
                self.input_means[layer.name] = MapSummary.of(table_of(glimpse), positions).mean
            return
        key = (layer.name, part)
        table = table_of(glimpse)
        summary = MapSummary.of(table, positions)
        known = self.summaries.get(key)
        self.summaries[key] = summary if known is None else known + summary
        means = (table[:, :, 0] / max(positions, 1)).astype(np.float32)
        self._features.setdefault(key, []).append(means)
        rich = positions > 0 and summary.channels * positions <= LARGEST_MAPS
        examined = self.examined
        if examined is not None and not examined.wants(glimpse, summary.channels, summary.images):
            examined = None
        if not rich and examined is None:
            return
        # On the host once, for all that needs the maps themselves.
        maps = glimpse.host()
        if rich:
            self._rich(key, maps, summary)
        if examined is not None:
            with self._examining():
                examined.see(key, maps, table)

    def examination(self) -> list[tuple[Key, Statistic]]:
        """What an examined look gives besides; nothing of any other."""
        if self.examined is None:
            return []
        with self._examining():
            return list(self.examined.statistics(self._dependence))

    @contextmanager
    def _examining(self) -> Generator[None]:
        """Times what is done inside. Maps that overflow give statistics that are not finite, and no
        warning in the middle of the script's own words."""
        started = time.perf_counter()
        with np.errstate(over="ignore", invalid="ignore"):
            yield
        self.examining_seconds += time.perf_counter() - started

    def dependence(self) -> Iterator[tuple[Key, InputDependence]]:
        for key, sums in self._dependence.items():
            yield key, sums.reduced()

    def pictures(self) -> Iterator[Picture]:
        """A few channels of a few images of each layer, on one scale per layer."""
        for layer, shown in self._shown.items():
            finite = shown[np.isfinite(shown)]
            low = float(finite.min()) if finite.size else 0.0
            high = float(finite.max()) if finite.size else 0.0
            for image, channels in enumerate(shown):
                for channel, values in enumerate(channels):
                    yield Picture(layer, image, channel, low, high, picture(values, low, high))

    def remembered(self, keys: Collection[Key]) -> dict[Key, Remembered]:
        """What the next look needs to compare these maps with their state at this one."""
        return {
            key: Remembered(self.step, np.concatenate(self._features[key]), self._samples[key])
            for key in keys
            if key in self._samples
        }

    def similarity(
        self, now: dict[Key, Remembered], previous: dict[Key, Remembered]
    ) -> Iterator[tuple[Key, Similarity]]:
        """Of every map that both looks remember of the same images."""
        for key, here in now.items():
            before = previous.get(key)
            if before is None or before.features.shape != here.features.shape:
                continue
            yield (
                key,
                Similarity(
                    images=len(here.features),
                    previous_step=before.step,
                    cka=unbiased_linear_cka(before.features, here.features),
                    correlation=map_correlation(before.sample, here.sample)
                    if before.sample.shape == here.sample.shape
                    else float("nan"),
                ),
            )

    def _rich(self, key: Key, maps: npt.NDArray[Any], summary: MapSummary) -> None:
        """What needs the maps themselves."""
        images, channels = maps.shape[:2]
        flat = maps.reshape(images, channels, -1)
        sums = PositionSums(images, flat.sum(axis=0, dtype=np.float64), summary.squares)
        known = self._dependence.get(key)
        if known is not None:
            if known.sums.shape == sums.sums.shape:
                self._dependence[key] = known + sums
            return
        self._dependence[key] = sums
        stride = -(-flat.shape[2] // SAMPLED_POSITIONS)
        self._samples[key] = flat[:SAMPLED_IMAGES, :, ::stride].astype(np.float32)
        if self.pictured and maps.ndim > 2 and key[0]:
            # A map after the activation takes the place of the one before it.
            self._shown[key[0]] = maps[:PICTURED_IMAGES, :PICTURED_CHANNELS].copy()


def settled(layers: tuple[Layer, ...], keys: Collection[Key]) -> list[Key]:
    """The map by which each layer's stability is judged: after its activation, else before it."""
    return [
        (layer.name, "post") if (layer.name, "post") in keys else (layer.name, "pre")
        for layer in layers
        if (layer.name, "post") in keys or (layer.name, "pre") in keys
    ]
