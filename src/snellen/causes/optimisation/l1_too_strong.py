"""C23 l1-too-strong."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting
from snellen.causes.changing import other_decay
from snellen.causes.coding import written
from snellen.causes.measures.decay import decay, penalty_share
from snellen.causes.measures.shrinking import (
    BRINGS_ABOUT,
    jumped,
    on_magnitudes,
    penalty_rules,
    shrunk,
)
from snellen.causes.measures.steps import steps_taken
from snellen.causes.optimisation.weight_decay_too_strong import penalty_remedy
from snellen.symptoms.wording import percent


class L1TooStrong(Cause):
    """An L1 penalty that drives whole filters to zero.

    ## How it shows
    As under an L2 penalty that is too strong (C22) filters shrink in every layer that has no
    normalisation behind it, but the pull does not weaken as they do: weights reach zero and flutter
    about it by the length of a step, so that relative updates come near 1. The penalty is most of
    what is minimised.

    ## What looks similar
    Weight decay and L2 (C22) shrink weights by a share of themselves, and never quite to zero. A
    penalty of either kind that a script adds to its loss by hand is seen as the difference between
    what is minimised and the loss on the labels; which kind it is shows in how weights end.

    ## How to be sure
    Train again from the same start without the penalty: filters keep their size and the loss falls.

    ## References
    - Wen et al., Learning Structured Sparsity in Deep Neural Networks, 2016,
      https://arxiv.org/abs/1608.03665
    - Liu et al., Learning Efficient Convolutional Networks through Network Slimming, 2017,
      https://arxiv.org/abs/1708.06519
    """

    code = "C23"
    name = "l1-too-strong"
    since = "0.1"
    prior = 0.04
    explains = BRINGS_ABOUT
    alike = ("C22", "C20", "C10")
    trial = "train again from the same start without the L1 penalty"

    @clue(Group.WEIGHTS, expected=(0.8, 0.03))
    def filters_shrank(self, case: Case) -> Sign:
        return shrunk(case)

    @clue(Group.CONFIGURATION, expected=(0.6, 0.01), decisive=True)
    def l1_beyond_the_usual(self, case: Case) -> Sign:
        set_by = decay(case)
        share = penalty_share(case)
        if set_by.l1 == 0 and np.isfinite(share) and share > 0.02:
            return UNMEASURED
        if set_by.l1 == 0:
            return sign(False, "no layer has an L1 penalty", reliability=0.7)
        said = f"an L1 penalty of {written(set_by.l1)} (usual: 1e-6 to 1e-4)"
        return sign(set_by.l1 >= 5e-4, said)

    @clue(Group.CONFIGURATION, expected=(0.8, 0.04))
    def penalty_rules_the_loss(self, case: Case) -> Sign:
        set_by = decay(case)
        return penalty_rules(case, of_another_kind=set_by.l2 > set_by.l1)

    @clue(Group.GRADIENTS, expected=(0.95, 0.05))
    def penalty_goes_with_magnitude(self, case: Case) -> Sign:
        return on_magnitudes(case)

    @clue(Group.UPDATES, expected=(0.6, 0.08))
    def weights_flutter_about_zero(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None or not np.isfinite(taken.late):
            return UNMEASURED
        said = (
            f"in the second half weights changed by {percent(taken.late)} of their size a step "
            "(usual: 0.01% to 1%; near 100% they flutter about zero)"
        )
        return sign(taken.late > 0.15, said, "S22")

    @clue(Group.LOSS, expected=(0.05, 0.35))
    def loss_jumped(self, case: Case) -> Sign:
        return jumped(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        set_by = decay(case)
        if case.keras and set_by.l1:
            yield penalty_remedy(case, "l1", set_by.l1, min(set_by.l1 / 100, 1e-5))
            return
        was = f" from {written(set_by.l1)}" if set_by.l1 else ""
        if case.keras:
            code = (
                "penalty = sum(keras.ops.sum(keras.ops.abs(v)) for v in model.trainable_variables"
                ' if "kernel" in v.path)\nloss = loss + 1e-5 * penalty'
            )
        else:
            code = (
                "penalty = sum(p.abs().sum() for p in model.parameters() if p.ndim > 1)\n"
                "loss = loss + 1e-5 * penalty"
            )
        yield Remedy(
            f"Lower the L1 penalty{was} to 1e-05, a hundredth or less of what it is",
            case.framework,
            code,
            "fewer weights are exactly zero",
            "filters keep their norm (S24 is gone), and the penalty is a small part of the loss",
            other_decay(Setting.L1, 1e-5, set_by.l1),
        )
