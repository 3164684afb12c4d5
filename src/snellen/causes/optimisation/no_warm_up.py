"""C34 no-warm-up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, at_boundary
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.batches import images_per_step
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import EARLY, largest_drift
from snellen.record import Clock
from snellen.stats import WeightUpdate
from snellen.symptoms.optimiser import learning_rates
from snellen.symptoms.wording import amount, count, percent


class NoWarmUp(Cause):
    """The full learning rate from the first step, where only a later network can bear it.

    ## How it shows
    The first steps are the largest: they shift the pre-activations by more than their spread, the
    loss leaps within the first hundredth of the training, and channels die. Later steps at the
    same rate are harmless: the loss falls, only from a worse place. Deep networks, large batches
    and Adam, whose first steps have nothing to go by, suffer most.

    ## What looks similar
    A learning rate too high (C20) goes on doing harm: the loss swings to the end, or nothing is
    left that could learn. A bad start (C10) is there before the first step. Raw pixels (C05) make
    any first step too long.

    ## How to be sure
    Train again with the rate rising from nothing over the first twentieth of the steps: the leap is
    gone, and the loss ends lower at the same final rate.

    ## References
    - Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, 2017,
      https://arxiv.org/abs/1706.02677
    - Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2019,
      https://arxiv.org/abs/1908.03265
    - Gilmer et al., A Loss Curvature Perspective on Training Instability in Deep Learning, 2021,
      https://arxiv.org/abs/2110.04369
    """

    code = "C34"
    name = "no-warm-up"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S22", "S01", "S20", "S26", "S48", "S46", "S13", "S15", "S07", "S11"))
    alike = ("C20", "C10", "C05")
    trial = "train again with the rate rising over the first twentieth of the steps"

    @clue(Group.UPDATES, expected=(0.85, 0.25))
    def first_steps_shift_the_maps(self, case: Case) -> Sign:
        drift = largest_drift(case)
        if drift is None:
            return UNMEASURED
        said = (
            f"step {drift.step} shifted the median pre-activation of {drift.layer} by "
            f"{amount(drift.size)} standard deviations (from 3 on maps are thrown over)"
        )
        return sign(drift.size > 3, said, "S22")

    @clue(Group.TIMELINE, expected=(0.75, 0.2))
    def later_steps_are_harmless(self, case: Case) -> Sign:
        first, later = _sizes(case)
        if not (np.isfinite(first) and np.isfinite(later)) or later <= 0:
            return UNMEASURED
        said = (
            f"the first {EARLY} steps changed weights by up to {percent(first)}, those of the "
            f"second half by {percent(later)} in the median"
        )
        return sign(later < 0.01 and first > 4 * later, said)

    @clue(Group.CONFIGURATION, expected=(0.02, 0.12))
    def rate_rises_at_the_start(self, case: Case) -> Sign:
        seen = learning_rates(case.subject)
        if len(seen) < 3:
            return UNMEASURED
        said = f"the learning rate began at {written(seen[0])} and was {written(max(seen))} at most"
        return sign(seen[0] < 0.5 * max(seen), said)

    @clue(Group.CONFIGURATION, expected=(0.08, 0.3))
    def rate_far_beyond_the_usual(self, case: Case) -> Sign:
        used = rate(case)
        if used is None:
            return UNMEASURED
        usual = usual_rate(case)
        said = f"the learning rate is {written(used)} (usually about {written(usual)})"
        return sign(used > 10 * usual, said)

    @clue(Group.LOSS, expected=(0.6, 0.08))
    def leapt_at_first_and_came_back(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.spike) and np.isfinite(seen.end)):
            return UNMEASURED
        early = seen.highest_at <= max(EARLY, 0.05 * case.subject.steps)
        said = (
            f"the loss was highest at step {seen.highest_at}, {amount(seen.spike)} times where it "
            f"began, and ended at {amount(seen.end)}"
        )
        return sign(early and seen.spike > 1.3 and seen.end < 0.9 * seen.first, said)

    @clue(Group.LOSS, expected=(0.1, 0.3))
    def swings_to_the_end(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.roughness) or seen.non_finite):
            return UNMEASURED
        said = (
            "the training loss was NaN or infinite"
            if seen.non_finite
            else f"the loss swings by {percent(seen.roughness)} about its trend in the second half"
        )
        return sign(seen.non_finite or seen.roughness > 0.15, said, "S20")

    @clue(Group.DEPTH, expected=(0.08, 0.3))
    def faulty_before_the_first_step(self, case: Case) -> Sign:
        if not case.judged("S08"):
            return UNMEASURED
        early = [f for f in case.findings("S08", "S09", "S60") if f.step == 0]
        if early:
            said = f"the maps were faulty before the first step: {early[0].evidence.sentence()}"
            return sign(True, said)
        return sign(False, "the signal went through the network well before the first step")

    @clue(Group.DATA, expected=(0.4, 0.12))
    def large_batches(self, case: Case) -> Sign:
        images = images_per_step(case)
        if images is None:
            return UNMEASURED
        return sign(images >= 256, f"a batch holds {count(images, 'image')}")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        used = rate(case) or usual_rate(case)
        steps = max(20, case.subject.steps)
        warm = max(5, round(steps / 20))
        yield _rising(case, used, steps, warm)
        yield _normalised(case)


def _rising(case: Case, used: float, steps: int, warm: int) -> Remedy:
    if case.keras:
        code = (
            "schedule = keras.optimizers.schedules.CosineDecay(\n"
            f"    {written(used / 100)}, {steps - warm}, warmup_target={written(used)}, "
            f"warmup_steps={warm}\n"
            ")\n"
            f"optimizer = keras.optimizers.{case.subject.facts.get('optimizer') or 'Adam'}"
            "(learning_rate=schedule)"
        )
    else:
        code = (
            "warm_up = torch.optim.lr_scheduler.LinearLR(\n"
            f"    optimizer, start_factor=0.01, total_iters={warm}\n"
            ")\n"
            "warm_up.step()  # after every optimizer.step()"
        )
    return Remedy(
        f"Let the learning rate rise to {written(used)} over the first {warm} steps",
        case.framework,
        code,
        f"{warm} slower steps",
        "the first steps no longer shift the maps (S22), fewer channels die (S01), and the loss "
        "ends lower",
        Change(at_boundary("warm-up", steps=warm)),
    )


def _normalised(case: Case) -> Remedy:
    bare = [x for x in case.hidden if not x.normalised]
    where = bare[0] if bare else None
    channels = where.channels if where is not None else 16
    named = where.name if where is not None else "each convolution"
    groups = next(n for n in (8, 4, 2, 1) if channels % n == 0)
    if case.keras:
        code = f"x = layers.GroupNormalization(groups={groups})(x)  # behind {named}"
    else:
        code = f"norm = nn.GroupNorm({groups}, {channels})  # behind {named}"
    return Remedy(
        f"Or normalise behind {named} and the others, so that first steps can't shift the maps",
        case.framework,
        code,
        "a little time for each step",
        "the first steps no longer shift the maps (S22)",
        Change(at_boundary("normalisation")),
    )


def _sizes(case: Case) -> tuple[float, float]:
    """Largest relative update of the first steps, and the median of the second half; over hidden
    layers, NaN without any."""
    half = case.subject.steps / 2
    first: list[float] = []
    later: list[float] = []
    for layer in case.hidden:
        for entry in case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE):
            size = entry.value.relative_update
            if np.isfinite(size) and entry.step < EARLY:
                first.append(size)
            elif np.isfinite(size) and entry.step >= half:
                later.append(size)
    return (
        max(first, default=float("nan")),
        float(np.median(later)) if later else float("nan"),
    )
