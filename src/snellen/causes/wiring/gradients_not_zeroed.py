"""C36 gradients-not-zeroed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import steps_taken
from snellen.causes.measures.summed import MANY_KEPT, OUTGROWN, outgrown
from snellen.record import Clock
from snellen.stats import WeightUpdate
from snellen.symptoms.facts import whole
from snellen.symptoms.wording import amount, percent


class GradientsNotZeroed(Cause):
    """Gradients are never set back to zero, so that each step follows the sum of all before it.

    ## How it shows
    Backward passes begin on top of gradients that an update has already used. The gradient's norm
    grows with the step although the loss does not, and the training swings or runs away as under a
    momentum near 1.

    ## What looks similar
    Gradient accumulation sums several batches on purpose and zeroes after each update: it leaves
    nothing over. A rate that is too high (C20) has large steps from the first one, on gradients
    that are fresh. A momentum too near 1 (C31).

    ## How to be sure
    Zero the gradients before each backward pass, with nothing else changed.

    ## References
    - PyTorch, Zeroing out gradients,
      https://docs.pytorch.org/tutorials/recipes/recipes/zeroing_out_gradients.html
    """

    code = "C36"
    name = "gradients-not-zeroed"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        f"S{number:02}"
        for number in (1, 3, 6, 7, 11, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 26, 46, 48, 56)
    )
    alike = ("C20", "C31", "C34")
    trial = "zero the gradients before each backward pass"

    @clue(Group.CONFIGURATION, expected=(0.97, 0.003), decisive=True)
    def updates_on_old_gradients(self, case: Case) -> Sign:
        steps = whole(case.subject, "gradient_steps")
        kept = whole(case.subject, "gradients_kept")
        if steps is None or kept is None or steps < 3:
            return UNMEASURED
        said = (
            f"{kept} of {steps} updates began their backward pass with gradients that the update "
            "before had already used"
        )
        return sign(kept > MANY_KEPT * steps, said)

    @clue(Group.UPDATES, expected=(0.8, 0.005), decisive=True)
    def updates_outgrow_the_gradients(self, case: Case) -> Sign:
        found = outgrown(case)
        if found is None:
            return UNMEASURED
        times, step = found
        said = (
            f"the update of step {step} was {amount(times)} times as large as the gradients up to "
            f"it and the momentum account for (median over layers; allowed: {OUTGROWN:g})"
        )
        return sign(times > OUTGROWN, said)

    @clue(Group.GRADIENTS, expected=(0.6, 0.2))
    def gradient_grows_from_the_start(self, case: Case) -> Sign:
        ratio = _growth(case)
        if not np.isfinite(ratio):
            return UNMEASURED
        said = (
            f"the gradient's norm grew by a factor of {amount(ratio)} over the first steps seen "
            "(median over layers)"
        )
        return sign(ratio > 2.5, said)

    @clue(Group.LOSS, expected=(0.5, 0.2))
    def loss_swings_or_rises(self, case: Case) -> Sign:
        course = losses(case)
        if course is None or not np.isfinite([course.roughness, course.spike]).all():
            return UNMEASURED
        said = (
            f"the loss swings by {percent(course.roughness)} about its trend, and rose to "
            f"{amount(course.spike)} times its start at most"
        )
        return sign(course.roughness > 0.15 or course.spike > 1.5, said, "S20")

    @clue(Group.UPDATES, expected=(0.5, 0.2))
    def updates_too_large_at_a_usual_rate(self, case: Case) -> Sign:
        taken, used = steps_taken(case), rate(case)
        if taken is None or used is None:
            return UNMEASURED
        said = (
            f"the layer that moved most changed by {percent(taken.largest)} of its size a step at "
            f"a learning rate of {written(used)}"
        )
        return sign(taken.largest > 0.015 and used < 8 * usual_rate(case), said, "S22", "S26")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        if case.keras:
            code = (
                "model.zero_grad()  # on the PyTorch backend, before each backward pass\n"
                "loss.backward()"
            )
        else:
            code = "optimizer.zero_grad()\nloss.backward()\noptimizer.step()"
        yield Remedy(
            "Zero the gradients before each backward pass",
            case.framework,
            code,
            "nothing",
            "no update begins with old gradients (S56); the rate may have to be raised again if it "
            "was lowered to make up for this",
            edited(Setting.ZEROING, None, None, *at_boundary("zeroing")),
        )
        yield Remedy(
            "Where batches are summed on purpose, zero after each update and divide the loss",
            case.framework,
            "(loss / 4).backward()  # 4 batches for one update\n"
            "if step % 4 == 3:\n"
            "    optimizer.step()\n"
            "    optimizer.zero_grad()"
            if not case.keras
            else "keras.optimizers.SGD(0.05, gradient_accumulation_steps=4)",
            "nothing",
            "as above",
        )


def _growth(case: Case) -> float:
    """Median over layers of the gradient's norm at the last of the first 16 steps seen over that at
    the first; NaN with fewer than 4 steps."""
    ratios: list[float] = []
    for layer in case.weighted:
        history = case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        norms = [e.value.gradient_norm for e in history if e.step <= 16]
        norms = [x for x in norms if np.isfinite(x)]
        if len(norms) >= 4 and norms[0] > 0:
            ratios.append(float(np.median(norms[-2:])) / norms[0])
    return float(np.median(ratios)) if ratios else float("nan")
