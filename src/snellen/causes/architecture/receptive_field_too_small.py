"""C14 receptive-field-too-small."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.labels import training_images
from snellen.causes.measures.layout import branches, convolutions, image_side, last_ending, layout
from snellen.causes.rewriting import called, construction, instead
from snellen.core import Layer, LayerKind
from snellen.stats import EffectiveField
from snellen.symptoms.answers import gap
from snellen.symptoms.geometry import Ending
from snellen.symptoms.spatial.receptive_field_mismatch import Nearsighted
from snellen.symptoms.wording import count, percent

FINE_IMAGE = 32
"""Pixels along a side from which on flattening at full size is costly."""


class ReceptiveFieldTooSmall(Cause):
    """No position of the last maps sees enough of the image, or maps stay as fine as the image.

    ## How it shows
    Few layers, small kernels and no stride: each position of the last maps knows a few pixels, and
    a mean over positions does not know where they are. What is told apart by parts that lie far
    from each other can't be told apart. Or the maps are flattened at full size, and a dense layer
    of very many weights learns the training images by their pixels.

    ## What looks similar
    Labels without signal (C06) leave the loss at guessing too; there a wider field changes nothing.
    Too few images (C01) make a gap as a flattening does; with pooled maps it shrinks. Maps that
    became too coarse too early (C13) are the opposite.

    ## How to be sure
    Train again with dilation 2 in the middle layers or one more pooling: large objects are found.
    With images halved in size the same network does better.

    ## References
    - Araujo et al., Computing Receptive Fields of Convolutional Neural Networks, 2019,
      https://distill.pub/2019/computing-receptive-fields/
    - Luo et al., Understanding the Effective Receptive Field in Deep Convolutional Neural Networks,
      2016, https://arxiv.org/abs/1701.04128
    - Lin et al., Network In Network, 2013, https://arxiv.org/abs/1312.4400
    """

    code = "C14"
    name = "receptive-field-too-small"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        ("S31", "S32", "S34", "S48", "S49", "S17", "S20", "S46", "S43", "S50", "S55", "S13")
    )
    alike = ("C06", "C01", "C13", "C12")
    trial = "train again with dilation 2 in the middle layers, or with one more pooling"

    @clue(Group.CONFIGURATION, expected=(0.55, 0.03))
    def field_is_a_small_part_of_the_image(self, case: Case) -> Sign:
        ending, side = last_ending(case), image_side(case)
        if ending is None or side is None:
            return UNMEASURED
        if ending[0].kind == "flattened":
            return sign(False, f"a dense layer reads all positions of {ending[0].layer}")
        field = min(ending[1].largest, float(side))
        said = (
            f"a position of the last maps ({ending[0].layer}) sees {field:.0f} of {side} pixels "
            "along a side"
        )
        return sign(field < 0.3 * side, said)

    @clue(Group.CONFIGURATION, expected=(0.4, 0.02))
    def flattened_at_full_size(self, case: Case) -> Sign:
        wide = _flattening(case)
        images, side = training_images(case), image_side(case)
        if layout(case) is None or side is None:
            return UNMEASURED
        if wide is None or side < FINE_IMAGE:
            return sign(False, "no maps as fine as a large image are flattened")
        ending, reader, jump = wide
        weights = int(np.prod(reader.weight_shape))
        each = f", {weights / images:.0f} for each training image" if images else ""
        said = (
            f"{reader.name} reads {'×'.join(map(str, ending.grid))} positions of "
            f"{ending.layer} by itself: {weights} weights{each}"
        )
        many = weights > 100 * images if images else weights > 1e6
        return sign(jump <= 2 and many, said)

    @clue(Group.CONFIGURATION, expected=(0.7, 0.3))
    def hardly_any_downsampling(self, case: Case) -> Sign:
        ending, side = last_ending(case), image_side(case)
        if ending is None or side is None or side < 16 or ending[0].kind == "dense":
            return UNMEASURED
        said = f"the last maps have one position for every {ending[1].jump:.3g} of {side} pixels"
        return sign(ending[1].jump <= 2, said)

    @clue(Group.DEPTH, expected=(0.4, 0.1))
    def little_of_the_image_has_influence(self, case: Case) -> Sign:
        measured, side = _influence(case), image_side(case)
        if measured is None or side is None:
            return UNMEASURED
        said = (
            f"{measured:.0f} of {side} pixels along a side have influence on the middle of the "
            "last maps"
        )
        return sign(measured < 0.25 * side, said)

    @clue(Group.DEPTH, expected=(0.85, 0.03))
    def field_or_fineness_was_reported(self, case: Case) -> Sign:
        bad = _reported(case)
        if bad:
            return sign(True, bad[0][1], bad[0][0])
        judged = [code for code in ("S31", "S32", "S34") if case.judged(code)]
        if not judged:
            return UNMEASURED
        said = f"what the last maps see fits the image's size ({', '.join(judged)} looked)"
        return sign(False, said, reliability=len(judged) / 3)

    @clue(Group.ACTIVITY, expected=(0.2, 0.005))
    def branches_add_nothing(self, case: Case) -> Sign:
        seen = branches(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"{len(seen.idle)} of {count(seen.of, 'residual sum')} put out the skip's maps, to a "
            "thousandth: the branches, and what they could see, count for nothing"
        )
        if not seen.idle:
            said = f"the branches of all {count(seen.of, 'residual sum')} change the maps"
        return sign(len(seen.idle) > seen.of / 2, said)

    @clue(Group.DEPTH, expected=(0.06, 0.45))
    def everything_is_seen_through_coarse_maps(self, case: Case) -> Sign:
        ending, side = last_ending(case), image_side(case)
        if ending is None or side is None:
            return UNMEASURED
        measured = _influence(case)
        if measured is not None and measured < 0.25 * side:
            return sign(False, f"{measured:.0f} of {side} pixels have influence on the last maps")
        field = ending[1].largest
        seen = "everything" if not isfinite(field) else f"{field:.0f} pixels"
        said = f"the last maps see {seen} of {side}, in steps of {ending[1].jump:.3g}"
        return sign(field >= 0.6 * side and ending[1].jump > 2, said)

    @clue(Group.CLASSES, expected=(0.35, 0.15))
    def learnt_by_heart_through_pixels(self, case: Case) -> Sign:
        between, wide = gap(case.subject, at_least=50), _flattening(case)
        if between is None or wide is None or wide[2] > 2:
            return UNMEASURED
        said = (
            f"macro recall is {between.training.value:.2f} on training images and "
            f"{between.held_out.value:.2f} on held-out ones, behind a flattening at full size"
        )
        return sign(between.surely > 0.1, said, "S49")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        wide = _flattening(case)
        if wide is not None and wide[2] <= 2:
            yield _pooled(case, wide[0], wide[1])
        idle = branches(case)
        if case.found("S32") or (idle is not None and idle.idle):
            yield _counted(case)
        yield _dilated(case)
        yield _halved(case)


def _reported(case: Case) -> list[tuple[str, str]]:
    kept = [f for f in case.findings("S31") if isinstance(f.evidence, Nearsighted)]
    kept += case.findings("S32", "S34")
    return [(f.code, f.evidence.sentence()) for f in kept]


def _influence(case: Case) -> float | None:
    """Side of the field that has influence on the last maps before a vector; `None` where not
    measured."""
    ending = last_ending(case)
    if ending is None or ending[0].kind == "dense":
        return None
    entry = case.subject.last(ending[0].layer, EffectiveField)
    side = entry.value.side if entry is not None else 0.0
    return side if side > 0 and isfinite(side) else None


def _flattening(case: Case) -> tuple[Ending, Layer, float] | None:
    """The flattening that most weights read, who reads it, and its pixels per position."""
    seen = layout(case)
    if seen is None:
        return None
    found: list[tuple[Ending, Layer, float]] = []
    for ending in seen.endings:
        reader = case.layer(ending.reader)
        if ending.kind != "flattened" or ending.layer not in seen.sights or reader is None:
            continue
        if reader.kind is LayerKind.DENSE and reader.weight_shape:
            before = seen.image[0] / max(1, ending.grid[0]) if ending.grid else 1.0
            found.append((ending, reader, max(before, 1.0)))
    return max(found, key=lambda one: int(np.prod(one[1].weight_shape)), default=None)


def _pooled(case: Case, ending: Ending, reader: Layer) -> Remedy:
    source = case.layer(ending.layer)
    channels = source.channels if source is not None else reader.channels
    dims = max(1, len(ending.grid))
    if case.keras:
        code = (
            f"x = layers.GlobalAveragePooling{dims}D()(x)  # instead of Flatten before "
            f"{reader.name}\n{instead(case, reader, construction(case, reader))}"
        )
    else:
        made = f"nn.Linear({channels}, {reader.channels})"
        code = (
            f"pool = nn.AdaptiveAvgPool{dims}d(1)  # before the flattening\n"
            f"{instead(case, reader, made)}"
        )
    grid = "×".join(map(str, ending.grid))
    return Remedy(
        f"Pool the {grid} positions of {ending.layer} to one before {called(reader)}",
        case.framework,
        code,
        f"{reader.name} no longer knows where things are; pool to 4×4 instead of 1 where that "
        "matters",
        "training and held-out images are answered alike",
    )


def _counted(case: Case) -> Remedy:
    """Branches whose sum with the skip has any weight."""
    own = [x for x in convolutions(case) if x.residual]
    named = f" of {called(own[0])} and the others" if own else ""
    if case.keras:
        code = "x = layers.Add()([x, branch])  # branch without a factor far below 1"
    else:
        code = "x = x + self.branch(x)  # without a factor far below 1"
    return Remedy(
        f"Let the branches{named} count: no factor far below 1, normalisation behind each",
        case.framework,
        code,
        "a larger signal behind many branches; normalise where it grows",
        "more of the image has influence on the last maps (S32)",
    )


def _dilated(case: Case) -> Remedy:
    """Dilation in the last convolutions, so that half of the image is seen."""
    own = [x for x in convolutions(case) if not x.head and not x.transposed]
    able = [x for x in own if max(x.weight_shape[2:], default=1) > 1]
    chosen = able[-2:]
    ending, side = last_ending(case), image_side(case) or 32
    if not chosen:
        return _with_context(case, own)
    seen = layout(case)
    field = ending[1].largest if ending is not None and isfinite(ending[1].largest) else side / 4
    lacking = max(0.0, 0.5 * side - field)
    lines: list[str] = []
    largest = 2
    for layer in chosen:
        kernel = tuple(layer.weight_shape[2:])
        sight = seen.sights.get(layer.name) if seen is not None else None
        jump = sight.jump if sight is not None and isfinite(sight.jump) else 1.0
        wider = (max(kernel) - 1) * max(jump, 1.0)
        rate = min(8, max(2, 1 + ceil(lacking / len(chosen) / wider)))
        largest = max(largest, rate)
        made = construction(case, layer, dilation=(rate,) * len(kernel))
        lines.append(instead(case, layer, made))
    names = " and ".join(called(layer) for layer in chosen)
    return Remedy(
        f"Spread the kernels of {names} by a dilation of up to {largest}",
        case.framework,
        "\n".join(lines),
        "nothing in parameters; dilated kernels skip what lies between their taps",
        "the last maps see half of the image or more (S31), and large objects are found",
    )


def _with_context(case: Case, own: list[Layer]) -> Remedy:
    last = own[-1] if own else None
    channels = last.channels if last is not None else 16
    dims = max(1, len(last.positions)) if last is not None else 2
    if case.keras:
        code = f'x = layers.Conv{dims}D({channels}, 3, padding="same", activation="relu")(x)'
    else:
        code = f"context = nn.Conv{dims}d({channels}, {channels}, 3, padding=1)"
    return Remedy(
        "Add a convolution of 3 taps along each side behind "
        + (called(last) if last is not None else "the last one"),
        case.framework,
        code,
        "its parameters",
        "the last maps see more of the image (S31)",
    )


def _halved(case: Case) -> Remedy:
    own = [x for x in convolutions(case) if not x.head]
    first = own[0] if own else None
    dims = max(1, len(first.positions)) if first is not None else 2
    named = called(first) if first is not None else "the first convolution"
    if case.keras:
        code = f"x = layers.MaxPooling{dims}D(2)(x)  # behind {named}"
    else:
        code = f"pool = nn.MaxPool{dims}d(2)  # behind {named}"
    share = percent(1 - 0.5**dims)
    return Remedy(
        f"Halve the maps behind {named}",
        case.framework,
        code,
        f"positions: {share} of them go, and small things with them; a head that reads flattened "
        "maps needs fewer inputs",
        "all layers behind see twice as far",
    )
