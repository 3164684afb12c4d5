"""How many images each update rests on, and how many updates there were."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from snellen.causes.case import Case
from snellen.causes.measures.labels import training_images
from snellen.record import Clock
from snellen.stats import MapSummary
from snellen.symptoms.phases import number


@lru_cache(maxsize=8)
def images_per_step(case: Case) -> int | None:
    """Images of one batch, as the loader says or as batches were seen; `None` where not known.
    Where gradients are accumulated, those of one pass."""
    known = number(case.subject, "batch_size")
    if known is not None and known >= 1:
        return int(known)
    sizes = [
        entry.value.images
        for layer in ("", *(layer.name for layer in case.weighted[:1]))
        for entry in case.subject.history(
            layer, MapSummary, "pre" if layer else "input", Clock.INLINE
        )
        if entry.value.images > 0
    ]
    return int(np.median(sizes)) if sizes else None


@lru_cache(maxsize=8)
def steps_per_epoch(case: Case) -> float | None:
    """Updates in one pass over the training images; `None` where not known."""
    known = number(case.subject, "steps_per_epoch")
    if known is not None and known > 0:
        return known
    images, batch = training_images(case), images_per_step(case)
    return images / batch if images and batch else None


@lru_cache(maxsize=8)
def epochs_done(case: Case) -> float | None:
    """Passes over the training images, as counted or as steps and batches make them; `None` where
    not known."""
    known = number(case.subject, "epochs")
    if known is not None and known > 0:
        return known
    each = steps_per_epoch(case)
    return case.subject.steps / each if each else None
