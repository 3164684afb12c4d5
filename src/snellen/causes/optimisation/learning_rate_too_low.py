"""C21 learning-rate-too-low."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.changing import other_rate
from snellen.causes.coding import new_optimizer, rate, usual_rate, written
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import moved
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import steps_taken
from snellen.symptoms.optimiser import rates_by_step
from snellen.symptoms.wording import amount, percent

LOW = 0.04
"""Times the usual rate up to which one is too low."""
SINCE = 0.3
"""Share of the training after which a rate is the one that it was trained with: schedules that
mean to learn are still high then."""


class LearningRateTooLow(Cause):
    """Steps so short that the network has hardly left its beginning.

    ## How it shows
    Every layer alike changes by less than a ten-thousandth of its size a step, the maps at the end
    resemble those of the first day, nothing dies, and the loss comes down slowly but steadily, or
    hardly at all. A schedule that counts epochs where it is stepped by batches comes to the same:
    the rate is as usual for a moment, and nothing moves from then on.

    ## What looks similar
    Too few steps (C28): the steps are of the usual size, only there are not many. A vanishing
    gradient (C09, C11): the first layers stand still while the last ones move. An optimiser that
    does not hold the parameters (C37) moves them by exactly nothing. Dead channels or labels
    without signal (C06) hold the loss up however long the steps.

    ## How to be sure
    Train again with the learning rate times 10: the loss falls at least three times as fast,
    without jumps.

    ## References
    - Smith, Cyclical Learning Rates for Training Neural Networks, 2017,
      https://arxiv.org/abs/1506.01186
    - Karpathy, CS231n course notes, https://cs231n.github.io/neural-networks-3/
    """

    code = "C21"
    name = "learning-rate-too-low"
    since = "0.1"
    prior = 0.06
    explains = frozenset(("S19", "S20", "S48", "S46", "S25", "S17", "S15", "S16", "S50", "S43"))
    alike = ("C28", "C09", "C11", "C37", "C06")
    trial = "train again with the learning rate multiplied by 10"

    @clue(Group.UPDATES, expected=(0.85, 0.06))
    def every_update_is_tiny(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None or taken.largest == 0 or _fell(case):
            # After a fall few steps are seen, most of them from before.
            return UNMEASURED
        said = (
            f"no layer changed by more than {percent(taken.largest)} of its size a step, in the "
            "median (usual: 0.01% to 1%)"
        )
        return sign(taken.largest < 2e-4, said)

    @clue(Group.WEIGHTS, expected=(0.8, 0.1))
    def weights_stayed(self, case: Case) -> Sign:
        sizes = moved(case)
        if not sizes or _fell(case):
            return UNMEASURED
        most = max(sizes.values())
        said = f"no layer's weights moved by more than {percent(most)} of their size in all"
        return sign(0 < most < 0.06, said)

    @clue(Group.CONFIGURATION, expected=(0.85, 0.04))
    def rate_below_the_usual(self, case: Case) -> Sign:
        used = _in_force(case)
        if used is None:
            return UNMEASURED
        usual = usual_rate(case)
        said = (
            f"the learning rate {_when(case)} {written(used)} "
            f"({case.subject.facts.get('optimizer')}; usually about {written(usual)})"
        )
        return sign(used <= LOW * usual, said)

    @clue(Group.CONFIGURATION, expected=(0.02, 0.5))
    def rate_usual_or_higher(self, case: Case) -> Sign:
        used = _in_force(case)
        if used is None:
            return UNMEASURED
        said = f"the learning rate {_when(case)} {written(used)}"
        return sign(used >= 0.5 * usual_rate(case), said)

    @clue(Group.LOSS, expected=(0.75, 0.25))
    def loss_comes_down_slowly(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.fall):
            return UNMEASURED
        said = (
            f"the loss still fell by {percent(max(seen.fall, 0.0))} in the last quarter, and never "
            f"rose above {amount(seen.spike)} times its start"
        )
        return sign(seen.fall_errors > 2 and seen.spike < 1.3, said)

    @clue(Group.ACTIVITY, expected=(0.02, 0.3))
    def channels_died(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None or len(seen.steps) < 2:
            return UNMEASURED
        said = f"{percent(max(seen.grown, 0.0))} of the rectified channels died in training"
        return sign(seen.grown > 0.1, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        used, usual = rate(case), usual_rate(case)
        if used is not None and _fell(case):
            yield _lasting(case, used)
        higher = min(max(used * 10, usual / 3), usual) if used else usual
        was = f" from {written(used)}" if used else ""
        yield Remedy(
            f"Raise the learning rate{was} to {written(higher)}",
            case.framework,
            new_optimizer(case, lr=higher),
            "nothing; beyond a point the loss jumps, then go back by a factor of 3",
            "the loss falls at least three times as fast, and weights change by 0.01% to 1% a step",
            other_rate(case, higher),
        )


def _in_force(case: Case) -> float | None:
    """The highest learning rate seen after the first third of the steps; of the whole training
    where none was written down later. `None` where none is known."""
    from_step = SINCE * case.subject.steps
    late = (told for step, told in rates_by_step(case.subject) if step > from_step)
    return max(late, default=rate(case))


def _fell(case: Case) -> bool:
    """Whether the rate was far higher in the first third."""
    late, used = _in_force(case), rate(case)
    return late is not None and used is not None and late <= LOW * used


def _when(case: Case) -> str:
    """`is`, or since when, where it was far higher before."""
    used = rate(case)
    if used is None or not _fell(case):
        return "is"
    above = [step for step, told in rates_by_step(case.subject) if told > LOW * used]
    return (
        f"fell from {written(used)} after step {max(above, default=0)} of {case.subject.steps} to"
    )


def _lasting(case: Case, used: float) -> Remedy:
    steps = case.subject.steps
    if case.keras:
        code = (
            "# counted in steps, not in epochs\n"
            f"schedule = keras.optimizers.schedules.CosineDecay({written(used)}, {steps})\n"
            f"{new_optimizer(case)}  # with learning_rate=schedule"
        )
    else:
        code = (
            "# stepped after each batch, so its length is in steps, not in epochs\n"
            "schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, "
            f"T_max={steps})"
        )
    return Remedy(
        f"Let the schedule last for all {steps} steps",
        case.framework,
        code,
        "nothing",
        "the learning rate is still near its highest a third of the way, and the loss falls on",
    )
