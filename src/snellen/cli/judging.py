"""A run judged as the user wants it shown, and by everything that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snellen.core import Verdict
from snellen.record import RunContents
from snellen.settings import Settings
from snellen.symptoms import Baseline, configured, judge


@dataclass(frozen=True)
class Judged:
    """The verdicts on one run, findings first, worst first."""

    everything: Sequence[Verdict]
    """Those of all symptoms, under the user's thresholds and strictness."""
    shown: Sequence[Verdict]
    """Of these the ones on selected symptoms, without the findings that a baseline has accepted."""
    accepted: int = 0
    """How many those are."""


def judged(contents: RunContents, settings: Settings) -> Judged:
    """Judge once, by every symptom: what is believed of the causes must not hang on what is shown.

    Raises `ChoiceError` for a symptom or threshold that does not exist, and `BaselineError` for a
    baseline that can't be read.
    """
    chosen = configured(
        select=settings.select, ignore=settings.ignore, thresholds=settings.thresholds
    )
    codes = {symptom.code for symptom in chosen}
    accepting = None if settings.baseline is None else Baseline.read(settings.baseline)
    every = configured(thresholds=settings.thresholds)
    everything = judge(contents, symptoms=every, strictness=settings.strictness)
    selected = [verdict for verdict in everything if verdict.code in codes]
    if accepting is None:
        return Judged(everything, selected)
    return Judged(everything, *accepting.without(selected))
