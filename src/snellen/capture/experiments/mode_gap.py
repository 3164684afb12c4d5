"""Do running statistics answer as those of a batch do?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from snellen.capture.experiments.asked import Asked, right
from snellen.stats import ModeGap

IMAGES = 320
FORWARDS = {"answer": 2.0}
FEWEST_IMAGES = 32
SHARE = 0.35
"""Of the time that is left. What a forward pass costs does not shrink with its batch: of batches
of two, far fewer than of large ones are asked in the same time."""


def mode_gap(asked: Asked, images: int) -> Iterator[tuple[str, ModeGap]]:
    """Batches of the training's own size, drawn at random, answered in both ways: as many as there
    is time for, of at least 32 images."""
    if not asked.model.normalisations():
        return
    batch = max(1, min(asked.batch_images or images, images))
    order = np.random.default_rng(0).permutation(asked.images)
    losses = np.zeros(2)
    counts: list[int] | None = [0, 0]
    began = asked.clock()
    enough = began + SHARE * (asked.deadline - began)
    done = 0
    for start in range(0, images - batch + 1, batch):
        if start >= FEWEST_IMAGES and asked.clock() > enough:
            break
        done += 1
        chunk = asked.take(order[start : start + batch])
        for way, own in enumerate((False, True)):
            output, loss = asked.answer(chunk, batch_statistics=own)
            losses[way] += loss
            hits = right(asked.answers(output, chunk))
            if hits is None:
                counts = None
            if counts is not None and hits is not None:
                counts[way] += int(hits.sum())
    if not done:
        return
    yield (
        "",
        ModeGap(
            images=done * batch,
            batch=batch,
            eval_loss=float(losses[0] / done),
            batch_loss=float(losses[1] / done),
            eval_right=-1 if counts is None else counts[0],
            batch_right=-1 if counts is None else counts[1],
        ),
    )
