"""C19 unfit-normalisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.changing import other_batch
from snellen.causes.measures.batches import images_per_step
from snellen.causes.measures.images import input_range
from snellen.causes.measures.layout import convolutions
from snellen.causes.measures.steps import steps_taken
from snellen.core import Layer, LayerKind
from snellen.stats import MapSummary, ModeGap, NormalisationState, WeightState
from snellen.symptoms.facts import whole
from snellen.symptoms.wording import amount, count, percent

FEW_IMAGES = 8
"""Images per batch below which batch statistics are poor (Wu, He 2018)."""
FEW_VALUES = 24
"""Values per channel: a batch's variance is then off by 29% by chance."""
MUCH_LEFT = 0.1
OUTRUN = 0.03
"""Relative update a step. Running statistics remember some ten steps: by then weights that change
by 3% a step are others."""
BLIND = 1e-3
"""Spread of the first maps over that of the images, below which the maps show nothing of them:
ordinary first weights give 0.1 to 2."""


@dataclass(frozen=True)
class Batchwise:
    """One batch normalisation at the end."""

    layer: Layer
    state: NormalisationState

    @property
    def positions(self) -> int:
        return max(1, int(np.prod(self.layer.positions or (1,))))


class UnfitNormalisation(Cause):
    """Normalisation that does not fit the batches, the number of steps or the mode it runs in.

    ## How it shows
    Batch normalisation over a handful of values trains on noise. Running statistics that had too
    few steps for their momentum still hold what they began with, so that the same images are
    answered well in training and badly in evaluation. Passes in the wrong mode do the same. Where
    the variance is below epsilon, nothing is normalised at all.

    ## What looks similar
    Overfitting (C01) shows on images that were not trained on, never on the training's own. Images
    prepared differently to test on (C07) leave the training images in evaluation as good as they
    were. A learning rate too high (C20) makes weights change faster than running statistics follow.
    Images scaled twice (C05) starve any normalisation.

    ## How to be sure
    Answer the training images with statistics of a large batch: if they are answered well again,
    the statistics are to blame. Or train again with group normalisation.

    ## References
    - Wu and He, Group Normalization, 2018, https://arxiv.org/abs/1803.08494
    - Wu and Johnson, Rethinking "Batch" in BatchNorm, 2021, https://arxiv.org/abs/2105.07576
    - Ioffe and Szegedy, Batch Normalization, 2015, https://arxiv.org/abs/1502.03167
    """

    code = "C19"
    name = "unfit-normalisation"
    since = "0.1"
    prior = 0.05
    explains = frozenset(("S35", "S36", "S37", "S18", "S48", "S20", "S41", "S49", "S46", "S54"))
    alike = ("C01", "C07", "C20", "C05", "C32", "C25")
    trial = "train again with group normalisation, which knows neither batches nor modes"

    @clue(Group.CONFIGURATION, expected=(0.85, 0.04))
    def set_up_unfit_for_batch_statistics(self, case: Case) -> Sign:
        if not _batchwise(case):
            return UNMEASURED
        judged = [f for f in (_few_values(case), _left_over(case), _modes_seen(case)) if f]
        if not judged:
            return UNMEASURED
        bad = next((said for unfit, said in judged if unfit), None)
        return sign(bad is not None, bad or "; ".join(said for _, said in judged[:2]))

    @clue(Group.MODES, expected=(0.65, 0.06))
    def evaluation_answers_worse_than_training(self, case: Case) -> Sign:
        entry = case.subject.last("", ModeGap)
        if entry is None or not entry.value.images or entry.value.eval_right < 0:
            return UNMEASURED
        seen = entry.value
        running, batch = seen.eval_right / seen.images, seen.batch_right / seen.images
        said = (
            f"{percent(running)} of {seen.images} training images are answered rightly with "
            f"running statistics, {percent(batch)} with a batch's own"
        )
        return sign(abs(batch - running) > 0.1, said, "S35", "S36")

    @clue(Group.MODES, expected=(0.8, 0.06))
    def normalisation_was_reported(self, case: Case) -> Sign:
        bad = case.findings("S35", "S36")
        if bad:
            return sign(True, bad[0].evidence.sentence(), bad[0].code)
        if not any(case.judged(code) for code in ("S35", "S36")):
            return UNMEASURED
        return sign(False, "the network answers alike with running and with batch statistics")

    @clue(Group.WEIGHTS, expected=(0.25, 0.03))
    def running_statistics_are_off(self, case: Case) -> Sign:
        gaps = [float(np.nanmedian(g)) for one in _batchwise(case) if len(g := _off(one.state))]
        if not gaps:
            return UNMEASURED
        worst = max(gaps)
        said = (
            f"running statistics differ from those of the probe by up to {amount(worst)} (standard "
            "deviations, or logarithm of the variance)"
        )
        return sign(worst > 0.5, said, reliability=0.7)

    @clue(Group.UPDATES, expected=(0.06, 0.3))
    def weights_outrun_the_statistics(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None or not np.isfinite(taken.late) or not _batchwise(case):
            return UNMEASURED
        said = (
            f"in the second half weights still changed by {percent(taken.late)} of their size a "
            "step (beyond 3% running statistics lag behind, whatever their momentum)"
        )
        return sign(taken.late > OUTRUN, said, "S22")

    @clue(Group.ACTIVITY, expected=(0.2, 0.03))
    def variances_below_epsilon(self, case: Case) -> Sign:
        own = _batchwise(case)
        if not own:
            return UNMEASURED
        shares = [
            (one, float(np.mean(one.state.running_variance < one.state.epsilon)))
            for one in own
            if len(one.state.running_variance)
        ]
        if not shares:
            return UNMEASURED
        worst, share = max(shares, key=lambda pair: pair[1])
        said = (
            f"{percent(share)} of the channels that {worst.layer.name} normalises vary by less "
            f"than epsilon, {amount(worst.state.epsilon)}"
        )
        return sign(share >= 0.5, said, "S37")

    @clue(Group.ACTIVITY, expected=(0.12, 0.002), decisive=True)
    def images_are_normalised_away(self, case: Case) -> Sign:
        """Before training, weights of some size make one and the same map of all images: what
        stands between the images and the first layer has taken away how they differ."""
        kept = _kept(case)
        if kept is None:
            return UNMEASURED
        first, spread, of_images = kept
        said = (
            f"before training the maps of {first} varied by {amount(spread)} over images that vary "
            f"by {amount(of_images)}"
        )
        return sign(spread < BLIND * of_images, said, "S04")

    @clue(Group.CONFIGURATION, expected=(0.02, 0.7))
    def no_batch_statistics_anywhere(self, case: Case) -> Sign:
        kept = _kept(case)
        if not case.weighted or (kept is not None and kept[1] < BLIND * kept[2]):
            # Then it is another kind of normalisation.
            return UNMEASURED
        number = len(_batchwise(case))
        said = f"the network normalises by batch statistics in {count(number, 'place')}"
        return sign(number == 0, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        yield _grouped(case)
        own = [one for one in _batchwise(case) if 0 < one.state.kept < 1]
        steps = case.subject.steps
        if own and steps > 0 and max(o.state.kept for o in own) ** steps > 0.01:
            yield _faster(case, max(o.state.kept for o in own), steps)
        images = images_per_step(case)
        if images is not None and images < FEW_IMAGES:
            yield _larger(case, images)
        if not case.keras:
            yield _modes(case)


@lru_cache(maxsize=8)
def _kept(case: Case) -> tuple[str, float, float] | None:
    """The first layer with weights, by how much its maps varied before training in the channel that
    varied most, and by how much the images do; `None` where one is not known, or weights are 0."""
    seen, first = input_range(case), next(iter(case.weighted), None)
    if seen is None or first is None or not seen.spread > 0:
        return None
    look = case.subject.history(first.name, MapSummary, "pre")
    weights = case.subject.history(first.name, WeightState)
    if not look or look[0].step > 0 or not weights:
        return None
    if not np.median(weights[0].value.initial_norm) > 0:
        return None
    return first.name, float(np.sqrt(np.nanmax(look[0].value.variance))), seen.spread


@lru_cache(maxsize=8)
def _batchwise(case: Case) -> tuple[Batchwise, ...]:
    found: list[Batchwise] = []
    for layer in case.weighted:
        entry = case.subject.last(layer.name, NormalisationState)
        if entry is not None:
            found.append(Batchwise(layer, entry.value))
    return tuple(found)


def _few_values(case: Case) -> tuple[bool, str] | None:
    """Whether a batch gives too few values per channel, and what it gives."""
    own, images = _batchwise(case), images_per_step(case)
    if not own or images is None:
        return None
    least = min(own, key=lambda one: one.positions)
    values = images * least.positions
    said = (
        f"batches of {count(images, 'image')} give {count(values, 'value')} per channel to the "
        f"normalisation behind {least.layer.name}"
    )
    return images < FEW_IMAGES and values <= FEW_VALUES, said


def _left_over(case: Case) -> tuple[bool, str] | None:
    """Whether running statistics still hold what they began with."""
    own = [one for one in _batchwise(case) if 0 < one.state.kept < 1]
    if not own:
        return None
    slowest = max(own, key=lambda one: one.state.kept)
    left = slowest.state.kept ** max(0, case.subject.steps)
    said = (
        f"after {case.subject.steps} steps running statistics hold {percent(left)} of what they "
        f"began with (each step keeps {percent(slowest.state.kept)})"
    )
    return left > MUCH_LEFT, said


def _modes_seen(case: Case) -> tuple[bool, str] | None:
    """Whether passes ran in the other mode than they are for."""
    subject = case.subject
    trained, astray = (
        whole(subject, "training_passes"),
        whole(subject, "training_passes_in_eval_mode"),
    )
    looked, mistaken = (
        whole(subject, "evaluation_passes"),
        whole(subject, "evaluation_passes_in_training_mode"),
    )
    if not trained or astray is None:
        return None
    said = f"{astray} of {trained} training passes ran in evaluation mode" + (
        f", {mistaken} of {looked} evaluations in training mode" if looked else ""
    )
    return astray > trained / 2 or bool(looked and mistaken and mistaken > looked / 2), said


def _off(state: NormalisationState) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Per channel, the larger of both differences; those that are not known left out."""
    kept = np.fmax(state.mean_shift, state.log_variance_ratio)
    return kept[np.isfinite(kept)]


def _groups(channels: int) -> int:
    return next(n for n in (8, 4, 2, 1) if channels % n == 0)


def _grouped(case: Case) -> Remedy:
    own = _batchwise(case)
    channels = own[0].layer.channels if own else 16
    where = own[0].layer.name if own else "each convolution"
    if case.keras:
        code = f"x = layers.GroupNormalization(groups={_groups(channels)})(x)  # behind {where}"
    else:
        code = (
            "def regroup(module):\n"
            "    for name, child in module.named_children():\n"
            "        if isinstance(child, nn.modules.batchnorm._BatchNorm):\n"
            "            n = child.num_features\n"
            "            groups = next(g for g in (8, 4, 2, 1) if n % g == 0)\n"
            "            setattr(module, name, nn.GroupNorm(groups, n))\n"
            "        regroup(child)\n"
            "\n"
            "regroup(model)  # before the optimizer is made"
        )
    number = len(own)
    return Remedy(
        f"Replace {count(number, 'batch normalisation')} by group normalisation"
        if number
        else "Normalise by groups of channels",
        case.framework,
        code,
        "a little time; very large batches did slightly better with batch statistics",
        "the network answers alike in training and in evaluation (S35, S36)",
    )


def _faster(case: Case, kept: float, steps: int) -> Remedy:
    """Statistics that forget their start within a quarter of the training."""
    wanted = max(0.6, min(0.99, 0.01 ** (4 / steps)))
    if case.keras:
        code = f"x = layers.BatchNormalization(momentum={wanted:.2g})(x)"
    else:
        code = (
            "for module in model.modules():\n"
            "    if isinstance(module, nn.modules.batchnorm._BatchNorm):\n"
            f"        module.momentum = {1 - wanted:.2g}"
        )
    return Remedy(
        f"Let running statistics forget faster: keep {percent(wanted)} a step instead of "
        f"{percent(kept)}",
        case.framework,
        code,
        "statistics that follow single batches more closely",
        f"after {steps} steps nothing of the start is left, and evaluation answers as training",
    )


def _larger(case: Case, images: int) -> Remedy:
    code = (
        "model.fit(images, labels, batch_size=32)  # the rest as before"
        if case.keras
        else "loader = torch.utils.data.DataLoader(dataset, batch_size=32, shuffle=True, "
        "drop_last=True)"
    )
    return Remedy(
        f"Take batches of 32 images instead of {images}",
        case.framework,
        code,
        f"{32 / max(1, images):.3g} times the memory for maps",
        "a batch's statistics say something of the data (S36)",
        other_batch(32, images),
    )


def _modes(case: Case) -> Remedy:
    named = [x.name for x in convolutions(case) if x.kind is LayerKind.CONV and x.normalised][:1]
    where = f" ({named[0]} and others normalise by batch)" if named else ""
    return Remedy(
        f"Train in training mode and evaluate in evaluation mode{where}",
        case.framework,
        "model.train()  # before every epoch\n"
        "# ... training ...\n"
        "model.eval()  # before every evaluation",
        "nothing",
        "the same images get the same answers (S35)",
    )
