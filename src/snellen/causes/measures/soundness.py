"""Whether the network itself came apart, whatever its data were."""

from __future__ import annotations

from snellen.causes._cause import UNMEASURED, Sign, sign
from snellen.causes.case import Case
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.losses import losses
from snellen.symptoms.wording import percent

MOSTLY_DEAD = 0.6
"""Share of rectified channels beyond which a network can hardly have learnt."""


def came_apart(case: Case) -> Sign:
    """Present where the loss was not finite or most channels died: what happened then may have
    nothing to do with the data."""
    seen, course = deaths(case), losses(case)
    if course is not None and course.non_finite:
        return sign(True, "the training loss was not finite at some step", "S06")
    if seen is None:
        return sign(False, "the training loss was finite throughout") if course else UNMEASURED
    said = f"{percent(seen.last)} of the rectified channels are silent at the end"
    return sign(seen.last > MOSTLY_DEAD, said, "S01")
