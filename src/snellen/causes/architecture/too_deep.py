"""C09 too-deep."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, at_boundary
from snellen.causes.coding import batch_norm, conv
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import starts
from snellen.causes.measures.steps import front_to_back
from snellen.core import Layer, LayerKind
from snellen.symptoms.facts import loaded
from snellen.symptoms.structure import is_gate
from snellen.symptoms.wording import count

DEEP = 8
"""Weight layers in a row without normalisation or skips from which on depth alone may hurt."""

SIGMOIDS = ("sigmoid", "hard_sigmoid")
"""Activations whose slope is a quarter at most: each loses the gradient that factor, however few
they are."""


class TooDeep(Cause):
    """So many layers in a row, without normalisation or skip connections, that the signal is lost
    on its way forward or the gradient on its way back.

    ## How it shows
    Before the first step maps shrink, or grow, by a steady factor from layer to layer, or all
    images become alike; the gradient of the first layers is a tiny part of the last ones'. Nothing
    of it depends on the images. In training the first layers stay as they were.

    ## What looks similar
    Weights that began too small or too large (C10) do the same in few layers: there the scale of
    the first weights is off, here it is usual, and the factor per layer is small but the layers are
    many. Sigmoids and tanh (C11) lose a factor per layer by themselves. A learning rate that is too
    low (C21) holds all layers still alike. Four convolutions with Glorot's or He's weights do not
    vanish.

    ## How to be sure
    He's initialisation does not rescue the training, skip connections or normalisation do; with
    half the layers the loss by depth is its square root.

    ## References
    - He et al., Deep Residual Learning for Image Recognition, 2016,
    https://arxiv.org/abs/1512.03385 - Ioffe & Szegedy, Batch Normalization, 2015,
    https://arxiv.org/abs/1502.03167 - Schoenholz et al., Deep Information Propagation, 2017,
    https://arxiv.org/abs/1611.01232
    """

    code = "C09"
    name = "too-deep"
    since = "0.1"
    prior = 0.06
    explains = frozenset(
        f"S{number:02}"
        for number in (1, 2, 4, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 22, 25, 43, 46, 48, 50)
    )
    alike = ("C10", "C11", "C21")
    trial = "train again with skip connections, or with normalisation, and with half the layers"

    @clue(Group.CONFIGURATION, expected=(0.92, 0.07))
    def many_bare_layers(self, case: Case) -> Sign:
        if not case.weighted:
            return UNMEASURED
        if loaded(case.subject):
            return sign(False, "the network was trained before, so its depth can be trained")
        # A few sigmoids lose as much as many layers do: they are another cause.
        bare = sum(x.activation not in SIGMOIDS for x in _bare(case))
        said = (
            f"{count(bare, 'hidden layer')} in a row without normalisation, skips or sigmoids "
            f"(beyond {DEEP} the signal needs help)"
        )
        return sign(bare > DEEP, said)

    @clue(Group.CONFIGURATION, expected=(0.04, 0.3))
    def normalised_or_residual(self, case: Case) -> Sign:
        if not case.hidden:
            return UNMEASURED
        helped = [x for x in case.hidden if x.normalised or x.residual]
        all_hidden = count(len(case.hidden), "hidden layer")
        said = f"{len(helped)} of {all_hidden} have normalisation or skips"
        return sign(len(helped) > 0.4 * len(case.hidden), said)

    @clue(Group.DEPTH, expected=(0.7, 0.08))
    def signal_fades_with_depth(self, case: Case) -> Sign:
        if not case.judged("S08") and not case.judged("S09"):
            return UNMEASURED
        found = [f for f in case.findings("S08", "S09") if f.step in (0, None)]
        if found:
            return sign(True, found[0].evidence.sentence(), found[0].code)
        return sign(False, "the signal reached the last layer before the first step", "S08")

    @clue(Group.DEPTH, expected=(0.6, 0.08))
    def gradient_fades_towards_the_front(self, case: Case) -> Sign:
        seen = front_to_back(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.ratio < 0.01 or seen.ratio > 300, seen.sentence(), "S10", "S11")

    @clue(Group.WEIGHTS, expected=(0.05, 0.3))
    def odd_first_weights(self, case: Case) -> Sign:
        known = starts(case)
        if not known:
            return UNMEASURED
        odd = [s for s in known if s.smaller_than(0.25) or s.scale > 3 or s.equal]
        said = f"{len(odd)} of {count(len(known), 'layer')} began with weights of an unusual size"
        return sign(len(odd) > 0.3 * len(known), said)

    @clue(Group.ACTIVITY, expected=(0.02, 0.2))
    def sigmoids_lose_a_factor_each(self, case: Case) -> Sign:
        bare = _bare(case)
        if not bare:
            return UNMEASURED
        gates = [x for x in bare if is_gate(case.subject, x)]
        share = sum(x.activation in SIGMOIDS and x not in gates for x in bare) / len(bare)
        said = f"{share:.0%} of the layers without normalisation or skips end in a sigmoid"
        return sign(share > 0.5, said)

    @clue(Group.TIMELINE, expected=(0.08, 0.3))
    def channels_died_in_training(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None or len(seen.steps) < 2 or seen.steps[0] > 0:
            return UNMEASURED
        said = f"{max(seen.grown, 0.0):.0%} of the rectified channels died in training"
        return sign(seen.grown > 0.3, said, "S01")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        bare = [x for x in _bare(case) if x.kind is LayerKind.CONV] or _bare(case) or case.hidden
        first = bare[0] if bare else None
        name, channels = (first.name, first.channels) if first else ("the first layer", 32)
        norm = batch_norm(case, channels)
        if case.keras:
            code = (
                f"x = {conv(case)}({channels}, 3, padding='same', use_bias=False)(x)  # {name}\n"
                f"x = {norm}(x)\n"
                "x = layers.Activation('relu')(x)"
            )
        else:
            code = (
                f"nn.Sequential({conv(case)}({channels}, {channels}, 3, padding=1, bias=False), "
                f"{norm}, nn.ReLU())  # {name}"
            )
        yield Remedy(
            f"Insert a batch normalisation after {name} and each of the {len(bare)} layers like it",
            case.framework,
            code,
            "a few percent more time and memory; batches of at least 8 images",
            "S08, S09 and S10 are gone, and the first layer's weights move",
            Change(at_boundary("normalisation")),
        )
        skip = (
            "x = layers.Add()([x, block(x)])"
            if case.keras
            else "def forward(self, x):\n    return x + self.block(x)"
        )
        yield Remedy(
            "Add a skip connection around every two layers of equal width",
            case.framework,
            skip,
            "nothing where the shapes agree; a 1×1 convolution on the skip where they do not",
            "gradients of the first and last layers come within a factor of 10",
            Change(at_boundary("skips")),
        )


def _bare(case: Case) -> list[Layer]:
    """Hidden layers that have neither a normalisation nor a skip around them."""
    return [x for x in case.hidden if not x.normalised and not x.residual]
