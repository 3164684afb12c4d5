"""C32 unfit-batch-size."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.changing import other_batch, other_rate
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.batches import epochs_done, images_per_step, steps_per_epoch
from snellen.causes.measures.labels import training_images
from snellen.causes.measures.losses import losses
from snellen.causes.rewriting import made_anew
from snellen.stats import NormalisationState
from snellen.symptoms.wording import amount, count, percent

FEW_IMAGES = 2
"""Images whose mean gradient is mostly their accident; batches of 4 train well with care."""
SMALL = 8
"""Images up to which noise between batches is worth looking at."""
FEW_STEPS = 4.0
"""Steps in an epoch below which batches hold most of the images."""
USUAL = 32


class UnfitBatchSize(Cause):
    """Batches of one or two images, or of nearly all of them.

    ## How it shows
    One image's gradient says little of the others': steps cancel, the loss swings from step to
    step, and a learning rate made for batches throws the weights about. With nearly all images in
    a batch there are only a few steps in an epoch, so that after many epochs hardly anything is
    learnt.

    ## What looks similar
    A learning rate too high (C20) swings too, with batches of any size. Too few steps (C28) come of
    too few epochs. Batch normalisation on tiny batches (C19) is at fault where the network answers
    otherwise with a batch's own statistics. Sorted data (C29) make batches of one class.

    ## How to be sure
    Train again with batches of 32 and the same number of images seen: the loss ends lower.

    ## References
    - McCandlish et al., An Empirical Model of Large-Batch Training, 2018,
      https://arxiv.org/abs/1812.06162
    - Masters and Luschi, Revisiting Small Batch Training for Deep Neural Networks, 2018,
      https://arxiv.org/abs/1804.07612
    - Keskar et al., On Large-Batch Training for Deep Learning, 2016,
      https://arxiv.org/abs/1609.04836
    """

    code = "C32"
    name = "unfit-batch-size"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        f"S{number:02}" for number in (1, 6, 7, 15, 16, 18, 20, 22, 23, 25, 26, 35, 36, 46, 48)
    )
    alike = ("C20", "C28", "C19", "C29")
    trial = "train again with batches of 32 images"

    @clue(Group.CONFIGURATION, expected=(0.9, 0.03))
    def batches_beyond_the_usual(self, case: Case) -> Sign:
        images, each, all_of = (
            images_per_step(case),
            steps_per_epoch(case),
            training_images(case),
        )
        if images is None:
            return UNMEASURED
        of = f" of {all_of}" if all_of else ""
        steps = f", {each:.3g} steps in an epoch" if each is not None else ""
        said = f"a batch holds {count(images, 'image')}{of}{steps}"
        large = each is not None and each <= FEW_STEPS and images >= USUAL * 2
        return sign(images <= FEW_IMAGES or large, said)

    @clue(Group.CONFIGURATION, expected=(0.05, 0.75))
    def batches_of_a_usual_size(self, case: Case) -> Sign:
        images, each = images_per_step(case), steps_per_epoch(case)
        if images is None:
            return UNMEASURED
        usual = 8 <= images <= 512 and (each is None or each > 2 * FEW_STEPS)
        return sign(usual, f"a batch holds {count(images, 'image')}")

    @clue(Group.TIMELINE, expected=(0.45, 0.04))
    def few_steps_of_many_epochs(self, case: Case) -> Sign:
        steps, epochs = case.subject.steps, epochs_done(case)
        images = images_per_step(case)
        small = images is not None and images < 2 * USUAL
        if epochs is None or steps <= 0 or small:
            return UNMEASURED
        said = f"{epochs:.3g} epochs made {count(steps, 'step')}"
        return sign(epochs >= 5 and steps <= FEW_STEPS * epochs and steps < 500, said)

    @clue(Group.GRADIENTS, expected=(0.35, 0.04))
    def gradients_have_nothing_in_common(self, case: Case) -> Sign:
        images = images_per_step(case)
        if not case.judged("S23") or (images is not None and images > SMALL):
            return UNMEASURED
        bad = case.findings("S23")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S23")
        return sign(False, "the gradients of small batches have a direction in common")

    @clue(Group.LOSS, expected=(0.5, 0.2))
    def loss_swings(self, case: Case) -> Sign:
        seen, images = losses(case), images_per_step(case)
        if seen is None or not (np.isfinite(seen.roughness) or seen.non_finite):
            return UNMEASURED
        if images is not None and images > SMALL:
            return UNMEASURED
        said = (
            "the training loss was NaN or infinite"
            if seen.non_finite
            else f"the loss swings by {percent(seen.roughness)} about its trend in the second half"
        )
        return sign(seen.roughness > 0.15 or seen.non_finite, said, "S20", "S06")

    @clue(Group.UPDATES, expected=(0.45, 0.1))
    def rate_made_for_other_batches(self, case: Case) -> Sign:
        used, images = rate(case), images_per_step(case)
        if used is None or images is None:
            return UNMEASURED
        fit = fitting_rate(case, images)
        said = (
            f"a learning rate of {written(used)} for batches of {images} (by the linear rule from "
            f"{written(usual_rate(case))} for {USUAL}: {amount(fit)})"
        )
        small = images <= 4 and used > 8 * fit
        return sign(small or (images >= 256 and used < 0.125 * fit), said)

    @clue(Group.MODES, expected=(0.3, 0.05))
    def normalised_over_few_images(self, case: Case) -> Sign:
        images = images_per_step(case)
        kept = [x for x in case.weighted if case.subject.last(x.name, NormalisationState)]
        if images is None or images > SMALL or not kept:
            return UNMEASURED
        said = (
            f"batches of {count(images, 'image')} are normalised by their own statistics in "
            f"{count(len(kept), 'place')}"
        )
        return sign(images <= 4, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        images = images_per_step(case)
        known = f" instead of {images}" if images is not None else ""
        large = images is not None and images > USUAL
        yield Remedy(
            f"Take batches of {USUAL} images{known}",
            case.framework,
            _batched(case),
            "more steps for each epoch, so each takes longer"
            if large
            else f"{USUAL / max(1, images or 1):.3g} times the memory for maps",
            "the loss falls further in the same number of epochs"
            if large
            else "the loss no longer swings from step to step (S20, S23)",
            other_batch(USUAL, images),
        )
        yield _rated(case, images)
        if not case.keras and not large:
            yield _accumulated(images)


def fitting_rate(case: Case, images: int) -> float:
    """The usual rate scaled to batches of so many images: linearly, as Goyal et al. 2017 do for
    SGD; by the root for adaptive optimisers."""
    share = images / USUAL
    return usual_rate(case) * (share if usual_rate(case) > 0.01 else share**0.5)


def _batched(case: Case) -> str:
    if case.keras:
        return f"model.fit(images, labels, batch_size={USUAL})  # the rest as before"
    return f"loader = torch.utils.data.DataLoader(dataset, batch_size={USUAL}, shuffle=True)"


def _rated(case: Case, images: int | None) -> Remedy:
    wanted = fitting_rate(case, images if images is not None else USUAL)
    used = rate(case)
    was = f" instead of {written(used)}" if used else ""
    return Remedy(
        f"Or fit the learning rate to the batches: {written(wanted)}{was}",
        case.framework,
        made_anew(case, lr=wanted),
        "small batches at a small rate take longer; large ones at a large rate need a warm-up",
        "the loss falls without leaps",
        other_rate(case, wanted),
    )


def _accumulated(images: int | None) -> Remedy:
    times = max(2, USUAL // max(1, images or 1))
    return Remedy(
        f"Or, where memory is short, add up the gradients of {times} batches",
        "torch",
        "loss = loss_function(model(images), labels)\n"
        f"(loss / {times}).backward()\n"
        f"if (number + 1) % {times} == 0:\n"
        "    optimizer.step()\n"
        "    optimizer.zero_grad()",
        "as many fewer updates in an epoch; batch normalisation still sees small batches",
        "the loss no longer swings from step to step (S20, S23)",
    )
