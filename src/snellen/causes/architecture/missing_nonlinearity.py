"""C18 missing-nonlinearity."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.losses import losses
from snellen.causes.rewriting import activated, called
from snellen.core import Layer, LayerKind
from snellen.stats import Linearity
from snellen.symptoms.wiring.missing_nonlinearity import Pair
from snellen.symptoms.wording import amount, count, percent

STRAIGHT = 1e-4
"""Bend of the answers over their change: rounding leaves 1e-6, one rectified layer 0.1."""
MOST_LINES = 12


class MissingNonlinearity(Cause):
    """Layers in a row with no activation between them: together they are one linear layer.

    ## How it shows
    No hidden layer has an activation, or several in a row have none. The answers follow a change
    of the images in a straight line. The training loss stands where that of a linear classifier
    stands; nothing is dead, for nothing can be.

    ## What looks similar
    A network too small (C12) is bent all the same. Large biases (C10) that keep every rectified
    channel above zero make a network with activations behave like a linear one. Linear bottlenecks,
    the ends of residual branches and depthwise convolutions lack an activation on purpose.

    ## How to be sure
    Put a ReLU behind every hidden layer and train again: the training loss falls.

    ## References
    - Goodfellow, Bengio & Courville, Deep Learning, chapter 6.1, 2016,
      https://www.deeplearningbook.org/contents/mlp.html
    - Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018,
      https://arxiv.org/abs/1801.04381
    """

    code = "C18"
    name = "missing-nonlinearity"
    since = "0.1"
    prior = 0.02
    explains = frozenset(("S47", "S48", "S20", "S17", "S43", "S46", "S50", "S13", "S52"))
    alike = ("C12", "C10", "C06")
    trial = "train again with a ReLU behind every hidden layer"

    @clue(Group.CONFIGURATION, expected=(0.85, 0.01), decisive=True)
    def no_layer_has_an_activation(self, case: Case) -> Sign:
        own = _own(case)
        bare = _bare(case)
        if not own or any(x.activation is None for x in own):
            return UNMEASURED
        bent = [x for x in case.subject.layers if not x.weighted and x.activation != "linear"]
        said = f"{len(bare)} of {count(len(own), 'hidden layer')} have no activation"
        return sign(len(bare) == len(own) and len(own) > 0 and not bent, said)

    @clue(Group.CONFIGURATION, expected=(0.35, 0.04))
    def two_in_a_row_without_one(self, case: Case) -> Sign:
        if not case.judged("S47"):
            return UNMEASURED
        bad = [f for f in case.findings("S47") if isinstance(f.evidence, Pair)]
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S47")
        return sign(False, "an activation or a join stands between every two full convolutions")

    @clue(Group.CONFIGURATION, expected=(0.03, 0.85))
    def every_layer_has_an_activation(self, case: Case) -> Sign:
        own = _own(case)
        if not own or any(x.activation is None for x in own):
            return UNMEASURED
        bare = len(_bare(case))
        said = f"{len(own) - bare} of {count(len(own), 'hidden layer')} have an activation"
        return sign(bare == 0, said)

    @clue(Group.ACTIVITY, expected=(0.75, 0.02))
    def answers_follow_in_a_straight_line(self, case: Case) -> Sign:
        entry = case.subject.last("", Linearity)
        if entry is None or not np.isfinite(entry.value.curvature):
            return UNMEASURED
        bend = entry.value.curvature
        said = (
            f"the answers bend by {amount(bend)} of their change when the images change (a network "
            "with one rectified layer: about 0.1)"
        )
        return sign(bend < STRAIGHT, said)

    @clue(Group.LOSS, expected=(0.75, 0.4))
    def loss_stays_high(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = (
            f"the training loss ended at {amount(seen.end)}, {percent(max(seen.left, 0.0))} of the "
            "way from its floor to guessing"
        )
        return sign(seen.left > 0.2, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        bare = _bare(case) or _own(case)
        lines = [activated(case, layer) for layer in bare[:MOST_LINES]]
        if len(bare) > MOST_LINES:
            lines.append(f"# and so on behind {len(bare) - MOST_LINES} more layers")
        if any(x.normalised for x in bare) and not case.keras:
            lines.append("# better still, behind the normalisation that follows each")
        if not lines:
            lines.append('x = layers.Activation("relu")(x)' if case.keras else "act = nn.ReLU()")
        names = ", ".join(called(x) for x in bare[:2])
        names += f" and {count(len(bare) - 2, 'more layer')}" if len(bare) > 2 else ""
        yield Remedy(
            f"Put a ReLU behind {names}" if bare else "Put a ReLU behind every hidden layer",
            case.framework,
            "\n".join(lines),
            "nothing; begin with He's initialisation, as ReLU halves the signal",
            "the answers bend (S47), and the training loss falls below that of a linear classifier",
        )


def _own(case: Case) -> list[Layer]:
    """Hidden layers that are not linear on purpose."""
    return [
        layer
        for layer in case.hidden
        if not (layer.depthwise or layer.residual or layer.transposed or _pointwise(layer))
    ]


def _pointwise(layer: Layer) -> bool:
    taps = int(np.prod(layer.weight_shape[2:] or (1,)))
    return layer.kind is LayerKind.CONV and taps == 1


def _bare(case: Case) -> list[Layer]:
    joined = {n for x in case.subject.layers if not x.weighted for n in x.inputs}
    return [x for x in _own(case) if x.activation == "linear" and x.name not in joined]
