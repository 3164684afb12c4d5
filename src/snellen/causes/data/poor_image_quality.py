"""C04 poor-image-quality."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import audit, per_class, roughness
from snellen.causes.measures.recalls import both, gap
from snellen.causes.measures.soundness import came_apart
from snellen.symptoms.wording import percent

GRAINY = 0.7
"""Roughness along the smoothest axis that pictures do not reach: 0.2 to 0.65 in the gallery."""
SMOOTH = 0.06


class PoorImageQuality(Cause):
    """Noise, blur or clipping in the images hides what tells the classes apart.

    ## How it shows
    Neighbouring pixels differ nearly as much as any two pixels (grain), or hardly at all (blur), or
    many pixels stand at the largest value. The network learns something, and held-out images are
    answered above chance and clearly worse than training images; first filters look like noise.

    ## What looks similar
    Labels that have nothing to do with the images (C06): nothing at all is learnt for new images.
    Few images (C01) and wrong labels (C03): the images themselves are clear. A wrong range (C05) is
    a matter of scale, which roughness does not depend on. Noise that augmentation adds (C35) is in
    training images alone.

    ## How to be sure
    Add the same noise or blur to clean images, in three strengths: the same symptom grows with it.
    Filter the images, or use a better source: it recedes.

    ## References
    - Dodge & Karam, Understanding How Image Quality Affects Deep Neural Networks, 2016,
      https://arxiv.org/abs/1604.04004
    - Hendrycks & Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
      Perturbations, 2019, https://arxiv.org/abs/1903.12261
    """

    code = "C04"
    name = "poor-image-quality"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S25", "S49", "S48", "S23", "S17", "S50", "S44"))
    alike = ("C06", "C01", "C03", "C05", "C35")
    trial = "train on images that were filtered, or taken anew, and compare the held-out recall"

    @clue(Group.DATA, expected=(0.65, 0.04))
    def images_are_grainy(self, case: Case) -> Sign:
        seen = roughness(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"neighbouring pixels differ by {seen.least:.2f} standard deviations or more along "
            f"each axis (pictures: below {GRAINY:g}; white noise: 1.13)"
        )
        return sign(seen.least > GRAINY, said)

    @clue(Group.DATA, expected=(0.25, 0.04))
    def images_are_smooth(self, case: Case) -> Sign:
        seen = roughness(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"neighbouring pixels differ by at most {seen.most:.2f} standard deviations along any "
            f"axis (blurred, or large and plain: below {SMOOTH:g})"
        )
        return sign(seen.most < SMOOTH, said)

    @clue(Group.DATA, expected=(0.15, 0.03))
    def images_are_clipped(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or not np.isfinite(seen.at_maximum).all() or not len(seen.at_maximum):
            return UNMEASURED
        share = float(seen.at_maximum.mean())
        said = f"{percent(share)} of all pixels stand at the largest value (clipped: from 30%)"
        return sign(share > 0.3, said)

    @clue(Group.MODES, expected=(0.6, 0.15))
    def held_out_images_worse(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        worse = between.surely > 0.03 and not between.held_out.at_chance
        return sign(worse, both(between), "S49")

    @clue(Group.MODES, expected=(0.1, 0.3))
    def held_out_images_no_better_than_guessed(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.held_out.at_chance, both(between))

    @clue(Group.WEIGHTS, expected=(0.35, 0.1))
    def first_filters_look_like_noise(self, case: Case) -> Sign:
        found = case.findings("S25")
        if found:
            return sign(True, found[0].evidence.sentence(), "S25")
        if not case.judged("S25"):
            return UNMEASURED
        return sign(False, "the first layer's filters are smoother than noise", "S25")

    @clue(Group.CLASSES, expected=(0.15, 0.1))
    def few_images_of_each_class(self, case: Case) -> Sign:
        each = per_class(case)
        if each is None:
            return UNMEASURED
        return sign(each <= 50, f"there are about {each:.0f} training images of each class")

    @clue(Group.ACTIVITY, expected=(0.06, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = roughness(case)
        if seen is not None and seen.most < SMOOTH:
            yield _sharpened(case)
            yield _filtered(case)
        else:
            yield _filtered(case)
            yield _averaging_stem(case)


def _filtered(case: Case) -> Remedy:
    axes = "(0, 1, 1, 0)" if case.keras else "(0, 0, 1, 1)"
    code = (
        "from scipy.ndimage import median_filter\n\n"
        f"images = median_filter(images, size={axes.replace('1', '3').replace('0', '1')})"
        "  # NumPy, before training; the same for held-out images"
    )
    return Remedy(
        "Take the median of 3 × 3 pixels of every image, held-out ones too",
        case.framework,
        code,
        "details of one or two pixels",
        "the gap to held-out images narrows; with a stronger filter recall should peak, then fall",
    )


def _averaging_stem(case: Case) -> Remedy:
    if case.keras:
        code = (
            'x = layers.AveragePooling2D(2, strides=1, padding="same")(inputs)  # the first layer'
        )
    else:
        code = "model = torch.nn.Sequential(torch.nn.AvgPool2d(3, stride=1, padding=1), model)"
    return Remedy(
        "Average neighbouring pixels before the first convolution",
        case.framework,
        code,
        "fine detail; nothing in speed",
        "first filters are smoother (S25), and held-out recall rises",
    )


def _sharpened(case: Case) -> Remedy:
    sigma = "(0, 2, 2, 0)" if case.keras else "(0, 0, 2, 2)"
    code = (
        "from scipy.ndimage import gaussian_filter\n\n"
        f"images = images + 1.5 * (images - gaussian_filter(images, {sigma}))"
        "  # NumPy, before training; the same for held-out images"
    )
    return Remedy(
        "Sharpen every image by an unsharp mask of 2 pixels, or take sharper ones",
        case.framework,
        code,
        "noise is raised as well",
        "held-out recall rises; if not, what tells classes apart is lost and only new images help",
    )
