"""C28 too-few-steps."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting
from snellen.causes.changing import edited
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.batches import epochs_done, steps_per_epoch
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import steps_taken
from snellen.symptoms.answers import training_score
from snellen.symptoms.outcome import training_loss
from snellen.symptoms.phases import WARM_UP_STEPS
from snellen.symptoms.wording import amount, count, percent

FEW_STEPS = 250
FEW_EPOCHS = 3.0
SHORT = 1500
"""Steps below which so few epochs are a short training: large data sets are learnt in one."""
ENOUGH = 1000
"""Steps that small networks on small images usually take."""


class TooFewSteps(Cause):
    """A training that ended while it was still getting better.

    ## How it shows
    The loss falls to the last step, as steeply as before. Updates are of the usual size, nothing
    is dead and nothing leapt: there were only too few of them, for want of epochs or because
    batches were so large.

    ## What looks similar
    A learning rate too low (C21) also leaves a loss that falls; its updates are tiny however many
    there are. Gradients clipped too hard (C33) do the same. One batch of all images (C32) makes
    few steps of many epochs. A network too small (C12) has stopped falling.

    ## How to be sure
    Train on for as long again: the loss falls below what it ended at.

    ## References
    - Hoffer, Hubara and Soudry, Train longer, generalize better, 2017,
      https://arxiv.org/abs/1705.08741
    - Karpathy, A Recipe for Training Neural Networks, 2019,
      https://karpathy.github.io/2019/04/25/recipe/
    """

    code = "C28"
    name = "too-few-steps"
    since = "0.1"
    prior = 0.05
    explains = frozenset(("S20", "S25", "S35", "S48", "S46", "S15", "S16", "S17", "S19", "S43"))
    alike = ("C21", "C32", "C33", "C12")
    trial = "train on from where it ended, for as long again"

    @clue(Group.LOSS, expected=(0.85, 0.12))
    def loss_still_falls(self, case: Case) -> Sign:
        seen, course = losses(case), _course(case)
        if seen is None or course is None:
            return UNMEASURED
        late, whole, errors = course
        said = (
            f"the loss fell by {amount(whole)} in all, by {amount(late)} of it in the second half "
            f"({amount(errors)} standard errors)"
        )
        # A part of very little is no fall worth waiting for.
        much = not np.isfinite(seen.left) or seen.left > 0.15
        return sign(errors > 2 and late > 0.25 * abs(whole) and much, said)

    @clue(Group.CLASSES, expected=(0.08, 0.3))
    def most_was_learnt(self, case: Case) -> Sign:
        seen, own = losses(case), training_score(case.subject)
        if seen is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = (
            f"{percent(max(seen.left, 0.0))} of the way from guessing down to the loss's floor is "
            "left"
        ) + (f", and recall on training images is {own.value:.2f}" if own is not None else "")
        return sign(seen.left < 0.15 or (own is not None and own.skill > 0.93), said)

    @clue(Group.CONFIGURATION, expected=(0.9, 0.1))
    def few_steps_were_done(self, case: Case) -> Sign:
        steps, epochs = case.subject.steps, epochs_done(case)
        if steps <= 0:
            return UNMEASURED
        said = f"{count(steps, 'step')} were done" + (
            f", in {epochs:.3g} epoch{'' if epochs == 1 else 's'}" if epochs is not None else ""
        )
        few = steps < FEW_STEPS or (epochs is not None and epochs <= FEW_EPOCHS and steps < SHORT)
        return sign(few, said)

    @clue(Group.CLASSES, expected=(0.5, 0.015), decisive=True)
    def ended_before_it_could_learn(self, case: Case) -> Sign:
        seen, steps, epochs = losses(case), case.subject.steps, epochs_done(case)
        if seen is None or steps <= 0 or epochs is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = (
            f"{count(steps, 'step')} were done in {epochs:.3g} epochs, and "
            f"{percent(max(seen.left, 0.0))} of the loss of guessing is left"
        )
        early = steps <= WARM_UP_STEPS and epochs <= FEW_EPOCHS
        # After so few steps even a loss at that of guessing says nothing yet.
        return sign(early and 0.3 < seen.left < 1.1 and not seen.spike > 1.5, said)

    @clue(Group.DATA, expected=(0.04, 0.15))
    def few_steps_of_many_epochs(self, case: Case) -> Sign:
        each = steps_per_epoch(case)
        if each is None:
            return UNMEASURED
        return sign(
            each <= 4,
            f"an epoch has {each:.3g} steps (one batch holds most of the images: up to 4)",
        )

    @clue(Group.UPDATES, expected=(0.04, 0.25))
    def every_update_is_tiny(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None:
            return UNMEASURED
        said = (
            f"the layer that moved most changed by {percent(taken.largest)} of its size a step, in "
            "the median (usual: 0.01% to 1%)"
        )
        return sign(taken.largest < 2e-4, said)

    @clue(Group.UPDATES, expected=(0.05, 0.2))
    def rate_below_the_usual(self, case: Case) -> Sign:
        used = rate(case)
        if used is None:
            return UNMEASURED
        said = f"the learning rate is {written(used)} (usual: about {written(usual_rate(case))})"
        return sign(used <= 0.04 * usual_rate(case), said)

    @clue(Group.TIMELINE, expected=(0.04, 0.3))
    def loss_jumped(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.spike) or seen.non_finite):
            return UNMEASURED
        said = (
            "the training loss was NaN or infinite"
            if seen.non_finite
            else f"the training loss rose to at most {amount(seen.spike)} times where it began"
        )
        return sign(seen.non_finite or seen.spike > 1.5, said)

    @clue(Group.ACTIVITY, expected=(0.05, 0.35))
    def channels_died(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None:
            return UNMEASURED
        said = f"{percent(seen.last)} of the rectified channels are silent at the end"
        return sign(seen.last > 0.3, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        yield _longer(case)
        yield _faster(case)


def _course(case: Case) -> tuple[float, float, float] | None:
    """Fall along a straight line through the second half of the training loss, fall from the
    first tenth to the last, and the former in standard errors; `None` for fewer than 8 values."""
    series = training_loss(case.subject)
    if series is None:
        return None
    values = series.values[np.isfinite(series.values)]
    if len(values) < 8:
        return None
    half = values[len(values) // 2 :]
    x = np.arange(len(half), dtype=np.float64) - (len(half) - 1) / 2
    slope = float(x @ half / (x @ x))
    rest = half - half.mean() - slope * x
    spread = float(np.sqrt(rest @ rest / max(1, len(half) - 2) / (x @ x)))
    some = max(3, len(values) // 10)
    late, whole = -slope * (len(half) - 1), float(values[:some].mean() - values[-some:].mean())
    if not (np.isfinite(late) and np.isfinite(whole)):
        return None
    # Steps on a perfect line have no error; the last digit of the values is one.
    least = 1e-6 * float(np.abs(half).max()) / len(half)
    return late, whole, -slope / max(spread, least, 1e-300)


def _longer(case: Case) -> Remedy:
    steps, epochs = max(1, case.subject.steps), epochs_done(case)
    times = max(3, ceil(ENOUGH / steps))
    if epochs is not None and epochs >= 1:
        was, now = round(epochs), round(epochs) * times
        order = f"Train for {now} epochs instead of {was}"
    else:
        was, now = steps, steps * times
        order = f"Train for {now} steps instead of {was}"
    if case.keras:
        code = f"model.fit(images, labels, epochs={now})  # the rest as before"
    else:
        unit = "epochs" if epochs is not None and epochs >= 1 else "steps"
        code = f"{unit} = {now}  # {was} until now"
    return Remedy(
        order,
        case.framework,
        code,
        f"{times} times the time; a schedule of the learning rate has to be stretched with it",
        "the loss goes on falling, and flattens before the end; stop where the held-out loss rises",
        edited(Setting.EPOCHS, now, was) if epochs is not None and epochs >= 1 else None,
    )


def _faster(case: Case) -> Remedy:
    used, usual = rate(case), usual_rate(case)
    higher = usual if used is None else max(min(3 * used, 3 * usual), used)
    steps = max(10, case.subject.steps)
    if case.keras:
        code = (
            "schedule = keras.optimizers.schedules.CosineDecay(\n"
            f"    {written(higher / 10)}, {steps}, warmup_target={written(higher)}, "
            f"warmup_steps={max(1, steps // 10)}\n)"
        )
    else:
        code = (
            "schedule = torch.optim.lr_scheduler.OneCycleLR(\n"
            f"    optimizer, max_lr={written(higher)}, total_steps={steps}\n)\n"
            "schedule.step()  # after every optimizer.step()"
        )
    was = f" instead of {written(used)} throughout" if used else ""
    return Remedy(
        f"Or learn more in the same steps: one cycle up to a rate of {written(higher)}{was}",
        case.framework,
        code,
        "the loss may leap where the rate is highest; then take half of it",
        f"the loss falls further in {steps} steps",
    )
