"""S51 off-object-evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import HELD_OUT, Subject
from snellen.stats import Explanation, Predictions
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Elsewhere:
    """Evidence that lies where the object is not."""

    share: float
    """Of the saliency: on the object, or in the border."""
    area: float
    """What it would be by chance: the object's, or the border's, share of the image."""
    masked: bool
    """Labels marked the object; else the border is judged."""
    recall: float
    """Macro recall on the probe; NaN where unknown, as `held_out`."""
    held_out: float
    allowed: float

    def sentence(self) -> str:
        ending = (
            f"; macro recall is {self.recall:.2f} on training images and {self.held_out:.2f} on "
            "held-out ones"
            if np.isfinite(self.recall) and np.isfinite(self.held_out)
            else ""
        )
        if self.masked:
            return (
                f"{percent(self.share)} of the saliency lies on the object, which covers "
                f"{percent(self.area)} of the image (allowed: at least "
                f"{percent(self.allowed)}){ending}"
            )
        return (
            f"{percent(self.share)} of the saliency lies in the outer eighth of the image, which "
            f"is {percent(self.area)} of it (allowed: {percent(self.allowed)}){ending}"
        )


@dataclass(frozen=True)
class OffObjectEvidence(Symptom):
    """Decisions that rest on something beside the object.

    ## What it finds
    Saliency that avoids the object, where the labels mark it (segmentation), or that sits in the
    outer eighth of the image far more than that eighth's area. It is a fault by itself where the
    network does much worse on held-out images than on its training images.

    ## Why it matters
    A mark in a corner, a frame or a watermark that goes with the class makes training easy and the
    network useless: without the mark it knows nothing.

    ## Common causes
    Scanner marks, captions or borders that differ between the classes' sources; images of one class
    cropped or padded in a way of their own; leaked labels drawn into the image.

    ## What looks similar
    Context may be real evidence (a road under a car). Objects that fill the image reach into its
    border. Saliency spreads over blank borders in networks that have not learnt. Textures and other
    tasks without an object have their evidence everywhere, which is what chance gives too.

    ## Example
    Digits with a pixel in the corner that encodes the class: 100% of the training images are right,
    and 10% of those without the pixel.

    ## References
    - Lapuschkin et al., Unmasking Clever Hans predictors and assessing what machines really learn,
      2019, https://arxiv.org/abs/1902.10178
    - Geirhos et al., Shortcut Learning in Deep Neural Networks, 2020,
      https://arxiv.org/abs/2004.07780
    """

    code = "S51"
    name = "off-object-evidence"
    since = "0.1"
    reads = (Explanation, Predictions)

    min_on_object: float = threshold(
        0.5,
        unit="share of saliency on the object, over the object's share of the image",
        because="half of what a network without any knowledge of the object would give",
    )
    max_border: float = threshold(
        1.5,
        unit="share of saliency in the border, over the border's share of the image",
        because="objects in the middle give less than 1",
    )
    max_border_failing: float = threshold(
        1.2,
        unit="share of saliency in the border, over the border's share of the image",
        because="where held-out images are answered far worse; marks on the edges gave 1.4, the "
        "same images without them 0.2",
    )
    max_drop: float = threshold(
        0.3,
        unit="macro recall on training images less that on held-out ones",
        because="overfitting alone seldom loses as much",
    )
    min_explained: int = threshold(4, unit="images", because="one object may be anywhere")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = subject.last("", Explanation)
        if seen is None:
            return
        told = seen.value
        masked = bool(np.isfinite(told.inside) and 0 < told.area < 1)
        share, area = (told.inside, told.area) if masked else (told.border, told.border_area)
        if told.images < self.min_explained or not np.isfinite(share) or not 0 < area < 1:
            yield Unjudged("", f"the saliency of {self.min_explained} images")
            return
        recall, held_out = _recalls(subject)
        failing = recall - held_out > self.max_drop + 1e-9
        limit = self.max_border_failing if failing else self.max_border
        allowed = self.min_on_object * area if masked else min(0.95, limit * area)
        if share >= allowed if masked else share <= allowed:
            yield Healthy("", at=seen.step)
            return
        yield Suspicion(
            "",
            Severity.WARNING,
            Elsewhere(share, area, masked, recall, held_out, allowed),
            at=seen.step,
            evident=failing,
        )


def _recalls(subject: Subject) -> tuple[float, float]:
    """Macro recall on the probe and on held-out images, both after training; NaN where unknown."""
    probe, rest = subject.last("", Predictions), subject.last("", Predictions, HELD_OUT)
    return (
        probe.value.macro_recall if probe else float("nan"),
        rest.value.macro_recall if rest else float("nan"),
    )
