"""C13 early-downsampling."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.layout import convolutions, image_side, last_ending, layout
from snellen.causes.measures.losses import losses
from snellen.causes.rewriting import called, construction, instead
from snellen.core import Layer, Window, WindowKind
from snellen.symptoms.answers import gap, training_score
from snellen.symptoms.spatial.maps_too_coarse import Collapse
from snellen.symptoms.wording import percent

SMALL_IMAGE = 64
POOLS = (WindowKind.MAX_POOL, WindowKind.AVERAGE_POOL)


class EarlyDownsampling(Cause):
    """Strides or pooling throw detail away before anything has looked at it.

    ## How it shows
    The first layer, or the pooling before it, steps over several pixels of a small image at once.
    What is finer than a step is lost: small objects are missed, textures look all alike, and
    answers change when the image moves by a pixel. Everything behind works as it should.

    ## What looks similar
    Labels that do not belong to the images (C06) also leave nothing to be found, but at any
    resolution. A network too small (C12) looks at all the detail and can't hold it. A stride larger
    than its kernel (C16) skips pixels, where an early stride only blurs them together. Large
    images can afford a large first stride.

    ## How to be sure
    Train again with stride 1 in the first layer, or with images enlarged to twice their size: small
    objects are found that were not, large ones as before.

    ## References
    - Richter et al., Should You Go Deeper?, 2021, https://arxiv.org/abs/2106.12307
    - Zhang, Making Convolutional Networks Shift-Invariant Again, 2019,
      https://arxiv.org/abs/1904.11486
    """

    code = "C13"
    name = "early-downsampling"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S33", "S28", "S17", "S20", "S43", "S46", "S48", "S50", "S16", "S13"))
    alike = ("C16", "C12", "C06", "C04")
    trial = "train again with stride 1 in the first layer and without the pooling before it"

    @clue(Group.CONFIGURATION, expected=(0.85, 0.04))
    def first_layer_steps_far(self, case: Case) -> Sign:
        step, side = _first_step(case), image_side(case)
        if step is None or side is None:
            return UNMEASURED
        most = 2 if side <= SMALL_IMAGE else 4
        said = (
            f"the first maps have one position for every {step:.3g} pixels along a side of {side} "
            f"(usual for images of that size: at most {most})"
        )
        return sign(step > most, said)

    @clue(Group.CONFIGURATION, expected=(0.04, 0.6))
    def first_layer_reads_every_pixel(self, case: Case) -> Sign:
        step = _first_step(case)
        if step is None:
            return UNMEASURED
        return sign(step <= 1, f"the first maps have one position for every {step:.3g} pixels")

    @clue(Group.DEPTH, expected=(0.8, 0.03))
    def maps_are_too_coarse(self, case: Case) -> Sign:
        if not case.judged("S33"):
            return UNMEASURED
        bad = case.findings("S33")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S33")
        return sign(False, "no layer's maps are too coarse for the image")

    @clue(Group.DEPTH, expected=(0.35, 0.06))
    def convolutions_on_single_positions(self, case: Case) -> Sign:
        if layout(case) is None:
            return UNMEASURED
        kept = [f for f in case.findings("S33") if isinstance(f.evidence, Collapse)]
        lone = [x for x in convolutions(case) if _alone(x)]
        said = f"{len(lone)} of {len(convolutions(case))} convolutions read maps of one position"
        return sign(bool(kept) or len(lone) > 1, said)

    @clue(Group.DEPTH, expected=(0.5, 0.15))
    def half_of_the_reduction_at_once(self, case: Case) -> Sign:
        step, ending = _first_step(case), last_ending(case)
        if step is None or ending is None or ending[1].jump < 2:
            return UNMEASURED
        share = float(np.log(max(step, 1.0)) / np.log(ending[1].jump))
        said = (
            f"the first layer does {percent(min(share, 1.0))} of the halvings down to the last maps"
        )
        return sign(share >= 0.6, said, reliability=0.7)

    @clue(Group.LOSS, expected=(0.15, 0.45))
    def nothing_was_learnt(self, case: Case) -> Sign:
        course, own = losses(case), training_score(case.subject)
        if course is None or not np.isfinite(course.left):
            return UNMEASURED
        said = f"the training loss ended at {percent(max(course.left, 0.0))} of that of guessing"
        if own is not None:
            said += f", and recall on training images is {own.value:.2f}"
        # Coarse maps still tell much of what they hold.
        return sign(course.left > 0.97 and (own is None or own.skill < 0.1), said)

    @clue(Group.CLASSES, expected=(0.5, 0.06))
    def answers_move_with_a_pixel(self, case: Case) -> Sign:
        if not case.judged("S28"):
            return UNMEASURED
        bad = case.findings("S28")
        if bad:
            return sign(True, bad[0].evidence.sentence(), "S28")
        return sign(False, "answers stay when the image moves by a pixel")

    @clue(Group.DATA, expected=(0.05, 0.25))
    def training_images_known_by_heart(self, case: Case) -> Sign:
        between = gap(case.subject, at_least=50)
        if between is None:
            return UNMEASURED
        said = (
            f"macro recall is {between.training.value:.2f} on training images and "
            f"{between.held_out.value:.2f} on held-out ones"
        )
        return sign(between.surely > 0.2, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        first = next(iter(convolutions(case)), None)
        if first is None:
            yield _enlarged(case, 2)
            return
        step = _first_step(case) or 2.0
        yield _finer(case, first, step)
        yield _enlarged(case, max(2, round(step / 2)))


def _finer(case: Case, first: Layer, step: float) -> Remedy:
    pools = [w for path in first.paths for w in path if w.kind in POOLS]
    strides = first.window.stride if first.window is not None else ()
    kernel = tuple(max(3, k | 1) for k in first.weight_shape[2:]) or (3,)
    ones = (1,) * len(kernel)
    pad = tuple((k - 1) // 2 for k in kernel)
    made = construction(case, first, kernel=kernel, stride=ones, padding=pad)
    lines: list[str] = []
    orders: list[str] = []
    if any(s > 1 for s in strides) or not pools:
        orders.append(f"stride 1 instead of {max(strides, default=1)} in {called(first)}")
    if pools:
        sizes = " and ".join(_size(w) for w in pools)
        lines.append(f"# remove the pooling ({sizes}) before {first.name}")
        orders.append(f"no pooling before {called(first)}")
    # What was one step of four is two of two, the first of them behind the convolution.
    lines += _halved(case, first, made) if step >= 4 else [instead(case, first, made)]
    grown = step / 2 if step >= 4 else step
    return Remedy(
        f"Read every pixel first: {' and '.join(orders)}",
        case.framework,
        "\n".join(lines),
        f"maps {max(1.0, grown):.3g} times as fine along a side, with more memory and time; a head "
        "that reads flattened maps needs more inputs",
        "small objects and fine textures are told apart; answers stay when the image moves by a "
        "pixel (S28)",
    )


def _halved(case: Case, first: Layer, made: str) -> list[str]:
    dims = max(1, len(first.weight_shape) - 2)
    if case.keras:
        return [instead(case, first, made), f"x = layers.MaxPooling{dims}D(2)(x)"]
    return [instead(case, first, f"nn.Sequential({made}, nn.MaxPool{dims}d(2))")]


def _enlarged(case: Case, times: int) -> Remedy:
    if case.keras:
        dims = _dimensions(case)
        code = f"x = layers.UpSampling{dims}D({times})(inputs)  # before the first layer"
    else:
        code = f"images = torch.nn.functional.interpolate(images, scale_factor={times})"
    return Remedy(
        f"Feed images {times} times as large",
        case.framework,
        code,
        f"about {times * times} times the time for each step",
        "what is small is found; the network stays as it is",
    )


def _first_step(case: Case) -> float | None:
    """Pixels from one position of the first convolution's maps to the next."""
    seen = layout(case)
    if seen is None:
        return None
    steps = [
        seen.sights[layer.name].jump
        for layer in convolutions(case)
        if not layer.inputs and layer.name in seen.sights
    ]
    return min(steps, default=None)


def _alone(layer: Layer) -> bool:
    """A kernel of several taps slides over maps of one position."""
    taps = int(np.prod(layer.weight_shape[2:] or (1,)))
    return taps > 1 and layer.window is not None and set(layer.window.positions) == {1}


def _size(window: Window) -> str:
    return "×".join(str(k) for k in window.kernel) or "global"


def _dimensions(case: Case) -> int:
    seen = layout(case)
    return len(seen.image) if seen is not None and 1 <= len(seen.image) <= 3 else 2
