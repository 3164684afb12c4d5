"""Does the model answer better with its first and third channels swapped?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from snellen.capture.experiments.asked import Asked, right
from snellen.stats import ChannelSwap

IMAGES = 320
FEWEST_IMAGES = 24
FORWARDS = {"answer": 2.0}
CHANNELS = 3


def channel_swap(asked: Asked, images: int) -> Iterator[tuple[str, ChannelSwap]]:
    straight: list[bool] = []
    swapped: list[bool] = []
    losses = np.zeros(2)
    for chunk in asked.some(images):
        if asked.late and len(straight) >= FEWEST_IMAGES:
            break
        pixels = asked.pixels(chunk)
        if pixels is None or pixels.shape[1] != CHANNELS:
            return
        other = asked.instead(chunk, np.ascontiguousarray(pixels[:, ::-1]))
        for way, inputs, hits in ((0, chunk.inputs, straight), (1, other, swapped)):
            output, loss = asked.answer(chunk, inputs)
            found = right(asked.answers(output, chunk))
            if found is None:
                return
            hits += found.tolist()
            losses[way] += loss * chunk.images
    one, two = np.array(straight, np.bool_), np.array(swapped, np.bool_)
    yield (
        "",
        ChannelSwap(
            images=len(one),
            right=int(one.sum()),
            right_swapped=int(two.sum()),
            gained=int((two & ~one).sum()),
            lost=int((one & ~two).sum()),
            loss=float(losses[0] / max(len(one), 1)),
            loss_swapped=float(losses[1] / max(len(one), 1)),
        ),
    )
