"""S27 checkerboard-maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity, Window, WindowKind
from snellen.record import Subject
from snellen.stats import SpatialProfile
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.geometry import GROWING
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import part_of
from snellen.symptoms.wording import percent

PERIODS_PER_SIDE = 4
"""Fewer repetitions along a side are no lattice."""
CHANCE = 3.0
"""Times the share that a pattern of independent positions has by chance."""


@dataclass(frozen=True)
class Lattice:
    """Maps whose mean repeats a small square over and over."""

    period: int
    share: float
    """Share of the mean map's variance that the lattice makes, in the median channel."""
    allowed: float
    channels: int
    uneven: str
    """`kernel 3, stride 2` of a transposed convolution whose windows overlap unevenly; or empty."""
    answer: bool
    """The maps are what the model puts out."""

    def sentence(self) -> str:
        whose = "output" if self.answer else "map"
        why = (
            f": {self.uneven}, so positions get unequal numbers of taps"
            if self.uneven
            else ", though the windows overlap evenly"
        )
        return (
            f"a lattice of period {self.period} makes {percent(self.share)} of the variance of "
            f"the mean {whose} (allowed: {percent(self.allowed)}){why}"
        )


@dataclass(frozen=True)
class CheckerboardMaps(Symptom):
    """Maps that show a checkerboard whatever the image.

    ## What it finds
    Maps behind a transposed convolution or a pixel shuffle whose mean over images repeats a small
    square over and over: the variance of the means of its phases, over the variance of all interior
    positions, is 5% or more in the median channel after training. Computed from the structure: a
    transposed convolution whose kernel is no multiple of its stride gives neighbouring positions
    unequal numbers of taps. Where both hold at the model's output, the pictures it makes are
    themselves spoilt. Even windows are noted at the output alone, from half of the
    variance on.

    ## Why it matters
    The lattice is the operation's, not the image's. It shows in every picture that a decoder makes,
    and later layers spend their filters on smoothing it away.

    ## Common causes
    `ConvTranspose2d(kernel_size=3, stride=2)`; a pixel shuffle that begins with unequal filters.
    Upsample and convolve instead, or take a kernel that is a multiple of the stride.

    ## What looks similar
    Before training every transposed convolution shows a lattice, so only trained maps are judged.
    Small maps show some by chance: the limit is three times that. Fabric, mosaics and JPEG blocks
    are lattices in the images themselves.

    ## Example
    A decoder of two `ConvTranspose2d(16, 16, 3, stride=2)`.

    ## References
    - Odena et al., Deconvolution and Checkerboard Artifacts, 2016,
      https://distill.pub/2016/deconv-checkerboard/
    """

    code = "S27"
    name = "checkerboard-maps"
    since = "0.1"
    reads = (SpatialProfile,)
    phases = frozenset({Phase.EARLY, Phase.LATE})

    max_share: float = threshold(
        0.05,
        unit="share of the mean map's variance, median channel",
        because="plain and resized convolutions had at most 0.003, transposed ones 0.42 to 0.55",
    )
    max_even_share: float = threshold(
        0.50,
        unit="share of the output's variance, where windows overlap evenly",
        because="even windows learn to be smooth: a healthy U-Net still had 0.37 after 25 steps",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        growth = growths(subject.layers)
        for layer in subject.layers:
            if not growth.get(layer.name):
                continue
            uneven = unevenness(layer)
            answer = layer.head and len(layer.positions) == 2
            behind = _behind_uneven(subject, layer) if answer else ""
            if uneven or answer:
                yield self._opinion(subject, layer, growth[layer.name], uneven or behind, answer)

    def _opinion(
        self, subject: Subject, layer: Layer, periods: frozenset[int], uneven: str, answer: bool
    ) -> Opinion:
        last = subject.last(layer.name, SpatialProfile, part_of(layer))
        if last is None or last.step == 0:
            return Unjudged(layer.name, "a closer look at its maps after training")
        profile, limit = last.value, self.max_share if uneven else self.max_even_share
        found: Lattice | None = None
        for number, period in enumerate(profile.periods.tolist()):
            inside = max(profile.height - 2 * period, 0) * max(profile.width - 2 * period, 0)
            repeats = min(profile.height, profile.width) >= PERIODS_PER_SIDE * period
            shares = profile.phase_shares[number]
            shares = shares[np.isfinite(shares)]
            if period not in periods or not repeats or not inside or not len(shares):
                continue
            share = float(np.median(shares))
            allowed = max(limit, CHANCE * (period**2 - 1) / inside)
            if share >= allowed and (found is None or share > found.share):
                found = Lattice(period, share, allowed, len(shares), uneven, answer)
        if found is None:
            return Healthy(layer.name, at=last.step)
        severity = Severity.WARNING if uneven else Severity.NOTE
        return Suspicion(layer.name, severity, found, evident=answer and bool(uneven), at=last.step)


def unevenness(layer: Layer) -> str:
    """`kernel 3, stride 2` where a transposed convolution's windows overlap unevenly, else
    empty."""
    window = layer.window
    if window is None or window.kind is not WindowKind.TRANSPOSED_CONV:
        return ""
    for k, s in zip(window.kernel, window.stride, strict=False):
        if s > 1 and k % s:
            return f"kernel {k}, stride {s}"
    return ""


def _behind_uneven(subject: Subject, layer: Layer) -> str:
    """The nearest uneven transposed convolution before this layer, at any depth."""
    by_name = {x.name: x for x in subject.layers}
    waiting, known = list(layer.inputs), set[str]()
    while waiting:
        name = waiting.pop(0)
        before = by_name.get(name)
        if before is None or name in known:
            continue
        known.add(name)
        if unevenness(before):
            return unevenness(before)
        waiting += before.inputs
    return ""


def growths(layers: Iterable[Layer]) -> Mapping[str, frozenset[int]]:
    """Periods of the lattices that operations before or in each layer may lay over its maps."""
    found: dict[str, frozenset[int]] = {}
    for layer in layers:
        periods: set[int] = set()
        for number, path in enumerate(layer.paths):
            source = layer.inputs[number] if number < len(layer.inputs) else ""
            here = set(found.get(source, frozenset()))
            for window in (*path, *((layer.window,) if layer.window else ())):
                here = _periods(here, window)
            periods |= here
        if not layer.paths and layer.window is not None:
            periods = _periods(set(), layer.window)
        found[layer.name] = frozenset(periods)
    return found


def _periods(periods: set[int], window: Window) -> set[int]:
    stride = max(window.stride, default=1)
    if window.kind is WindowKind.TRANSPOSED_CONV or window.kind in GROWING:
        made = {stride} if stride > 1 and window.kind is not WindowKind.UPSAMPLE else set[int]()
        return {p * max(stride, 1) for p in periods} | made
    if window.kind in (WindowKind.GLOBAL_POOL, WindowKind.FLATTEN, WindowKind.OTHER):
        return set()
    return {p // stride for p in periods if stride > 0 and p % stride == 0 and p > stride}
