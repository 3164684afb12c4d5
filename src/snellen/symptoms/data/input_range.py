"""S38 input-range."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import MapSummary, NormalisationState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.facts import loaded
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount, count


@dataclass(frozen=True)
class InputScale:
    """The values that enter the model."""

    problem: str
    """`not as trained on`, `large values`, `off centre`, `hardly varying`, `widely varying`."""
    minimum: float
    maximum: float
    mean: float
    """Of the channel concerned, like `deviation`."""
    deviation: float
    channel: int | None
    """The channel concerned; `None`: all of them together."""
    images: int
    allowed: str

    def sentence(self) -> str:
        where = "" if self.channel is None else f" in channel {self.channel}"
        seen = {
            "not as trained on": f"input values go from {amount(self.minimum)} to "
            f"{amount(self.maximum)} into weights that were trained before",
            "large values": f"input values reach {amount(self.maximum)} (from "
            f"{amount(self.minimum)})",
            "off centre": (
                f"the input's mean is {amount(self.mean)}, "
                f"{amount(abs(self.mean) / self.deviation)} "
                f"standard deviations from zero{where}"
                if self.deviation > 0
                else f"the input is {amount(self.mean)} everywhere{where}"
            ),
            "hardly varying": f"the input's standard deviation is {amount(self.deviation)}{where}",
            "widely varying": f"the input's standard deviation is {amount(self.deviation)}{where}",
        }[self.problem]
        over = count(self.images, "image")
        return f"{seen} over {over} as the model gets them (allowed: {self.allowed})"


@dataclass(frozen=True)
class InputRange(Symptom):
    """Images that enter the model in an unusual range.

    ## What it finds
    Inputs with values above 20 (as when images from 0 to 255 were never scaled), with a mean more
    than three standard deviations from zero, or with a standard deviation below 0.05 or above 5,
    each as the model gets them and not as they lie on the disk. Raw values from 0 to 255 that enter
    weights of an earlier training are a warning in any case.

    ## Why it matters
    The first layer's pre-activations grow with the inputs: large ones make the first updates huge,
    ones that share a sign push all weights of a filter the same way, tiny ones drown in the biases.

    ## Common causes
    A missing division by 255; a normalisation applied twice; mean and deviation given for 0 to 1
    but applied to 0 to 255; constant or blank images.

    ## What looks similar
    Raw values from 0 to 255 can train well (Adam with small initial weights), so without harm this
    is a note. Inputs that are no images, such as counts or physical measurements, have ranges of
    their own. Some pre-trained networks were trained on values from 0 to 255 less their mean, or
    scale their inputs themselves, which their first batch normalisation tells. A channel of
    coordinates or a mask is constant on purpose.

    ## Example
    `torch.tensor(images)` of uint8 images turned to float without dividing: values from 0 to 255.

    ## References
    - He et al., Delving Deep into Rectifiers, 2015, https://arxiv.org/abs/1502.01852
    """

    code = "S38"
    name = "input-range"
    since = "0.1"
    reads = (MapSummary, NormalisationState)
    min_images = 300

    max_value: float = threshold(
        20.0, unit="largest value", because="standardised images stay below 10, raw ones reach 255"
    )
    max_offset: float = threshold(
        3.0,
        unit="|mean| over standard deviation",
        because="images from 0 to 1 have about 2, standardised ones 0",
    )
    scaled_value: float = threshold(
        1.5,
        unit="largest magnitude of a pixel",
        because="up to here images are scaled as usual",
    )
    max_offset_scaled: float = threshold(
        8.0,
        unit="|mean| over standard deviation, of images scaled as usual",
        because="bright fields and pages from 0 to 1 have 4 to 6, and networks learn from them",
    )
    min_deviation: float = threshold(
        0.05, unit="standard deviation", because="images from 0 to 1 have about 0.25"
    )
    max_deviation: float = threshold(
        4.0, unit="standard deviation", because="dividing by 0.22 twice gives about 4.5"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        entry = _widest(subject)
        if entry is None:
            yield Unjudged("", "a look at the images that enter the model")
            return
        problem = self._problem(entry)
        if problem is not None and problem.problem == "large values" and loaded(subject):
            yield self._into_loaded_weights(subject, entry, problem)
        elif not np.isfinite(entry.mean).all():
            yield Unjudged("", "input channels with finite values")
        elif problem is None:
            yield Healthy("", entry.images)
        else:
            yield Suspicion("", Severity.WARNING, problem, images=entry.images, step=0)

    def _into_loaded_weights(
        self, subject: Subject, entry: MapSummary, problem: InputScale
    ) -> Opinion:
        """Weights of an earlier training expect what they were trained on."""
        mean, deviation, _ = _channels(entry)
        centred = bool((np.abs(mean) < deviation).all()) and float(entry.minimum.min()) < 0
        if centred or _expected(subject):
            return Healthy("", entry.images)
        evidence = dataclasses.replace(
            problem, problem="not as trained on", allowed="centred, or scaled, as they were then"
        )
        return Suspicion("", Severity.WARNING, evidence, images=entry.images, step=0, evident=True)

    def _problem(self, maps: MapSummary) -> InputScale | None:
        low, high = float(maps.minimum.min()), float(maps.maximum.max())
        mean, deviation, which = _channels(maps)
        offset = np.abs(mean) / np.maximum(deviation, 1e-300)
        scaled = max(high, -low) <= self.scaled_value
        most = self.max_offset_scaled if scaled else self.max_offset
        # The plainest sign first: raw images are also off centre and widely varying.
        checks = [
            (
                "large values",
                max(high, -low) > self.max_value,
                int(offset.argmax()),
                f"up to {self.max_value:g}",
            ),
            (
                "hardly varying",
                bool((deviation < self.min_deviation).all()),
                int(deviation.argmin()),
                f"{self.min_deviation:g} to {self.max_deviation:g}",
            ),
            (
                "off centre",
                bool((offset > most).all()),
                int(offset.argmax()),
                f"{most:g} standard deviations",
            ),
            (
                "widely varying",
                bool((deviation > self.max_deviation).any()),
                int(deviation.argmax()),
                f"{self.min_deviation:g} to {self.max_deviation:g}",
            ),
        ]
        for problem, found, at, allowed in checks:
            if found:
                channel = at if which and problem != "large values" else None
                return InputScale(
                    problem,
                    low,
                    high,
                    float(mean[at]),
                    float(deviation[at]),
                    channel,
                    maps.images,
                    allowed,
                )
        return None


def _expected(subject: Subject) -> bool:
    """The first batch normalisation finds what it remembers of its earlier training."""
    for layer in subject.layers:
        history = subject.history(layer.name, NormalisationState)
        if not history or history[0].step > 0:
            continue
        shift, ratio = history[0].value.mean_shift, history[0].value.log_variance_ratio
        known = np.isfinite(shift) & np.isfinite(ratio)
        return bool(
            known.any() and np.median(shift[known]) < 1 and np.median(ratio[known]) < np.log(10)
        )
    return False


def _widest(subject: Subject) -> MapSummary | None:
    """Of the inputs on record (training batches, probe) those of the most images."""
    seen = [
        entry.value
        for clock in (Clock.INLINE, Clock.PROBE)
        for entry in subject.history("", MapSummary, "input", clock)
        if entry.value.images
    ]
    return max(seen, key=lambda maps: maps.images) if seen else None


def _channels(
    maps: MapSummary,
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]], bool
]:
    """Mean and deviation per channel, of up to four; of more (features, spectra) all together."""
    if 1 < maps.channels <= 4:
        return maps.mean, np.sqrt(maps.variance), True
    values = max(int(maps.values.sum()), 1)
    mean = float(maps.sum.sum()) / values
    variance = max(float(maps.squares.sum()) / values - mean**2, 0.0)
    return np.array([mean]), np.array([variance**0.5]), False
