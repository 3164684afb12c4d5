"""C11 saturating-activation."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import AtBoundary, Setting
from snellen.causes.changing import edited
from snellen.causes.coding import conv, named
from snellen.causes.measures.steps import front_to_back
from snellen.core import Layer, Severity
from snellen.symptoms.structure import is_gate, squashes
from snellen.symptoms.wording import count

SEVERAL = {"sigmoid": 3, "hard_sigmoid": 3}
"""Layers of an activation from which on its slope (at most 1/4 for a sigmoid) is felt."""
SEVERAL_OTHERS = 5


class SaturatingActivation(Cause):
    """Sigmoids or tanh in many layers: each passes back only a part of the gradient, and less where
    it lies on its flat ends.

    ## How it shows
    The relative gradient falls by a steady factor from the last layer to the first: at least 4 for
    each sigmoid, whose slope is never above 1/4. The first layers stay as they were; with sigmoids
    the maps of all images become alike in depth. A tanh passes the gradient on as long as its input
    is small, and hardly any once weights or inputs drive it flat.

    ## What looks similar
    Depth alone (C09) does it with any activation. Weights that began too large (C10), raw pixels
    (C05) or a learning rate that is too high (C20) drive a tanh flat that would work; then those
    are the cause. Sigmoids as gates (squeeze-and-excitation, attention) and at the output are
    meant.

    ## How to be sure
    Train again with ReLU and He's initialisation in place of the sigmoids: the loss falls. With
    He's initialisation alone it does not.

    ## References
    - Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    - Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010,
      https://www.cs.toronto.edu/~hinton/absps/reluICML.pdf
    """

    code = "C11"
    name = "saturating-activation"
    since = "0.1"
    prior = 0.05
    explains = frozenset(
        f"S{number:02}"
        for number in (3, 4, 8, 9, 10, 13, 15, 16, 17, 19, 20, 25, 43, 46, 48, 50, 2, 12)
    )
    alike = ("C09", "C10", "C20", "C21")
    trial = "train again with ReLU in place of the squashing activations"

    @clue(Group.CONFIGURATION, expected=(0.97, 0.04), decisive=True)
    def several_squashing_layers(self, case: Case) -> Sign:
        layers = _squashing(case)
        known = [x for x in case.hidden if x.activation is not None]
        if not known:
            return UNMEASURED
        if not layers:
            return sign(False, "no hidden layer ends in a sigmoid or tanh")
        kind = str(layers[0].activation)
        enough = len(layers) >= SEVERAL.get(kind, SEVERAL_OTHERS)
        said = f"{count(len(layers), 'hidden layer')} end in {kind}"
        # Only a sigmoid takes from the gradient where it is steepest.
        steep = kind != "sigmoid" and case.judged("S03") and not case.found("S03")
        return sign(enough, said, reliability=0.4 if enough and steep else 1.0)

    @clue(Group.DEPTH, expected=(0.8, 0.1))
    def gradient_fades_towards_the_front(self, case: Case) -> Sign:
        seen = front_to_back(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.ratio < 0.03, seen.sentence(), "S10")

    @clue(Group.ACTIVITY, expected=(0.4, 0.05))
    def maps_are_flat(self, case: Case) -> Sign:
        if not case.judged("S03") or not _squashing(case):
            return UNMEASURED
        found = case.findings("S03", least=Severity.WARNING)
        if not found:
            return sign(False, "maps lie on the slopes of their activations", "S03")
        return sign(True, found[0].evidence.sentence(), "S03")

    @clue(Group.DEPTH, expected=(0.5, 0.12))
    def images_become_alike(self, case: Case) -> Sign:
        if not case.judged("S09") and not case.judged("S08"):
            return UNMEASURED
        found = case.findings("S09", "S08")
        if not found:
            return sign(False, "images stay different up to the last layer", "S08", "S09")
        return sign(True, found[0].evidence.sentence(), found[0].code)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        layers = _squashing(case) or case.hidden
        was = layers[0].activation if layers and layers[0].activation else "sigmoid"
        names = named([layer.name for layer in layers])
        if case.keras:
            options = 'activation="relu", kernel_initializer="he_normal"'
            code = f"{conv(case)}(..., {options})  # {names}"
        else:
            code = (
                f"nn.ReLU()  # in place of nn.{'Tanh' if was == 'tanh' else 'Sigmoid'}() "
                f"after {names}"
            )
        yield Remedy(
            f"Replace {was} by ReLU in {count(len(layers), 'hidden layer')}",
            case.framework,
            code,
            "channels can die at a learning rate that is too high (S01)",
            "the first layer's gradient comes within a factor of 10 of the last one's (S10)",
            edited(
                Setting.ACTIVATION,
                "relu",
                was,
                # With a start that fits: weights for sigmoids are too small for ReLU.
                AtBoundary("activations"),
                AtBoundary("initialisation"),
            ),
        )


def _squashing(case: Case) -> list[Layer]:
    """Hidden layers that end in a sigmoid, tanh or the like, without gates."""
    return [x for x in case.hidden if squashes(x) and not is_gate(case.subject, x)]
