"""C33 clipping-too-hard."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.changing import clipped
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.clipping import Clipping, clipping
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import largest_drift, steps_taken
from snellen.causes.rewriting import made_anew
from snellen.symptoms.optimiser import adaptive
from snellen.symptoms.wording import amount, percent

MOSTLY = 0.8
TINY = 0.1
"""Share of the largest gradient that is left of it: clipping for safety leaves more."""


class ClippingTooHard(Cause):
    """Gradients cut down to a limit far below their usual size, at every step.

    ## How it shows
    Nearly all steps are clipped, and little of the gradient is left. Under SGD every step is as
    long as the limit times the learning rate, whatever the loss: weights change by less than a
    ten-thousandth a step although gradients are large and the rate is usual. The loss falls
    slowly and evenly.

    ## What looks similar
    A learning rate too low (C21) makes the same steps of gradients that were let through. An
    epsilon too large (C31) does it under Adam. A vanishing gradient (C09, C11) is small before it
    is clipped. Steps that are clipped and too long all the same come of the rate (C20).

    ## How to be sure
    Train again with the limit times 100: the loss falls at least three times as fast, without
    leaps.

    ## References
    - Pascanu, Mikolov and Bengio, On the difficulty of training Recurrent Neural Networks, 2012,
      https://arxiv.org/abs/1211.5063
    - Zhang et al., Why gradient clipping accelerates training, 2019,
      https://arxiv.org/abs/1905.11881
    """

    code = "C33"
    name = "clipping-too-hard"
    since = "0.1"
    prior = 0.015
    explains = frozenset(
        ("S19", "S20", "S25", "S48", "S46", "S15", "S16", "S17", "S43", "S50", "S35")
    )
    alike = ("C21", "C31", "C28", "C20")
    trial = "train again with the limit of the clipping times 100"

    @clue(Group.GRADIENTS, expected=(0.93, 0.04))
    def most_steps_are_clipped(self, case: Case) -> Sign:
        seen = clipping(case)
        if seen is None:
            # Clipping by the script's own hand is not seen.
            return sign(False, "no clipping of gradients was seen", reliability=0.8)
        if not np.isfinite(seen.share):
            return UNMEASURED
        said = (
            f"gradients are clipped at {seen.what} {written(seen.limit)}: {percent(seen.share)} of "
            "the gradients seen were above it"
        )
        return sign(seen.share > MOSTLY, said)

    @clue(Group.GRADIENTS, expected=(0.85, 0.02))
    def little_is_left(self, case: Case) -> Sign:
        seen = clipping(case)
        if seen is None or not np.isfinite(seen.largest) or seen.largest <= 0:
            return UNMEASURED
        said = (
            f"gradients reached {amount(seen.largest)}, and are clipped at {seen.what} "
            f"{written(seen.limit)}"
        )
        return sign(seen.limit < TINY * seen.largest and seen.limit < 0.3, said)

    @clue(Group.UPDATES, expected=(0.75, 0.06))
    def steps_tiny_at_a_usual_rate(self, case: Case) -> Sign:
        taken, used = steps_taken(case), rate(case)
        if taken is None or used is None:
            return UNMEASURED
        said = (
            f"the layer that moved most changed by {percent(taken.largest)} of its size a step, at "
            f"a learning rate of {written(used)}"
        )
        return sign(taken.largest < 4e-4 and used > 0.1 * usual_rate(case), said)

    @clue(Group.UPDATES, expected=(0.04, 0.35))
    def steps_are_too_long(self, case: Case) -> Sign:
        drift, taken = largest_drift(case), steps_taken(case)
        if drift is None or taken is None:
            return UNMEASURED
        said = (
            f"step {drift.step} shifted {drift.layer} by {amount(drift.size)} standard deviations; "
            f"a step changes weights by {percent(taken.largest)}"
        )
        return sign(drift.size > 3 or taken.largest > 0.03, said)

    @clue(Group.LOSS, expected=(0.7, 0.25))
    def loss_comes_down_evenly(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.fall) and np.isfinite(seen.spike)):
            return UNMEASURED
        said = (
            f"the loss fell by {percent(max(seen.fall, 0.0))} in the last quarter, and never rose "
            f"above {amount(seen.spike)} times its start"
        )
        return sign(seen.fall_errors > 2 and seen.spike < 1.3, said)

    @clue(Group.CONFIGURATION, expected=(0.15, 0.5))
    def optimiser_undoes_it(self, case: Case) -> Sign:
        if not case.subject.facts.get("optimizer"):
            return UNMEASURED
        name = str(case.subject.facts["optimizer"])
        if adaptive(case.subject):
            return sign(True, f"{name} divides gradients by their size, whatever was clipped")
        return sign(False, f"steps of {name} are as long as the clipped gradient")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = clipping(case)
        wanted = _limit(seen)
        own = seen.limit if seen is not None and seen.what != "value" else None
        was = f" instead of {written(seen.limit)}" if seen is not None else ""
        yield Remedy(
            f"Clip the gradient's norm at {written(wanted)}{was}",
            case.framework,
            made_anew(case, clipnorm=wanted)
            if case.keras
            else f"torch.nn.utils.clip_grad_norm_(model.parameters(), {written(wanted)})",
            "rare large gradients pass; that is what the limit is left for",
            "few steps are clipped, weights change by 0.01% to 1% a step, and the loss falls "
            "faster",
            clipped(wanted, own),
        )
        yield Remedy(
            "Or take the clipping out, where nothing explodes without it",
            case.framework,
            made_anew(case) if case.keras else "loss.backward()\noptimizer.step()",
            "no safety against a batch with a huge gradient",
            "the loss falls faster; if it leaps, clip again, at a higher limit",
            clipped(None, own),
        )


def _limit(seen: Clipping | None) -> float:
    """Between 1 and 10, near the largest gradient."""
    if seen is None or not np.isfinite(seen.largest) or seen.largest <= 0:
        return 1.0
    return float(np.clip(round(seen.largest), 1.0, 10.0))
