"""S34 maps-too-fine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import HELD_OUT, Subject
from snellen.stats import ModeGap, Predictions
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, threshold
from snellen.symptoms.gates import whole_training_set
from snellen.symptoms.geometry import Ending, Geometry, geometry
from snellen.symptoms.phases import number
from snellen.symptoms.wording import percent

LARGE_IMAGE = 32
"""Pixels along a side from which on maps are worth making coarser."""


@dataclass(frozen=True)
class WideFlattening:
    """A dense layer that reads every position of fine maps by itself."""

    weights: int
    images: int
    """Training images."""
    grid: tuple[int, ...]
    jump: int
    """Pixels along a side for each position."""
    allowed: int
    """Weights for each training image."""
    known: float
    """Share of training and (`unknown`) of held-out images answered rightly; NaN: not measured."""
    unknown: float

    def sentence(self) -> str:
        grid = "×".join(str(n) for n in self.grid)
        gap = (
            f"; {percent(self.known)} of training images are answered rightly, "
            f"{percent(self.unknown)} of held-out ones"
            if np.isfinite(self.unknown)
            else ""
        )
        return (
            f"a dense layer reads all {grid} positions by itself: {self.weights / self.images:.0f} "
            f"weights for each training image (allowed: {self.allowed}){gap}"
        )


@dataclass(frozen=True)
class MapsTooFine(Symptom):
    """Maps that go to a dense layer almost as fine as the image.

    ## What it finds
    Images of 32 pixels or more whose maps reach a flattening at the image's own resolution or half
    of it, where the dense layer behind it has more than 100 weights for each training image. And
    the network was measured to learn by heart: it answers training images rightly 10 points more
    often than held-out ones. Without held-out images, more than 1,000 weights for each training
    image are noted.

    ## Why it matters
    Such a layer can tell every training image by a few of its pixels, so that it need not learn
    what images have in common; and a shift by one pixel changes all its inputs.

    ## Common causes
    `Flatten` right after a few convolutions without stride or pooling.

    ## What looks similar
    With many images, or small ones, a flattening does no harm. A gap between training and held-out
    images has other causes as well (S49): this symptom names the one that is seen in the structure.

    ## Example
    Four convolutions of 64×64, `Flatten` and `Dense(90)` for 100 images: 29,000 weights for each.

    ## References
    - Lin et al., Network In Network, 2013, https://arxiv.org/abs/1312.4400
    """

    code = "S34"
    name = "maps-too-fine"
    since = "0.1"
    reads = (Predictions, ModeGap)

    max_weights: int = threshold(
        100,
        unit="weights of the dense layer for each training image",
        because="healthy small networks have up to 100",
    )
    max_weights_unmeasured: int = threshold(
        1000,
        unit="weights of the dense layer for each training image, without held-out images",
        because="many times more than images could ever settle",
    )
    max_jump: int = threshold(
        2, unit="pixels for each position", because="at most one halving since the image"
    )
    max_gap: float = threshold(
        0.10,
        unit="share of images answered rightly, training less held-out",
        because="the limit of S49",
    )
    evident_gap: float = threshold(
        0.20,
        unit="share of images answered rightly, training less held-out",
        because="a fifth of what was learnt does not hold for other images",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        shape = geometry(subject)
        images = training_images(subject)
        if shape is None or min(shape.image) < LARGE_IMAGE or not images or images < 1:
            return
        readers = {x.name: x for x in subject.layers}
        for ending in shape.endings:
            if ending.kind == "flattened" and ending.reader in readers:
                yield self._opinion(subject, shape, ending, readers[ending.reader], int(images))
                return

    def _opinion(
        self, subject: Subject, shape: Geometry, ending: Ending, reader: Layer, images: int
    ) -> Opinion:
        weights, sides = prod(reader.weight_shape), [*zip(shape.image, ending.grid, strict=False)]
        jump = min((round(pixels / n) for pixels, n in sides if n), default=0)
        fine = 0 < jump <= self.max_jump and weights > self.max_weights * images
        if not fine:
            return Healthy(reader.name)
        known, unknown, significant = gap(subject)
        measured = np.isfinite(unknown)
        excess = significant and known - unknown > self.max_gap
        unmeasured = not measured and weights > self.max_weights_unmeasured * images
        if not (excess or unmeasured):
            return Healthy(reader.name)
        allowed = self.max_weights if measured else self.max_weights_unmeasured
        evidence = WideFlattening(weights, images, ending.grid, jump, allowed, known, unknown)
        evident = bool(significant and known - unknown > self.evident_gap)
        return Suspicion(reader.name, Severity.WARNING, evidence, step=0, evident=evident)


def training_images(subject: Subject) -> float | None:
    """As the script's loader shows them, or counted; `None`: not known."""
    told = number(subject, "training_images")
    if told is not None:
        return told
    if whole_training_set(subject):
        probe: Any = subject.facts["probe"]
        return float(probe.get("images") or 0)
    last = subject.last("", ModeGap)
    batch = number(subject, "batch_size") or (last.value.batch if last else None)
    steps = number(subject, "steps_per_epoch")
    return batch * steps if batch and steps else None


def gap(subject: Subject) -> tuple[float, float, bool]:
    """Shares of training and of held-out images answered rightly (NaN: not known), and whether they
    differ by more than three standard errors."""
    shares: list[float] = []
    variance = 0.0
    for part in ("", HELD_OUT):
        last = subject.last("", Predictions, part)
        n = int(last.value.present.sum()) if last is not None else 0
        if last is None or n < 20 or len(last.value.right) != len(last.value.present):
            return float("nan"), float("nan"), False
        p = float(last.value.right.sum()) / n
        shares.append(p)
        variance += p * (1 - p) / n
    return shares[0], shares[1], bool(abs(shares[0] - shares[1]) > 3 * np.sqrt(variance))
