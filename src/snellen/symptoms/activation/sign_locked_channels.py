"""S52 sign-locked-channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.wording import percent

RECTIFIERS = ("relu", "relu6", "leaky_relu")
CLIP = 6.0


@dataclass(frozen=True)
class SignLock:
    """A rectifier that never switches."""

    on: int
    """Channels above zero at every position of every image."""
    off: int
    """Channels below zero everywhere that a leaky rectifier lets through all the same."""
    alive: int
    """Channels that are not silent."""
    images: int
    first_step: int
    allowed: float

    def sentence(self) -> str:
        low = f" and {self.off} below zero" if self.off else ""
        return (
            f"{self.on} of {self.alive} living channels were above zero{low} at every position of "
            f"all {self.images} images: the rectifier never switches, so the layer is linear "
            f"(allowed: {percent(self.allowed)} of channels)"
        )


@dataclass(frozen=True)
class SignLockedChannels(Symptom):
    """A rectified layer whose values never change sign: it computes nothing but a linear map.

    ## What it finds
    Layers with ReLU, ReLU6 or leaky ReLU in which all living channels are above zero at every
    position of every probe image (or, behind a leaky one, below zero everywhere). Such a rectifier
    passes its input on unchanged, so this layer and the next one could be one linear layer.

    ## Why it matters
    Depth counts only where a nonlinearity lies between. A network of locked layers can tell apart
    no more than a linear classifier can.

    ## Common causes
    A large positive bias at the start; inputs far from zero (0 to 255, not centred) with
    weights of one sign; a rectifier that follows a layer whose output is already positive.

    ## What looks similar
    Single channels that are always on carry a constant or a copy of the input, and are harmless.
    Silent channels are dead-channels. A rectifier directly behind another one changes nothing by
    construction: a layer without weights is not judged. Where a linear classifier suffices the
    network works all the same: a note.

    ## Example
    Biases of 10 at the start, on images from 0 to 1: every unit of every layer stays above zero.

    ## References
    - Balestriero & Baraniuk, A Spline Theory of Deep Networks, 2018,
      https://proceedings.mlr.press/v80/balestriero18b.html
    """

    code = "S52"
    name = "sign-locked-channels"
    since = "0.1"
    reads = (MapSummary,)
    min_images = 100
    needs_activation = True

    max_share: float = threshold(
        0.95,
        unit="share of living channels",
        because="a few channels that switch keep a layer nonlinear",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if layer.head or not layer.weighted or layer.activation not in RECTIFIERS:
                continue
            checks = [c for c in subject.history(layer.name, MapSummary, "post") if c.value.images]
            if not checks:
                yield Unjudged(layer.name, "a look at its maps on the probe")
                continue
            last = checks[-1]
            on, off = _locked(layer, last.value)
            alive = on | off | _switching(layer, last.value)
            images = last.value.images
            locked = int((on | off).sum())
            # Two living channels at least: a lone one is a bottleneck rather than a layer.
            if int(alive.sum()) < 2 or locked < self.max_share * int(alive.sum()):
                yield Healthy(layer.name, images if locked else None, last.step)
                continue
            since = next(
                c.step
                for n, c in enumerate(checks)
                if all(_is_linear(layer, later.value, self.max_share) for later in checks[n:])
            )
            yield Suspicion(
                layer.name,
                Severity.WARNING,
                SignLock(
                    int(on.sum()),
                    int(off.sum()),
                    int(alive.sum()),
                    images,
                    since,
                    self.max_share,
                ),
                tuple(int(c) for c in np.flatnonzero(on | off)),
                since,
                images=images,
                at=last.step,
            )


def _locked(layer: Layer, seen: MapSummary) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Channels whose every value lies above zero, and those of a leaky rectifier below it."""
    finite = seen.nonfinite == 0
    on = finite & (seen.minimum > 0) & np.isfinite(seen.maximum)
    if layer.activation == "relu6":
        on &= seen.maximum < CLIP
    leaky = layer.activation == "leaky_relu"
    off = finite & (seen.maximum < 0) & np.isfinite(seen.minimum) & leaky
    return on, off


def _switching(layer: Layer, seen: MapSummary) -> npt.NDArray[np.bool_]:
    on, off = _locked(layer, seen)
    return ~seen.silent & ~on & ~off


def _is_linear(layer: Layer, seen: MapSummary, share: float) -> bool:
    on, off = _locked(layer, seen)
    alive = int((on | off | _switching(layer, seen)).sum())
    return alive >= 2 and int((on | off).sum()) >= share * alive
