"""C05 wrong-input-scaling."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change
from snellen.causes.changing import scaled
from snellen.causes.coding import rate, usual_rate, written
from snellen.causes.measures.filters import starts
from snellen.causes.measures.images import Range, audit, differently_blank, input_range
from snellen.causes.measures.steps import largest_drift
from snellen.core import Severity
from snellen.record import Clock
from snellen.stats import MapSummary
from snellen.symptoms.facts import loaded
from snellen.symptoms.wording import amount, percent


class WrongInputScaling(Cause):
    """Images enter the network in a range or an order that its weights are not made for.

    ## How it shows
    The values of the training images are far from those that initialisations and learning rates
    are made for: up to 255, or hardly different from zero, or off centre. The first layer's maps
    are out of range before the first step although its weights are of the usual size, and at a
    usual learning rate the first updates throw everything over. Or height stands where the channels
    belong; or red and blue are exchanged for weights that were trained before.

    ## What looks similar
    A rate that is too high (C20): there the images are in the usual range. A bad start (C10): there
    the weights are of an unusual size. Blank images (C30): those are copies of each other, where
    images on a smaller scale are not. Held-out images alone on another scale: C07.

    ## How to be sure
    Train again from the same start with `(images - mean) / std`: the jump of the loss is gone.
    For trained weights it is enough to evaluate.

    ## References
    - LeCun et al., Efficient BackProp, 1998, http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
    - He et al., Delving Deep into Rectifiers, 2015, https://arxiv.org/abs/1502.01852
    """

    code = "C05"
    name = "wrong-input-scaling"
    since = "0.1"
    prior = 0.05
    explains = frozenset(
        f"S{number:02}"
        for number in (
            1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 15, 17, 20, 21, 22, 26, 37, 38, 39, 40, 43, 46,
            48, 52, 59,
        )
    )  # fmt: skip
    alike = ("C20", "C10", "C30", "C07")
    trial = "train again from the same start on (images - mean) / std"

    @clue(Group.DATA, expected=(0.85, 0.03), decisive=True)
    def values_out_of_range(self, case: Case) -> Sign:
        seen = input_range(case)
        if seen is None or (not seen.problem and _of_another_form(case)):
            return UNMEASURED
        if loaded(case.subject) and not case.found("S38"):
            # Weights that were trained before have a range of their own.
            return UNMEASURED
        said = (
            f"the training images go from {amount(seen.minimum)} to {amount(seen.maximum)} with "
            f"mean {amount(seen.centre)} and deviation {amount(seen.spread)} (usual: mean within 3 "
            "deviations of 0, deviation 0.05 to 4)"
        )
        return sign(bool(seen.problem), said)

    @clue(Group.DATA, expected=(0.15, 0.01))
    def images_on_several_scales(self, case: Case) -> Sign:
        seen = audit(case)
        several = None if seen is None else differently_blank(seen)
        if seen is None or several is None:
            return UNMEASURED
        said = (
            f"{percent(seen.blank / seen.images)} of {seen.images} images have hardly any contrast "
            f"beside the others, and {'are not' if several else 'are'} copies of each other"
        )
        return sign(several, said)

    @clue(Group.CONFIGURATION, expected=(0.3, 0.006), decisive=True)
    def axes_or_colours_in_another_order(self, case: Case) -> Sign:
        found = case.findings("S39", least=Severity.WARNING)
        if found:
            return sign(True, found[0].evidence.sentence(), "S39")
        if not case.judged("S39"):
            return UNMEASURED
        return sign(False, "no other order of axes or colours fits the images better", "S39")

    @clue(Group.ACTIVITY, expected=(0.6, 0.07))
    def first_maps_out_of_range_of_usual_weights(self, case: Case) -> Sign:
        known = [x for x in starts(case) if not x.zero]
        first = case.hidden[0] if case.hidden else None
        if first is None or not known or known[0].layer != first.name:
            return UNMEASURED
        rms = _first_maps(case, first.name)
        odd = not 0.02 < rms < 8
        if not np.isfinite(rms) or (not odd and _of_another_form(case)):
            return UNMEASURED
        said = (
            f"before training, the first layer's maps had a root mean square of {amount(rms)} from "
            f"weights of {amount(known[0].scale)} times He's size"
        )
        return sign(0.25 < known[0].scale < 4 and odd, said)

    @clue(Group.UPDATES, expected=(0.55, 0.25))
    def first_steps_shift_the_maps_at_a_usual_rate(self, case: Case) -> Sign:
        drift, used = largest_drift(case), rate(case)
        if drift is None or used is None or _of_another_form(case):
            return UNMEASURED
        said = (
            f"step {drift.step} shifted {drift.layer} by {amount(drift.size)} standard deviations "
            f"at a learning rate of {written(used)}"
        )
        return sign(drift.size > 2 and used < 8 * usual_rate(case), said, "S22")

    @clue(Group.WEIGHTS, expected=(0.06, 0.2))
    def weights_began_at_an_unusual_size(self, case: Case) -> Sign:
        known = starts(case)
        if not known:
            return UNMEASURED
        odd = [x for x in known if x.zero or not 0.1 < x.scale < 5]
        said = f"{len(odd)} of {len(known)} layers began with weights far from He's size"
        return sign(bool(odd), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        if case.found("S39", least=Severity.WARNING):
            yield _reordered(case)
        seen = input_range(case)
        if seen is not None and (seen.problem or not case.found("S39")):
            yield _standardised(case, seen)
        yield _divided(case, seen)


def _of_another_form(case: Case) -> bool:
    """The order of axes or colours is what is wrong, so that a usual range says nothing."""
    return case.found("S39", least=Severity.WARNING)


def _first_maps(case: Case, layer: str) -> float:
    """Root mean square of the first layer's pre-activations before training; NaN where unknown."""
    for clock in (Clock.PROBE, Clock.INLINE):
        history = case.subject.history(layer, MapSummary, "pre", clock)
        if history and history[0].step == 0 and history[0].value.images:
            look = history[0].value
            squares = float(look.squares.sum()) / max(1, int(look.values.sum()))
            return float(np.sqrt(squares)) if squares >= 0 else float("nan")
    return float("nan")


def _standardised(case: Case, seen: Range) -> Remedy:
    each = len(seen.mean) <= 4
    means = seen.mean if each else np.array([seen.centre])
    spreads = seen.deviation if each else np.array([seen.spread])
    mean = ", ".join(_three(float(value)) for value in means)
    spread = ", ".join(_three(max(float(value), 1e-6)) for value in spreads)
    if case.keras:
        variance = ", ".join(_three(max(float(value), 1e-6) ** 2) for value in spreads)
        code = (
            f"x = layers.Normalization(mean=[{mean}], variance=[{variance}])(inputs)  # first layer"
        )
    else:
        many = len(means)
        shape = f"1, {many}, 1, 1"
        code = (
            f"mean = torch.tensor([{mean}]).view({shape})\n"
            f"std = torch.tensor([{spread}]).view({shape})\n"
            "images = (images - mean) / std  # training and held-out images"
        )
    return Remedy(
        f"Standardise the images as they enter now: subtract {mean}, divide by {spread}",
        case.framework,
        code,
        "nothing; store the two numbers with the model",
        "the input's mean is near 0 and its deviation near 1 (S38); the first loss does not jump",
        scaled(
            [float(_three(float(value))) for value in means],
            [float(_three(max(float(value), 1e-6))) for value in spreads],
        ),
    )


def _divided(case: Case, seen: Range | None) -> Remedy:
    small = seen is not None and seen.furthest <= 0.05
    if case.keras:
        factor = "255.0" if small else "1 / 255"
        code = f"x = layers.Rescaling({factor})(inputs)  # the first layer"
    elif small:
        code = "images = images * 255  # or take one of two divisions by 255 away"
    else:
        code = (
            "from torchvision.transforms import v2\n\n"
            "prepare = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])  # 0 to 1"
        )
    title = (
        "Scale the images once: they were divided by 255 twice"
        if small
        else "Bring bytes of 0 to 255 to 0 to 1 before anything else, once, in every loader"
    )
    return Remedy(
        title,
        case.framework,
        code,
        "nothing",
        "the input's range (S38) is 0 to 1 on training and held-out images alike",
        None
        if seen is None or not seen.problem
        else _rescaled(len(seen.mean), 1 / 255 if small else 255.0),
    )


def _rescaled(channels: int, divisor: float) -> Change | None:
    return scaled([0.0] * channels, [divisor] * channels) if channels <= 4 else None


def _reordered(case: Case) -> Remedy:
    sentence = case.findings("S39")[0].evidence.sentence()
    if sentence.startswith("with the first and third"):
        code = "images = images[..., ::-1]" if case.keras else "images = images.flip(1)"
        title = "Exchange red and blue, as the weights were trained"
    elif case.keras:
        code = "images = np.transpose(images, (0, 2, 3, 1))  # channels last, as Keras reads them"
        title = "Put the channels last"
    else:
        code = "images = images.permute(0, 3, 1, 2).contiguous()  # channels first, for Conv2d"
        title = "Put the channels first"
    return Remedy(
        f"{title}, in every loader",
        case.framework,
        code,
        "nothing; a network trained from scratch must be trained again",
        "S39 no longer finds a better order",
    )


def _three(value: float) -> str:
    """Three significant digits, without an exponent where that is short."""
    text = f"{value:.3g}"
    return text if "e" not in text else repr(float(text))
