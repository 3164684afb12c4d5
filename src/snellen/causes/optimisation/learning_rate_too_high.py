"""C20 learning-rate-too-high."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.changing import clipped, other_rate
from snellen.causes.coding import new_optimizer, rate, usual_rate, written
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import growth
from snellen.causes.measures.images import input_range
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import training_score
from snellen.causes.measures.steps import bias_jump, largest_drift, steps_taken
from snellen.causes.measures.summed import summed
from snellen.symptoms.optimiser import adaptive
from snellen.symptoms.wording import amount, percent


class LearningRateTooHigh(Cause):
    """Steps so long that they throw the network out of where it can learn.

    ## How it shows
    The network is healthy before the first step. Within the first updates the pre-activations are
    shifted by more than their spread, the loss jumps, and then channels fall silent, the widest
    layers first; or the softmax saturates on one class; or the loss swings and never settles.
    Afterwards gradients and updates may be exactly zero: what is dead can't come back. Under Adam
    the weights grow with every step by the learning rate; under SGD they may hardly change, and
    only the mean pre-activation tells.

    ## What looks similar
    Decay that is too strong (C22, C23) shrinks filters slowly, where a high rate makes them grow.
    A bad start (C10) is there before the first step. Raw pixels (C05) make the same rate too
    high: there the images enter far outside the usual range. A lack of warm-up (C34) harms
    the first steps alone.

    ## How to be sure
    Train again from the same start with the learning rate divided by 10: the jump of the loss is
    gone, at least half of the dead channels live, and the loss falls below that of guessing.
    Without decay, or with another initialisation, nothing changes.

    ## References
    - Smith, Cyclical Learning Rates for Training Neural Networks, 2017,
      https://arxiv.org/abs/1506.01186
    - Lewkowycz et al., The large learning rate phase of deep learning, 2020,
      https://arxiv.org/abs/2003.02218
    - Lu et al., Dying ReLU and Initialization, 2019, https://arxiv.org/abs/1903.06733
    """

    code = "C20"
    name = "learning-rate-too-high"
    since = "0.1"
    prior = 0.12
    explains = frozenset(
        f"S{number:02}"
        for number in (
            1,
            2,
            3,
            4,
            6,
            7,
            8,
            9,
            11,
            12,
            13,
            15,
            16,
            17,
            18,
            20,
            21,
            22,
            26,
            43,
            46,
            48,
            52,
            59,
        )
    )
    alike = ("C10", "C22", "C23", "C05", "C34")
    trial = "train again from the same start with the learning rate divided by 10"

    @clue(Group.UPDATES, expected=(0.75, 0.12))
    def first_steps_shift_the_maps(self, case: Case) -> Sign:
        drift = largest_drift(case)
        if drift is None:
            return UNMEASURED
        said = (
            f"step {drift.step} shifted the median pre-activation of {drift.layer} by "
            f"{amount(drift.size)} standard deviations (from 3 on maps are thrown over)"
        )
        # Between one deviation and three, it is neither a usual step nor a leap.
        sure = 1.0 if drift.size > 3 else min(max((3 - drift.size) / 2, 0.0), 1.0)
        return sign(drift.size > 3, said, "S22", reliability=sure)

    @clue(Group.UPDATES, expected=(0.7, 0.15))
    def updates_too_large(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None:
            return UNMEASURED
        said = (
            f"the layer that moved most changed by {percent(taken.largest)} of its size a step, in "
            "the median (usual: 0.01% to 1%)"
        )
        return sign(taken.largest > 0.02, said, "S22", "S26")

    @clue(Group.LOSS, expected=(0.65, 0.1))
    def loss_jumped(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.spike):
            return UNMEASURED
        jumped = seen.spike > 2
        said = f"the training loss never rose above {amount(max(seen.spike, 1.0))} times its start"
        if jumped:
            said = (
                f"the training loss rose to {amount(seen.highest)} at step {seen.highest_at}, "
                f"{amount(seen.spike)} times where it began"
            )
        return sign(jumped, f"{said} (a jump: twice)", "S20")

    @clue(Group.LOSS, expected=(0.35, 0.12))
    def loss_swings(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.roughness):
            return UNMEASURED
        said = (
            f"the loss of the second half swings by {percent(seen.roughness)} about its trend from "
            "one epoch or stretch to the next (usual: below 15%)"
        )
        return sign(seen.roughness > 0.15, said, "S20")

    @clue(Group.CLASSES, expected=(0.06, 0.25))
    def training_images_were_learnt(self, case: Case) -> Sign:
        seen, own = losses(case), training_score(case)
        if seen is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = f"{percent(max(seen.left, 0.0))} of the loss of guessing is left" + (
            f", and recall on training images is {own.value:.2f}" if own is not None else ""
        )
        return sign(seen.left < 0.15 and (own is None or own.skill > 0.9), said)

    @clue(Group.TIMELINE, expected=(0.6, 0.12))
    def channels_died_early(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None or len(seen.steps) < 2:
            return UNMEASURED
        if seen.grown < 0.15 or seen.onset is None:
            said = f"{percent(max(seen.grown, 0.0))} of the rectified channels died in training"
            return sign(False, said, "S01")
        limit = max(50, 0.1 * case.subject.steps)
        early = seen.onset <= limit
        if not early and seen.looked_before <= limit:
            # Nobody looked while it could have been early.
            return UNMEASURED
        said = (
            f"{percent(seen.grown)} of the rectified channels were alive before training and died; "
            f"half of them by step {seen.onset}"
        )
        return sign(early, said, "S01")

    @clue(Group.TIMELINE, expected=(0.03, 0.25))
    def dead_from_the_start(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None or seen.steps[0] > 0 or seen.last < 0.3:
            return UNMEASURED
        said = (
            f"{percent(seen.first)} of the rectified channels were silent before the first step, "
            f"{percent(seen.last)} at the end"
        )
        return sign(seen.first > 0.7 * seen.last, said, "S01")

    @clue(Group.TIMELINE, expected=(0.05, 0.3))
    def faulty_before_the_first_step(self, case: Case) -> Sign:
        if not case.judged("S08"):
            return UNMEASURED
        early = [f for f in case.findings("S08", "S09", "S60") if f.step == 0]
        if early:
            said = f"the maps were faulty before the first step: {early[0].evidence.sentence()}"
            return sign(True, said)
        return sign(False, "the signal went through the network well before the first step")

    @clue(Group.GRADIENTS, expected=(0.003, 0.05), decisive=True)
    def gradients_pile_up(self, case: Case) -> Sign:
        seen = summed(case)
        if seen is None:
            return UNMEASURED
        said = "each update follows one gradient"
        return sign(seen, "updates follow sums of all gradients so far" if seen else said)

    @clue(Group.WEIGHTS, expected=(0.55, 0.12))
    def filters_grew(self, case: Case) -> Sign:
        seen = growth(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"filters have {amount(seen.median)} times their initial norm in the median (beyond "
            "1.8 in few healthy trainings)"
        )
        # Under SGD they may hardly change, however high the rate.
        return sign(
            seen.median > 1.8, said, reliability=1.0 if seen.median > 1.8 else self._sure(case)
        )

    @clue(Group.WEIGHTS, expected=(0.03, 0.2))
    def filters_shrank(self, case: Case) -> Sign:
        seen = growth(case)
        if seen is None:
            return UNMEASURED
        share = seen.share_below(0.3)
        said = f"{percent(share)} of the filters have less than 30% of their initial norm"
        return sign(share > 0.5, said)

    @clue(Group.ACTIVITY, expected=(0.5, 0.15))
    def silent_channels_were_pushed_down(self, case: Case) -> Sign:
        jump = bias_jump(case)
        if not np.isfinite(jump):
            return UNMEASURED
        said = (
            f"the pre-activations of channels silent at the end moved by {amount(jump)} of their "
            "first standard deviations (pushed down: below -2)"
        )
        return sign(jump < -2, said, "S01")

    @clue(Group.CONFIGURATION, expected=(0.7, 0.06))
    def rate_beyond_the_usual(self, case: Case) -> Sign:
        used = rate(case)
        if used is None:
            return UNMEASURED
        usual = usual_rate(case)
        said = (
            f"the learning rate is {written(used)} ({case.subject.facts.get('optimizer')}; usually "
            f"about {written(usual)})"
        )
        return sign(used >= 8 * usual, said, reliability=_known_rates(case))

    @clue(Group.CONFIGURATION, expected=(0.05, 0.3))
    def rate_below_the_usual(self, case: Case) -> Sign:
        used = rate(case)
        if used is None:
            return UNMEASURED
        said = f"the learning rate is {written(used)}"
        return sign(used < 0.6 * usual_rate(case), said, reliability=_known_rates(case))

    @clue(Group.DATA, expected=(0.01, 0.1), decisive=True)
    def usual_rate_on_images_out_of_range(self, case: Case) -> Sign:
        used, images = rate(case), input_range(case)
        if used is None or images is None:
            return UNMEASURED
        said = (
            f"the training images go from {amount(images.minimum)} to {amount(images.maximum)}, "
            f"and the learning rate is {written(used)}"
        )
        return sign(bool(images.problem) and used < 8 * usual_rate(case), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        used, usual = rate(case), usual_rate(case)
        lower = min(used / 10, usual) if used else usual
        was = f" from {written(used)}" if used else ""
        yield Remedy(
            f"Lower the learning rate{was} to {written(lower)}",
            case.framework,
            new_optimizer(case, lr=lower),
            "slower first epochs; train up to three times as long where the loss still falls",
            "dead channels (S01) and oversized updates (S22) are gone, and the loss falls below "
            "that of guessing",
            other_rate(case, lower),
        )
        yield _clipped(case)

    @staticmethod
    def _sure(case: Case) -> float:
        return 0.7 if adaptive(case.subject) else 0.2


def _known_rates(case: Case) -> float:
    """How much is known of usual rates: for optimisers that don't divide by the gradient's size
    they go with the scale of the loss."""
    return 1.0 if adaptive(case.subject) else 0.5


def _clipped(case: Case) -> Remedy:
    if case.keras:
        code = new_optimizer(case, clipnorm=1.0)
    else:
        code = (
            "loss.backward()\n"
            "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
            "optimizer.step()"
        )
    return Remedy(
        "Clip the gradient's norm at 1.0",
        case.framework,
        code,
        "one reduction over all gradients a step; helps little under Adam, whose steps do not "
        "depend on the gradient's size",
        "the jumps of the loss are gone; if most steps are clipped, lower the rate instead",
        clipped(1.0),
    )
