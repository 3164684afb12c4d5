"""Made-up statistics, layers and runs, with every awkward value in them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from snellen.core import Layer, LayerKind
from snellen.record import Clock, Moment, RunWriter
from snellen.stats import Statistic, WeightState

FLOATS = np.array([0.0, -0.0, 1 / 3, np.nan, np.inf, -np.inf, 5e-324, 1.7e308, -2.0])
COUNTS = np.array([0, 1, 320, 2**62, -1, 7, 8, 9, 10])
VALUES: dict[str, Any] = {
    "int": 2**53 + 1,
    "float": 1 / 3,
    "str": "multi-label, größer",
    "Floats": FLOATS,
    "Counts": COUNTS,
    "npt.NDArray[np.float64]": FLOATS.reshape(3, 3),
    "npt.NDArray[np.int64]": COUNTS,
    "npt.NDArray[np.float32]": np.array([0.0, -0.0, 1 / 3, np.nan, -np.inf, 1e-45], np.float32),
    "bool": True,
}


def statistic(kind: type[Statistic], **changes: Any) -> Any:
    """One of the kind; a field of a type that is not listed above is an error here."""
    fields = {f.name: VALUES[str(f.type)] for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**fields | changes)


def weights(step: int, filters: int = 4) -> WeightState:
    """A statistic that says in itself at which step it was taken."""
    some = np.random.default_rng(step).normal(size=filters)
    return WeightState(some, some, some, float(step), step, np.zeros(0), np.zeros(0))


def layer(name: str, index: int = 0, **changes: Any) -> Layer:
    return Layer(name, index, LayerKind.CONV, "Conv2d", 4, (8, 8), **changes)


def moment(step: int, clock: Clock = Clock.PROBE) -> Moment:
    return Moment(step, clock, step // 10, step * 0.5, 0.01, {"learning_rate": 0.001})


def write_run(path: Path, steps: int = 5) -> None:
    """A closed run of one model with something in each table."""
    with RunWriter.create(path, {"script": "train.py"}) as writer:
        subject = writer.add_subject("Net", "torch", {"steps": steps})
        writer.set_layers(subject, [layer("c1"), layer("c2", 1)])
        for step in range(steps):
            writer.add_moment(subject, moment(step))
            for name in ("c1", "c2"):
                writer.add_statistic(subject, step, Clock.PROBE, name, "pre", weights(step, 64))
            writer.add_losses(subject, "train", [(step, 1.0 / (step + 1))])
            writer.add_thumbnail(subject, "c1", step, 0, 1, 0.0, 1.0, b"picture %d" % step)
            writer.flush()
        writer.add_event("note", "all went well", 3, subject)
        writer.set_verdicts([{"symptom": "dead-channels"}])
