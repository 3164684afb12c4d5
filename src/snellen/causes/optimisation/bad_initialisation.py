"""C10 bad-initialisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import conv, named
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import Start, starts
from snellen.causes.measures.losses import losses
from snellen.core import Layer
from snellen.symptoms.facts import loaded
from snellen.symptoms.signal.forward_signal import SignalOverDepth
from snellen.symptoms.structure import squashes
from snellen.symptoms.wording import amount, count, percent

SMALL, LARGE = 0.2, 3.0
"""Standard deviation of a layer's first weights, over He's √(2 / fan_in), outside which no usual
initialisation lies: PyTorch's default is 0.41, Glorot's for equal widths 0.71, for a wide layer
that feeds a narrow one 1.0."""
ODD_BIAS = 0.4
BURSTING = 2.0
"""Factor per layer above which maps burst before the first step. He's rule gives 1, a residual sum
without scaling 1.4 a block, weights drawn from 0 to 1 times He's spread about 5."""


class BadInitialisation(Cause):
    """A start from which the network can't learn: weights all equal, zero, far too small or far too
    large, or biases that switch every channel off.

    ## How it shows
    Everything is wrong before the first step: channels are silent, filters are copies of one
    another, maps fade or burst from layer to layer, and all this whatever the images, the learning
    rate or the seed.

    ## What looks similar
    A network that is too deep (C09) or saturates (C11) loses the signal with usual weights. A
    learning rate that is too high (C20) kills after the first steps; decay (C22, C23) kills slowly.
    Scales γ that begin at zero at the end of residual branches are meant so. Weights that were
    loaded are no initialisation.

    ## How to be sure
    Train again with He's initialisation (Glorot's for tanh and sigmoid) and zero biases, everything
    else the same.

    ## References
    - He et al., Delving Deep into Rectifiers, 2015, https://arxiv.org/abs/1502.01852
    - Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    - Mishkin & Matas, All you need is a good init, 2016, https://arxiv.org/abs/1511.06422
    """

    code = "C10"
    name = "bad-initialisation"
    since = "0.1"
    prior = 0.08
    explains = frozenset(
        f"S{number:02}"
        for number in (*range(1, 5), *range(7, 14), *range(15, 21), 22, *range(24, 27), 43, 46)
    ) | frozenset(("S48", "S50", "S52", "S59", "S60"))
    alike = ("C09", "C11", "C20", "C22", "C05")
    trial = "train again with He's initialisation and zero biases"

    @clue(Group.WEIGHTS, expected=(0.9, 0.03), decisive=True)
    def unusual_start(self, case: Case) -> Sign:
        if loaded(case.subject):
            return UNMEASURED
        known = starts(case)
        if not known:
            return UNMEASURED
        for said in (_alike(case, known), _switched_off(known), _odd_scale(known), _bursting(case)):
            if said:
                return sign(True, said)
        middle = float(np.median([s.scale for s in known]))
        said = (
            f"the first weights had {amount(middle)} times the spread of He's initialisation in "
            "the median layer (usual: 0.3 to 1.5), unlike one another, with biases near zero"
        )
        return sign(False, said)

    @clue(Group.TIMELINE, expected=(0.55, 0.08))
    def silent_or_faded_before_the_first_step(self, case: Case) -> Sign:
        seen = deaths(case)
        early = [f for f in case.findings("S08", "S09", "S60", "S03", "S52") if f.step == 0]
        dead = seen is not None and seen.steps[0] == 0 and seen.first > 0.4
        if seen is None and not case.judged("S08"):
            return UNMEASURED
        if dead and seen is not None:
            said = f"{percent(seen.first)} of the rectified channels were silent before any step"
            return sign(True, said)
        if early:
            return sign(True, f"before the first step, {early[0].evidence.sentence()}")
        return sign(False, "maps were in order before the first step")

    @clue(Group.TIMELINE, expected=(0.05, 0.35))
    def channels_died_in_training(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None or len(seen.steps) < 2 or seen.steps[0] > 0:
            return UNMEASURED
        said = f"{percent(max(seen.grown, 0.0))} of the rectified channels died in training"
        return sign(seen.grown > 0.3, said)

    @clue(Group.LOSS, expected=(0.3, 0.03))
    def first_loss_far_above_guessing(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.prior) or not np.isfinite(seen.first):
            return UNMEASURED
        times = seen.first / seen.prior
        said = f"the first loss was {amount(times)} times that of guessing (usual: 0.9 to 1.5)"
        return sign(times > 4, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        odd = _odd(starts(case)) or starts(case)
        names = tuple(start.layer for start in odd)
        layers = [layer for layer in case.hidden if layer.name in names] or case.hidden
        yield _reinitialise(case, layers)


def _alike(case: Case, known: Sequence[Start]) -> str:
    """A sentence where the filters of a layer began zero or as copies of one another; else
    empty."""
    zero = [s.layer for s in known if s.zero]
    alike = [s.layer for s in known if s.equal] + [f.place.layer for f in case.findings("S60")]
    layers = list(dict.fromkeys([*zero, *alike]))
    if not layers:
        return ""
    how = "zero" if zero else "as copies of one another"
    return f"the filters of {layers[0]} began {how} ({count(len(layers), 'layer')} in all)"


def _switched_off(known: Sequence[Start]) -> str:
    """A sentence where biases began far from zero in layers without normalisation; else empty."""
    odd = [s for s in known if abs(s.bias) > ODD_BIAS and not s.normalised]
    if not odd:
        return ""
    worst = max(odd, key=lambda s: abs(s.bias))
    return (
        f"the biases of {worst.layer} began at {amount(worst.bias)} (usual: within ±0.3); "
        f"{count(len(odd), 'layer')} in all"
    )


def _odd_scale(known: Sequence[Start]) -> str:
    """A sentence where weights began far too small or too large in many layers; else empty."""
    odd = _odd(known)
    if len(odd) < max(1, 0.3 * len(known)):
        return ""
    worst = max(odd, key=lambda s: abs(np.log(s.scale)))
    return (
        f"the weights of {worst.layer} began at {amount(worst.scale)} times the spread of He's "
        f"initialisation (usual: 0.3 to 1.5); {len(odd)} of {count(len(known), 'layer')} lie far "
        "outside"
    )


def _bursting(case: Case) -> str:
    """A sentence where maps grow from layer to layer before the first step, as they do where
    weights of a usual spread have one sign; else empty."""
    for finding in case.findings("S08"):
        law = finding.evidence
        if isinstance(law, SignalOverDepth) and law.factor > BURSTING:
            return (
                f"before the first step maps grew by a factor of {amount(law.factor)} from layer "
                f"to layer over {law.layers} layers (usual: 0.4 to 1.4): the first weights are too "
                "large, or of one sign"
            )
    return ""


def _odd(known: Sequence[Start]) -> list[Start]:
    return [s for s in known if s.scale > LARGE or (s.scale > 0 and s.smaller_than(SMALL))]


def _reinitialise(case: Case, layers: list[Layer]) -> Remedy:
    squashing = bool(layers) and sum(squashes(layer) for layer in layers) * 2 > len(layers)
    which = "Glorot" if squashing else "He"
    names = named([layer.name for layer in layers])
    if case.keras:
        name = "glorot_uniform" if squashing else "he_normal"
        code = (
            f'{conv(case)}(..., kernel_initializer="{name}", bias_initializer="zeros")  # {names}'
        )
    else:
        draw = (
            "nn.init.xavier_uniform_(layer.weight)"
            if squashing
            else 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'
        )
        code = (
            f"for layer in model.modules():  # {names}\n"
            f"    if isinstance(layer, ({conv(case)}, nn.Linear)):\n"
            f"        {draw}\n"
            "        if layer.bias is not None:\n"
            "            nn.init.zeros_(layer.bias)"
        )
    return Remedy(
        f"Initialise {'the layer' if len(layers) == 1 else f'{len(layers)} layers'} by {which}'s "
        "rule, with zero biases",
        case.framework,
        code,
        "nothing",
        "before the first step no channel is silent and the maps keep their size from layer to "
        "layer (S08)",
        edited(
            Setting.INITIALISER,
            "glorot" if squashing else "he",
            None,
            *(() if squashing else at_boundary("initialisation")),
        ),
    )
