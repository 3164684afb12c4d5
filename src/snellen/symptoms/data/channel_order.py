"""S39 channel-order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import ChannelSwap, ImageAudit
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.facts import loaded
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount, percent


@dataclass(frozen=True)
class BetterSwapped:
    """More right answers with the first and third channels swapped."""

    right: float
    """Share of images answered rightly as they came."""
    right_swapped: float
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"with the first and third input channels swapped {percent(self.right_swapped)} of "
            f"{self.images} images are answered rightly, as they come {percent(self.right)} "
            f"(allowed: {percent(self.allowed)} more)"
        )


@dataclass(frozen=True)
class MisplacedAxis:
    """A spatial axis where the channels should be."""

    shape: tuple[int, ...]
    """Of one image as the model gets it: channels first."""
    across: float
    """Mean difference of neighbouring channels, in standard deviations of the data."""
    along: float
    """Mean difference of neighbouring positions."""
    allowed: float

    def sentence(self) -> str:
        shape = " × ".join(map(str, self.shape))
        return (
            f"images come as channels × height × width = {shape}; neighbouring channels differ by "
            f"{amount(self.across)} standard deviations, neighbouring positions by "
            f"{amount(self.along)} (allowed: channels at least {amount(self.allowed)} times that)"
        )


@dataclass(frozen=True)
class ChannelOrder(Symptom):
    """Image axes or colour channels in another order than the model expects.

    ## What it finds
    Images given as height × width × channels to a model that reads channels first (or the other way
    round): a short spatial axis, a long channel axis, and channels as smooth as neighbouring
    pixels. And colour channels in the reverse order of a pre-trained model's: more images are
    answered rightly after the first and third channels are swapped.

    ## Why it matters
    A convolution slides over positions and mixes channels. With the axes exchanged it mixes rows of
    the image and slides over its colours. Swapped colours are read by filters that learnt others.

    ## Common causes
    A missing `permute(0, 3, 1, 2)`, `data_format="channels_first"` data in a channels-last model;
    images read by OpenCV (BGR) for weights trained on RGB, or the reverse.

    ## What looks similar
    A model trained from scratch does not mind the order of colours, so only a better answer counts,
    never a different one. Spectra and stacks of slices have many channels that resemble each other:
    without a spatial axis of four or fewer beside a long one they are not judged.

    ## Example
    `torch.tensor(images)` of digits stored as `(images, 28, 28, 1)`: 28 channels of 28 × 1 pixels.

    ## References
    - PyTorch, Channels last memory format, https://pytorch.org/tutorials/intermediate/memory_format_tutorial.html
    """

    code = "S39"
    name = "channel-order"
    since = "0.1"
    reads = (ChannelSwap, ImageAudit)

    min_gain: float = threshold(
        0.02,
        unit="share of images answered rightly when swapped, above that as they come",
        because="a fiftieth of the images is worth changing the order for",
    )
    min_roughness: float = threshold(
        2.5,
        unit="difference of neighbouring channels over that of neighbouring positions",
        because="digits are 0.6 to 1.7 times as rough down as along; unrelated channels 3 times "
        "and more",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        misplaced = self._misplaced(subject)
        if misplaced is not None:
            # The wrong axes are themselves what was seen: nothing else has this shape and is
            # smooth across channels.
            yield Suspicion("", Severity.WARNING, misplaced, step=0, evident=True)
            return
        last = subject.last("", ChannelSwap)
        if last is None or not last.value.images:
            yield self._without_swap(subject)
            return
        yield self._of_swap(last.value, loaded(subject))

    def _without_swap(self, subject: Subject) -> Opinion:
        shape = _shape(subject)
        if shape is None:
            return Unjudged("", "the shape of the images")
        left_out: Any = subject.facts.get("not_measured")
        if loaded(subject) and isinstance(left_out, dict) and "channel-swap" in left_out:
            return Unjudged("", "answers with the first and third channels swapped")
        return Healthy("")

    def _of_swap(self, seen: ChannelSwap, pretrained: bool) -> Opinion:
        discordant = seen.gained + seen.lost
        difference = (seen.gained - seen.lost) / seen.images
        better = (
            difference > self.min_gain
            and seen.gained - seen.lost > 2 * np.sqrt(max(discordant, 1))
            and not seen.loss_swapped > seen.loss
        )
        p = _at_least(seen.gained, discordant)
        # Without loaded weights nothing prefers another order, so more is asked for.
        if better and (pretrained or p < 1e-4):
            evidence = BetterSwapped(
                seen.right / seen.images, seen.right_swapped / seen.images, seen.images,
                self.min_gain,
            )  # fmt: skip
            return Suspicion(
                "", Severity.WARNING, evidence, evident=True, images=seen.images, p_value=p
            )
        return Healthy("", seen.images, p_value=p)

    def _misplaced(self, subject: Subject) -> MisplacedAxis | None:
        shape = _shape(subject)
        audit = subject.last("", ImageAudit, "", Clock.INLINE)
        if shape is None or len(shape) != 3 or audit is None:
            return None
        channels, *sides = shape
        short, long = min(sides), max(sides)
        roughness = audit.value.roughness
        if short not in (1, 3, 4) or channels <= 4 or long < 8 or len(roughness) != 3:
            return None
        # One grey column beside as many channels as rows, or colours beside a similar side.
        alike = channels == long if short == 1 else 0.5 <= channels / long <= 2
        across = float(roughness[0])
        along = float(roughness[1 + int(np.argmax(sides))])
        if not alike or not across <= self.min_roughness * along:
            return None
        return MisplacedAxis(tuple(shape), across, along, self.min_roughness)


def _shape(subject: Subject) -> list[int] | None:
    value: Any = subject.facts.get("image_shape")
    if not isinstance(value, list):
        return None
    kept: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [int(x) for x in kept] if all(isinstance(x, int) and x > 0 for x in kept) else None


def _at_least(successes: int, trials: int) -> float:
    """Probability of at least so many heads of a fair coin: McNemar's exact test, one-sided."""
    from scipy.stats import binom

    return float(binom.sf(successes - 1, trials, 0.5)) if trials else 1.0
