"""Small pictures of probe images: those whose maps are pictured, and those answered otherwise than
labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from snellen.adapters.contract import Model
from snellen.capture.look import PICTURED_IMAGES, Picture
from snellen.capture.probe import Chunk
from snellen.record.pictures import png
from snellen.stats import ImageAnswers

MOST_SUSPECTS = 12
"""Pictures of images that may be labelled wrongly: what one glance takes in."""
COLOURS = 3
"""Images of so many channels are kept in colour, of all others the first channel."""


def shown_images(
    model: Model, chunks: Sequence[Chunk], answers: ImageAnswers | None
) -> Iterator[Picture]:
    """Pictures under the layer `""`, on one scale; none where the images are no tensors of floating
    point."""
    taken: list[tuple[int, npt.NDArray[np.float32]]] = []
    start = 0
    wanted = chosen(sum(chunk.images for chunk in chunks), answers)
    for chunk in chunks:
        here = [image for image in wanted if start <= image < start + chunk.images]
        images = model.images_of(chunk.inputs) if here else None
        if images is not None and images.ndim > 2:
            channels = COLOURS if images.shape[1] == COLOURS else 1
            taken += [(image, images[image - start, :channels]) for image in here]
        start += chunk.images
    finite = [pixels[np.isfinite(pixels)] for _, pixels in taken]
    low = min((float(x.min()) for x in finite if x.size), default=0.0)
    high = max((float(x.max()) for x in finite if x.size), default=0.0)
    for image, pixels in taken:
        for channel, values in enumerate(pixels):
            yield Picture("", image, channel, low, high, png(values, low, high))


def chosen(images: int, answers: ImageAnswers | None) -> list[int]:
    """The first ones, and those in which the model believes another class most surely against the
    label; ascending."""
    first = set(range(min(PICTURED_IMAGES, images)))
    if answers is None or len(answers.label) != images:
        return sorted(first)
    against = np.nan_to_num(answers.runner_up - answers.probability, nan=-1.0)
    wrong = (answers.label >= 0) & (answers.chosen != answers.label) & (against > 0)
    order = np.argsort(-against, kind="stable")
    return sorted(first | {int(i) for i in order[wrong[order]][:MOST_SUSPECTS]})
