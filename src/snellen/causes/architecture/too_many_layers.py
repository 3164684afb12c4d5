"""C15 too-many-layers."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, log2

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.layout import convolutions, image_side, layout
from snellen.causes.rewriting import called, channels_read, place
from snellen.core import Layer, LayerKind, Severity
from snellen.symptoms.representation.unproductive_layers import Plateau
from snellen.symptoms.spatial.receptive_field_mismatch import Overshoot
from snellen.symptoms.wording import count, percent

SPARE = 3
"""Convolutions behind the one that sees everything: one or two are common in good networks."""
MOST_LINES = 12


class TooManyLayers(Cause):
    """More layers than the images give work to.

    ## How it shows
    From some layer on every position sees the whole image, and the layers behind tell the classes
    no better than the ones before: a linear probe reads as much from their maps, or less, and they
    use few of their directions. The training may come out well all the same, only slowly.

    ## What looks similar
    A network too deep for its start (C09) loses signal or gradient on the way, before the first
    step. Dead layers (C20, C10) add nothing either; those have no live channels. A network that is
    too small (C12) uses all the directions it has.

    ## How to be sure
    Train again without the layers named: the held-out accuracy is the same or better.

    ## References
    - Richter et al., Should You Go Deeper?, 2021, https://arxiv.org/abs/2106.12307
    - Alain & Bengio, Understanding intermediate layers using linear classifier probes, 2016,
      https://arxiv.org/abs/1610.01644
    - He et al., Deep Residual Learning for Image Recognition, 2015,
      https://arxiv.org/abs/1512.03385
    """

    code = "C15"
    name = "too-many-layers"
    since = "0.1"
    prior = 0.015
    explains = frozenset(("S14", "S31", "S33", "S13", "S15", "S25"))
    alike = ("C09", "C12", "C20")
    trial = "train again without the layers that add nothing"

    @clue(Group.DEPTH, expected=(0.75, 0.03))
    def last_layers_add_nothing(self, case: Case) -> Sign:
        if not case.judged("S14"):
            return UNMEASURED
        bad = case.findings("S14")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S14")
        return sign(False, "a linear probe reads more from the last layers than from those before")

    @clue(Group.DEPTH, expected=(0.35, 0.03))
    def knowledge_is_lost_behind_the_border(self, case: Case) -> Sign:
        bad = [f for f in case.findings("S31") if isinstance(f.evidence, Overshoot)]
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S31")
        if not case.judged("S31"):
            return UNMEASURED
        return sign(False, "no knowledge is lost behind the layer that sees the whole image")

    @clue(Group.CONFIGURATION, expected=(0.7, 0.15))
    def layers_behind_the_border(self, case: Case) -> Sign:
        if layout(case) is None or not convolutions(case):
            return UNMEASURED
        border, behind = _border(case)
        if border is None:
            return sign(False, "no layer sees more than the whole image from each position")
        said = (
            f"{count(len(behind), 'convolution')} of several taps behind {border.name}, whose "
            "positions all see the whole image (usual: at most 2)"
        )
        return sign(len(behind) >= SPARE, said)

    @clue(Group.CONFIGURATION, expected=(0.75, 0.15))
    def deep_for_the_image(self, case: Case) -> Sign:
        side = image_side(case)
        if side is None or side < 2:
            return UNMEASURED
        own = [x for x in convolutions(case) if not x.head]
        said = f"{len(own)} convolutions for images {side} pixels wide"
        return sign(len(own) > 2.5 * log2(side), said)

    @clue(Group.LOSS, expected=(0.7, 0.25))
    def training_came_to_something(self, case: Case) -> Sign:
        if case.outcome.harmed is None or not isfinite(case.outcome.loss):
            return UNMEASURED
        said = "; ".join(case.outcome.reasons[:1]) or "the outcome is known"
        return sign(not case.outcome.harmed, said)

    @clue(Group.TIMELINE, expected=(0.1, 0.3))
    def signal_failed_before_training(self, case: Case) -> Sign:
        if not case.judged("S08"):
            return UNMEASURED
        bad = case.findings("S08", "S09", "S10", least=Severity.WARNING)
        if bad:
            return sign(True, bad[0].evidence.sentence(), bad[0].code)
        return sign(False, "signal and gradient go through the network as they should")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        spare, kept = _spare(case)
        yield _shorter(case, spare, kept)
        yield _enlarged(case)


def _border(case: Case) -> tuple[Layer | None, list[Layer]]:
    """The first convolution all of whose positions see more than the image, and the ones of
    several taps behind it."""
    seen = layout(case)
    own = [x for x in convolutions(case) if not x.head]
    if seen is None or not seen.image:
        return None, []
    for number, layer in enumerate(own):
        sight = seen.sights.get(layer.name)
        if sight is not None and sight.smallest > max(seen.image):
            taps = [x for x in own[number + 1 :] if max(x.weight_shape[2:], default=1) > 1]
            return layer, taps
    return None, []


def _spare(case: Case) -> tuple[list[Layer], Layer | None]:
    """Layers that could be left out, and the last one to be kept."""
    hidden = [x for x in case.hidden if x.kind is LayerKind.CONV]
    for finding in case.findings("S14"):
        evidence = finding.evidence
        if not isinstance(evidence, Plateau):
            continue
        names = [x.name for x in hidden]
        if evidence.after in names:
            at = names.index(evidence.after)
            return hidden[at + 1 :], hidden[at]
    border, behind = _border(case)
    if border is not None and behind:
        return behind, border
    half = len(hidden) // 2
    return hidden[half:], (hidden[half - 1] if half else None)


def _shorter(case: Case, spare: list[Layer], kept: Layer | None) -> Remedy:
    after = f" behind {called(kept)}" if kept is not None else ""
    return Remedy(
        f"Leave out the {count(len(spare), 'layer')}{after}" if spare else "Leave out layers",
        case.framework,
        _cut_keras(case, kept) if case.keras else _cut_torch(spare),
        "nothing, where they add nothing; the rest has to be trained again",
        "the held-out accuracy is the same or better, in "
        f"{percent(1 - len(spare) / max(1, len(case.weighted)))} of the layers",
    )


def _cut_torch(spare: list[Layer]) -> str:
    """An identity in the place of each; only those that keep sizes can be left out so."""
    lines: list[str] = []
    others: list[str] = []
    for layer in spare:
        steps = layer.window.stride if layer.window is not None else ()
        same = channels_read(layer) == layer.channels and all(s == 1 for s in steps)
        named = all(p.isdigit() or p.isidentifier() for p in layer.name.split("."))
        if same and named:
            lines.append(f"{place(layer)} = nn.Identity()")
        else:
            others.append(layer.name)
    rest = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([f"# and so on for {rest} more"] if rest > 0 else [])
    if others:
        lines.append(f"# by hand, as they change sizes: {', '.join(others[:6])}")
    return "\n".join(lines) or "# build the model with half as many layers"


def _cut_keras(case: Case, kept: Layer | None) -> str:
    head = next((x for x in case.weighted if x.head), None)
    units = head.channels if head is not None else 10
    dims = max(1, len(kept.positions)) if kept is not None else 2
    chosen = head.output_activation if head is not None else None
    said = f', activation="{chosen}"' if chosen and chosen != "linear" else ""
    name = kept.name if kept is not None else case.weighted[0].name if case.weighted else "conv2d"
    return (
        f'x = model.get_layer("{name}").output\n'
        f"x = layers.GlobalAveragePooling{dims}D()(x)\n"
        f"model = keras.Model(model.inputs, layers.Dense({units}{said})(x))"
    )


def _enlarged(case: Case) -> Remedy:
    side = image_side(case)
    larger = 2 * side if side else 64
    seen = layout(case)
    dims = len(seen.image) if seen is not None else 2
    if case.keras:
        code = f"x = layers.UpSampling{dims}D(2)(inputs)  # before the first layer"
    else:
        code = "images = torch.nn.functional.interpolate(images, scale_factor=2)"
    return Remedy(
        f"Or give the layers something to see: images {larger} pixels wide",
        case.framework,
        code,
        f"about {2**dims} times the time for each step",
        "the last layers add to what a linear probe reads (S14)",
    )
