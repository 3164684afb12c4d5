"""Batches of another size."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import math
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import fit_data
from snellen.adapters.keras import tensors
from snellen.adapters.patches import Patches

USUAL = 32
"""What `fit` takes where it is given no size."""


def arm(effect: Effect, patches: Patches, *, factor: float) -> None:
    """Resize the batches of what `fit` is given as arrays or as a `tf.data.Dataset`.

    Where the script says how many steps make an epoch, there are so many fewer or more of them that
    an epoch has the images it had. Batches of validation stay; so do those that a `PyDataset`, a
    generator or a loader has made.
    """

    def change(given: dict[str, Any]) -> None:
        if fit_data.are_arrays(given):
            images = int(tensors.leaves(given["x"])[0].shape[0])
            steps = given["steps_per_epoch"]
            size = given["batch_size"] or (math.ceil(images / steps) if steps else USUAL)
            given["batch_size"] = _resized(given, size, images)
            return
        try:
            pipeline = fit_data.pipeline_of(given["x"])
            if pipeline is None:
                effect.cannot(
                    f"batches come from {fit_data.kind_of(given['x'])}, and are not resized"
                )
            else:
                size = _resized(given, pipeline.size, pipeline.images)
                if size != pipeline.size:
                    given["x"] = pipeline.batched_anew(pipeline.dataset.unbatch(), size)
        except fit_data.UnknownBatchesError as error:
            effect.cannot(f"batches are not resized: their data set {error}")

    def _resized(given: dict[str, Any], size: int, images: int | None) -> int:
        """The new size; the steps of an epoch are changed to fit it."""
        new = max(round(size * factor), 1)
        if images is not None:
            new = min(new, max(images, 1))
        if new != size:
            effect.did("trainings with batches of another size")
            if given["steps_per_epoch"]:
                given["steps_per_epoch"] = max(round(given["steps_per_epoch"] * size / new), 1)
        return new

    fit_data.patch(patches, effect, change)
