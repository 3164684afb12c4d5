"""C22 weight-decay-too-strong."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting
from snellen.causes.changing import other_decay
from snellen.causes.coding import conv, named, new_optimizer, written
from snellen.causes.measures.decay import decay, penalty_share, steps_to_shrink
from snellen.causes.measures.filters import growth
from snellen.causes.measures.shrinking import (
    BRINGS_ABOUT,
    jumped,
    on_magnitudes,
    penalty_rules,
    shrunk,
)
from snellen.causes.measures.steps import steps_taken
from snellen.symptoms.wording import amount, percent

SHRUNK_AWAY = 0.1
"""Times its initial norm below which a filter is all but gone."""


class WeightDecayTooStrong(Cause):
    """Weight decay or an L2 penalty that pulls filters to zero faster than they can learn.

    ## How it shows
    Filters without a normalisation behind them shrink together and steadily, to less than a tenth
    of their beginning; the maps fade with them, while the relative updates stay large, since tiny
    weights are moved by ordinary steps. The loss comes to rest at that of guessing, from above.
    Decoupled decay (AdamW) shrinks weights by e in 1 / (learning rate · λ) steps; under Adam, a
    coupled penalty acts the sooner the smaller the gradients are.

    ## What looks similar
    A learning rate that is too high (C20) makes weights grow. Weights that began small (C10) are
    small at step 0 and need not shrink. An L1 penalty (C23) does the same and leaves weights that
    flutter about zero. In front of a normalisation the size of filters means nothing.

    ## How to be sure
    Train again from the same start without decay: filters keep their size and the loss falls. A
    lower learning rate does not help.

    ## References
    - Loshchilov & Hutter, Decoupled Weight Decay Regularization, 2019,
      https://arxiv.org/abs/1711.05101
    - Mehta et al., On Implicit Filter Level Sparsity in Convolutional Neural Networks, 2019,
      https://arxiv.org/abs/1811.12495
    """

    code = "C22"
    name = "weight-decay-too-strong"
    since = "0.1"
    prior = 0.05
    explains = BRINGS_ABOUT
    alike = ("C23", "C20", "C10")
    trial = "train again from the same start without decay"

    @clue(Group.WEIGHTS, expected=(0.8, 0.03))
    def filters_shrank(self, case: Case) -> Sign:
        return shrunk(case)

    @clue(Group.WEIGHTS, expected=(0.03, 0.3))
    def filters_grew(self, case: Case) -> Sign:
        seen = growth(case)
        if seen is None:
            return UNMEASURED
        said = f"filters have {amount(seen.median)} times their initial norm in the median"
        return sign(seen.median > 1.3, said)

    @clue(Group.CONFIGURATION, expected=(0.85, 0.02))
    def decay_beyond_the_usual(self, case: Case) -> Sign:
        set_by = decay(case)
        if not set_by.any:
            hidden, kept = penalty_share(case), growth(case)
            if np.isfinite(hidden) and hidden > 0.02:
                return UNMEASURED
            if kept is not None and kept.share_below(SHRUNK_AWAY) > 0.5:
                # No gradient of a loss on labels does that: the script shrinks them by its own
                # hand, which is not seen.
                return UNMEASURED
            return sign(False, "no weight decay and no L2 penalty is set")
        if set_by.decoupled and set_by.optimizer and not set_by.l2:
            steps = steps_to_shrink(case)
            said = (
                f"weight_decay={written(set_by.optimizer)} alone shrinks weights to a third in "
                f"{amount(steps)} steps; {case.subject.steps} were done"
            )
            return sign(steps < 0.6 * case.subject.steps, said)
        factor = set_by.coupled
        where = f"an L2 penalty of {written(set_by.l2)}" if set_by.l2 else ""
        where = where or f"weight_decay={written(set_by.optimizer)}"
        said = f"{where} pulls through the gradient (usual: 1e-5 to 1e-3)"
        return sign(factor > 4e-3, said)

    @clue(Group.CONFIGURATION, expected=(0.6, 0.04))
    def penalty_rules_the_loss(self, case: Case) -> Sign:
        set_by = decay(case)
        return penalty_rules(case, of_another_kind=set_by.l1 > set_by.l2)

    @clue(Group.GRADIENTS, expected=(0.05, 0.5))
    def penalty_goes_with_magnitude(self, case: Case) -> Sign:
        return on_magnitudes(case)

    @clue(Group.UPDATES, expected=(0.6, 0.25))
    def small_weights_move_much(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None or not np.isfinite(taken.late):
            return UNMEASURED
        said = (
            f"in the second half weights still changed by {percent(taken.late)} of their size a "
            "step (usual: 0.01% to 1%)"
        )
        return sign(taken.late > 0.015, said, "S22")

    @clue(Group.LOSS, expected=(0.05, 0.35))
    def loss_jumped(self, case: Case) -> Sign:
        return jumped(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        set_by = decay(case)
        if set_by.l2:
            weaker = min(set_by.l2 / 100, 1e-4)
            yield penalty_remedy(case, "l2", set_by.l2, weaker)
        if set_by.optimizer or not set_by.l2:
            was = f" from {written(set_by.optimizer)}" if set_by.optimizer else ""
            weaker = min(set_by.optimizer / 100, 1e-2 if set_by.decoupled else 1e-4) or 1e-4
            yield Remedy(
                f"Lower weight_decay{was} to {written(weaker)}",
                case.framework,
                new_optimizer(case, weight_decay=weaker),
                "less pull against memorising: watch the loss on held-out images",
                "filters keep their norm (S24 is gone) and the loss falls below that of guessing",
                other_decay(Setting.WEIGHT_DECAY, weaker, set_by.optimizer),
            )


def penalty_remedy(case: Case, kind: str, was: float, becomes: float) -> Remedy:
    """A weaker penalty (`l1` or `l2`) in the layers that have one."""
    layers = decay(case).layers
    where = layers[0] if len(layers) == 1 else f"{len(layers)} layers"
    penalty = f"keras.regularizers.{kind.upper()}({written(becomes)})"
    code = f"{conv(case)}(..., kernel_regularizer={penalty})  # {named(layers)}"
    return Remedy(
        f"Lower the {kind.upper()} penalty of {where} from {written(was)} to {written(becomes)}",
        case.framework,
        code,
        "less pull against memorising: watch the loss on held-out images",
        "filters keep their norm (S24 is gone) and the loss falls below that of guessing",
        other_decay(Setting.L1 if kind == "l1" else Setting.L2, becomes, was),
    )
