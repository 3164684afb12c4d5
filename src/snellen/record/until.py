"""A run as it stood at one of its steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from snellen.record.run import LossSeries, RunContents, Subject


def until(contents: RunContents, step: int) -> RunContents:
    """What had been seen once every model had made `step` optimiser steps, and nothing later.

    Facts are those of the end, but for the number of steps: they are not kept by step. A model that
    ended sooner stays whole.
    """
    return replace(contents, subjects=tuple(_until(s, step) for s in contents.subjects))


def _until(subject: Subject, step: int) -> Subject:
    if subject.steps <= step:
        return subject
    statistics = {
        place: kept
        for place, entries in subject.statistics.items()
        if (kept := tuple(entry for entry in entries if entry.step <= step))
    }
    losses = {kind: _first(series, step) for kind, series in subject.losses.items()}
    return replace(
        subject,
        facts={**subject.facts, "steps": step},
        moments=tuple(moment for moment in subject.moments if moment.step <= step),
        losses=losses,
        statistics=statistics,
    )


def _first(series: LossSeries, step: int) -> LossSeries:
    # A loss of step s is that of the update after s of them.
    kept = np.asarray(series.steps) < step
    return LossSeries(series.steps[kept], series.values[kept])
