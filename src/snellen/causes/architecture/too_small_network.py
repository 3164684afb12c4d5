"""C12 too-small-network."""

from __future__ import annotations

from collections.abc import Iterable
from math import log2

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.coding import batch_norm, conv
from snellen.causes.measures.deaths import MANY, deaths
from snellen.causes.measures.labels import classes, training_images
from snellen.causes.measures.layout import directions_used, narrowest
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import steps_taken
from snellen.causes.rewriting import called, construction, instead
from snellen.core import LayerKind, Severity
from snellen.symptoms.answers import gap, training_score
from snellen.symptoms.phases import number
from snellen.symptoms.wording import amount, percent

FEW = 4
"""Channels that no published network passes all it knows through."""
MOST_LINES = 12


class TooSmallNetwork(Cause):
    """Too few channels or layers for what there is to be told apart.

    ## How it shows
    The training loss comes down and then stands still, far from its floor. Images it was trained on
    are answered wrongly about as often as new ones. Nothing is dead and every channel goes its own
    way: the layers use all the directions they have.

    ## What looks similar
    Wrong labels (C03) set a floor too, which no wider network lowers; the images it is missed on
    are then suspects. Dropout that is too strong (C25) holds up the loss in training alone. Too few
    steps (C28) or a rate too low (C21) leave a loss that still falls. Maps that are too coarse
    (C13) have lost what wider layers would look for.

    ## How to be sure
    Train again with twice the channels and the same number of steps: the training loss ends at
    least a tenth lower.

    ## References
    - Goodfellow, Bengio & Courville, Deep Learning, chapter 5.2, 2016,
      https://www.deeplearningbook.org/contents/ml.html
    - Raghu et al., On the Expressive Power of Deep Neural Networks, 2017,
      https://arxiv.org/abs/1606.05336
    """

    code = "C12"
    name = "too-small-network"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S48", "S20", "S15", "S16", "S17", "S21"))
    alike = ("C03", "C25", "C28", "C21", "C13", "C22")
    trial = "train again with twice the channels in every layer"

    @clue(Group.CONFIGURATION, expected=(0.75, 0.03))
    def narrow_layers(self, case: Case) -> Sign:
        seen, known = narrowest(case), classes(case)
        if seen is None:
            return UNMEASURED
        count = int((known.counts > 0).sum()) if known is not None else 0
        least = max(FEW, count // 2)
        said = f"all that is known passes through the {seen.channels} channels of {seen.layer}" + (
            f", to tell {count} classes apart" if count else ""
        )
        return sign(seen.channels <= least, said)

    @clue(Group.CONFIGURATION, expected=(0.5, 0.06))
    def fewer_parameters_than_the_labels_have_bits(self, case: Case) -> Sign:
        own, images = number(case.subject, "parameters"), training_images(case)
        known = classes(case)
        if not own or not images or known is None:
            return UNMEASURED
        bits = images * log2(max(2, int((known.counts > 0).sum())))
        said = f"{own:.0f} parameters, and training labels of {bits:.0f} bits"
        return sign(own < bits, said)

    @clue(Group.ACTIVITY, expected=(0.75, 0.2))
    def every_direction_is_used(self, case: Case) -> Sign:
        share = directions_used(case)
        if not np.isfinite(share):
            return UNMEASURED
        said = (
            f"the maps of the median layer spread over {percent(share)} of the directions that its "
            "channels allow (wide networks: below half)"
        )
        return sign(share > 0.6, said)

    @clue(Group.ACTIVITY, expected=(0.04, 0.3))
    def channels_are_dead(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None:
            return UNMEASURED
        said = f"{percent(seen.last)} of the rectified channels are silent at the end"
        return sign(seen.last > MANY, said)

    @clue(Group.LOSS, expected=(0.75, 0.15))
    def loss_stands_above_its_floor(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.fall) and np.isfinite(seen.left)):
            return UNMEASURED
        said = (
            f"the training loss ended at {amount(seen.end)}, {percent(max(seen.left, 0.0))} of the "
            f"way from its floor to guessing, and fell by {percent(max(seen.fall, 0.0))} of that "
            "in the last quarter"
        )
        return sign(0.08 < seen.left < 0.9 and seen.fall < 0.15, said)

    @clue(Group.LOSS, expected=(0.06, 0.45))
    def no_better_than_guessing(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = f"the training loss ended at {amount(seen.end)}; guessing gives {amount(seen.prior)}"
        return sign(seen.left > 0.93, said)

    @clue(Group.CLASSES, expected=(0.8, 0.15))
    def trained_images_missed_as_often_as_new_ones(self, case: Case) -> Sign:
        own, between = training_score(case.subject), gap(case.subject, at_least=50)
        if own is None:
            return UNMEASURED
        said = f"macro recall on training images is {own.value:.2f}"
        if between is not None:
            said += f", on held-out ones {between.held_out.value:.2f}"
        held = between is None or between.size < 0.1
        return sign(0.15 < own.skill < 0.93 and held, said, "S48")

    @clue(Group.CLASSES, expected=(0.03, 0.15))
    def labels_are_doubtful(self, case: Case) -> Sign:
        if not case.judged("S44"):
            return UNMEASURED
        bad = case.findings("S44", least=Severity.WARNING)
        if bad:
            return sign(True, f"labels are doubtful: {bad[0].evidence.sentence()}", "S44")
        return sign(False, "the labels of the images that are missed show no sign of noise")

    @clue(Group.UPDATES, expected=(0.03, 0.2))
    def every_update_is_tiny(self, case: Case) -> Sign:
        taken = steps_taken(case)
        if taken is None:
            return UNMEASURED
        said = f"the layer that moved most changed by {percent(taken.largest)} of its size a step"
        return sign(taken.largest < 2e-4, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = narrowest(case)
        least = seen.channels if seen is not None else 8
        times = max(2, -(-16 // max(1, least)))
        yield _wider(case, times, least)
        yield _deeper(case)


def _wider(case: Case, times: int, least: int) -> Remedy:
    kept = [x for x in case.weighted if len(x.weight_shape) >= 2 and (x.inputs or not x.head)]
    lines = [instead(case, x, construction(case, x, widened=times)) for x in kept[:MOST_LINES]]
    if len(kept) > MOST_LINES:
        lines.append(f"# and so on: {len(kept) - MOST_LINES} more layers, {times} times as wide")
    if any(layer.normalised for layer in kept):
        lines.append(f"# and the normalisations with them: {batch_norm(case, least * times)}")
    if not lines:
        lines.append(f"channels = {least * times}  # where it was {least}")
    word = "double" if times == 2 else f"take {times} times"
    return Remedy(
        f"Widen the network: {word} the channels of every layer, from {least} to {least * times} "
        "in the narrowest",
        case.framework,
        "\n".join(lines),
        f"about {times * times} times the parameters and the arithmetic",
        "the training loss ends lower; if the held-out loss rises instead, the network is now "
        "large enough to learn by heart (S49)",
    )


def _deeper(case: Case) -> Remedy:
    own = [x for x in case.hidden if x.kind is LayerKind.CONV]
    last = own[-1] if own else None
    channels = last.channels if last is not None else 16
    wide = max(16, 2 * channels)
    if case.keras:
        code = (
            f'x = {conv(case)}({wide}, 3, padding="same", use_bias=False)(x)\n'
            "x = layers.BatchNormalization()(x)\n"
            'x = layers.Activation("relu")(x)'
        )
    else:
        code = (
            "block = nn.Sequential(\n"
            f"    {conv(case)}({channels}, {wide}, 3, padding=1, bias=False),\n"
            f"    {batch_norm(case, wide)},\n"
            "    nn.ReLU(),\n"
            ")"
        )
    return Remedy(
        f"Add a convolution of {wide} channels"
        + (f" behind {called(last)}" if last is not None else ""),
        case.framework,
        code,
        f"about {9 * channels * wide} more parameters; what reads it has {wide} inputs",
        "the training loss ends lower",
    )
