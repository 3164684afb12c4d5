"""S50 model-independent-saliency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import Explanation
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.wording import amount, percent


@dataclass(frozen=True)
class Unmoved:
    """Saliency maps that stay when the weights are replaced by random ones."""

    similarity: float
    """Mean rank correlation with the maps of the network with all weights made random anew."""
    between_images: float
    edges: float
    blind: float
    """Share of pixels that have no saliency in any image."""
    images: int
    allowed: float

    def sentence(self) -> str:
        if self.blind > 0.5:
            source = f"{percent(self.blind)} of the pixels have no influence at all"
        elif self.between_images >= self.allowed:
            source = "the network's structure draws them, since other images give the same"
        elif self.edges >= self.allowed:
            source = "they follow the edges of the image"
        else:
            source = "they follow the image rather than what was learnt"
        return (
            f"with all weights made random, the saliency of {self.images} images stays the same "
            f"to a rank correlation of {amount(self.similarity)} (allowed: "
            f"{amount(self.allowed)}): {source}"
        )


@dataclass(frozen=True)
class ModelIndependentSaliency(Symptom):
    """Saliency maps that don't depend on what the network has learnt.

    ## What it finds
    Networks whose gradient saliency looks much the same after all their weights were replaced by
    random ones, layer by layer from the top. It says whether the maps are drawn by the structure of
    the network (they are the same for all images) or by the edges of each image.

    ## Why it matters
    Such a map can't explain a decision, however convincing it looks. Where the structure draws it,
    the network may be blind to part of the image: pixels that a stride jumps over have no influence
    at all.

    ## Common causes
    Strides larger than the kernel; a first layer that reads few of the pixels; a network that has
    learnt nothing.

    ## What looks similar
    Windows without padding read the image's edges less, and may leave the last rows out: all maps
    then share a blank edge, which is no fault of this kind. Methods that
    multiply the gradient with the image, or drop its negative part, inherit the image: they are not
    used here.

    ## Example
    A first convolution of 1×1 with stride 2: three of four pixels never have any saliency, whatever
    the weights.

    ## References
    - Adebayo et al., Sanity Checks for Saliency Maps, 2018, https://arxiv.org/abs/1810.03292
    - Binder et al., Shortcomings of Top-Down Randomization-Based Sanity Checks for Evaluations of
      Deep Neural Network Explanations, 2023, https://arxiv.org/abs/2211.12486
    """

    code = "S50"
    name = "model-independent-saliency"
    since = "0.1"
    reads = (Explanation,)

    max_similarity: float = threshold(
        0.5,
        unit="rank correlation with the saliency of random weights",
        because="maps that depend on the weights stay below it (Adebayo et al. 2018)",
    )
    max_blind: float = threshold(
        0.5,
        unit="share of pixels without any saliency",
        because="windows that leave out the last rows and columns cost up to a quarter of a small "
        "image, and draw the same blank edge into every map",
    )
    min_explained: int = threshold(4, unit="images", because="a mean of fewer is no mean")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = subject.last("", Explanation)
        if seen is None:
            return
        told, step = seen.value, seen.step
        similarity = np.asarray(told.similarity, np.float64)
        # One stage alone is the head: the maps of a linear network depend on nothing else.
        if len(similarity) < 3 or told.images < self.min_explained:
            yield Unjudged("", "the saliency of four images in a network of several layers")
        elif not np.isfinite(similarity[-1]):
            yield Unjudged("", "saliency that is finite and not zero")
        elif similarity[-1] <= self.max_similarity or self._harmless(told, float(similarity[-1])):
            yield Healthy("", at=step)
        else:
            yield Suspicion(
                "",
                Severity.WARNING,
                Unmoved(
                    float(similarity[-1]),
                    told.between_images,
                    told.edges,
                    _blind(told),
                    told.images,
                    self.max_similarity,
                ),
                at=step,
            )

    def _harmless(self, told: Explanation, similarity: float) -> bool:
        """Whether all maps share a pattern, as a blank edge, that leaves most of the image seen."""
        structural = told.between_images >= similarity - 0.2
        return structural and _blind(told) <= self.max_blind


def _blind(told: Explanation) -> float:
    """0 where no maps were kept."""
    return float((told.maps == 0).all(axis=0).mean()) if told.maps.size else 0.0
