"""What decay and penalties do to filters, however they are set."""

from __future__ import annotations

import numpy as np

from snellen.causes._cause import UNMEASURED, Sign, sign
from snellen.causes.case import Case
from snellen.causes.measures.decay import penalty_departure, penalty_share
from snellen.causes.measures.filters import growth
from snellen.causes.measures.losses import losses
from snellen.symptoms.wording import amount, percent

BRINGS_ABOUT = frozenset(
    f"S{number:02}" for number in (1, 2, 4, *range(8, 11), 12, 13, *range(15, 21), 22, 24, 25, 43)
) | frozenset(("S46", "S48", "S52"))
"""Symptoms of a network whose filters are pressed to zero."""


def shrunk(case: Case) -> Sign:
    """Whether most filters have lost nine tenths of their norm."""
    seen = growth(case)
    if seen is None:
        return UNMEASURED
    share = seen.share_below(0.1)
    said = (
        f"{percent(share)} of the filters without normalisation have less than a tenth of their "
        f"initial norm at step {seen.steps}, {amount(seen.median)} times in the median"
    )
    return sign(share > 0.6, said)


def on_magnitudes(case: Case) -> Sign:
    """Whether a penalty added to the loss goes with the weights' magnitudes, not their squares."""
    factor = penalty_departure(case)
    if not np.isfinite(factor):
        return UNMEASURED
    said = (
        f"what is added to the loss, over the sum of the squared weights, changed by a factor of "
        f"{amount(factor)} (1 for an L2 penalty, more for L1)"
    )
    return sign(factor > 1.15, said)


def penalty_rules(case: Case, *, of_another_kind: bool) -> Sign:
    """Whether much of what is minimised is a penalty; worth less where a layer's own penalty is
    `of_another_kind`."""
    share = penalty_share(case)
    if not np.isfinite(share):
        return UNMEASURED
    said = f"{percent(share)} of what is minimised is no loss on the labels, at the start"
    return sign(share > 0.3, said, reliability=0.4 if of_another_kind else 1.0)


def jumped(case: Case) -> Sign:
    """Whether the loss rose to twice its start: nothing that shrinks weights makes it."""
    seen = losses(case)
    if seen is None or not np.isfinite(seen.spike):
        return UNMEASURED
    how = "rose to" if seen.spike > 2 else "never rose above"
    return sign(seen.spike > 2, f"the training loss {how} {amount(seen.spike)} times its start")
