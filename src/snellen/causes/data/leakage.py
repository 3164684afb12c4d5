"""C08 leakage."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import audit, held_out_audit
from snellen.causes.measures.recalls import both, gap
from snellen.core import Severity
from snellen.stats import Explanation, HeldOutAudit
from snellen.symptoms.activation.fixed_pattern_maps import FixedPattern
from snellen.symptoms.wording import percent


class Leakage(Cause):
    """The answer leaks in: test images among the training images, or a mark in the images that
    goes with the class.

    ## How it shows
    Held-out images are training images, bit by bit or nearly, and are answered suspiciously well.
    Or the network's evidence lies in a border or a corner, images are alike but for a mark, and
    held-out images without the mark are lost.

    ## What looks similar
    Scripts that evaluate on their training set on purpose: then all images repeat. Plain images
    that resemble each other: so do training images among themselves. Held-out images prepared in
    another way (C07): the evidence then lies on the object. Few images (C01): held-out images are
    answered worse, not lost.

    ## How to be sure
    Take the repeated images out of the held-out set: the score falls. Cover the mark with the
    image's mean: answers fall far more than by covering as much elsewhere.

    ## References
    - Kapoor & Narayanan, Leakage and the Reproducibility Crisis in Machine-learning-based Science,
      2023, https://arxiv.org/abs/2207.07048
    - Geirhos et al., Shortcut Learning in Deep Neural Networks, 2020,
      https://arxiv.org/abs/2004.07780
    - Barz & Denzler, Do We Train on Test Data?, 2020, https://arxiv.org/abs/1902.00423
    """

    code = "C08"
    name = "leakage"
    since = "0.1"
    prior = 0.04
    explains = frozenset(("S42", "S05", "S51", "S49", "S41", "S43", "S50", "S20"))
    alike = ("C07", "C01", "C30", "C06")
    trial = "evaluate without the repeated images, or with the mark covered"

    @clue(Group.DATA, expected=(0.45, 0.006), decisive=True)
    def held_out_images_are_training_images(self, case: Case) -> Sign:
        seen = held_out_audit(case)
        if seen is None or _training_set_itself(seen):
            return UNMEASURED
        copies = _own_copies(case)
        said = (
            f"{seen.repeated} of {seen.images} held-out images are training images, bit by bit"
            f" ({percent(copies)} of training images repeat among themselves)"
        )
        return sign(_exact_repeats(case), said)

    @clue(Group.DATA, expected=(0.2, 0.02))
    def held_out_images_are_near_copies(self, case: Case) -> Sign:
        seen = held_out_audit(case)
        if seen is None or not seen.near_expected < 0.1 or _training_set_itself(seen):
            return UNMEASURED
        share = (seen.repeated + seen.near_repeated) / seen.images
        said = (
            f"{percent(share)} of {seen.images} held-out images are nearly the same as training "
            f"images ({percent(seen.near_expected)} are so among training images)"
        )
        return sign(_near_repeats(case), said)

    @clue(Group.MODES, expected=(0.4, 0.01), decisive=True)
    def evidence_lies_off_the_object(self, case: Case) -> Sign:
        found = case.findings("S51", least=Severity.WARNING)
        if found:
            return sign(True, found[0].evidence.sentence(), "S51")
        if not case.judged("S51") or _repeats(case):
            return UNMEASURED
        return sign(False, _border(case), "S51")

    @clue(Group.ACTIVITY, expected=(0.4, 0.02))
    def images_share_a_picture(self, case: Case) -> Sign:
        found = case.findings("S05", least=Severity.WARNING)
        if not found:
            if not case.judged("S05") or _repeats(case):
                return UNMEASURED
            return sign(False, "no layer's maps show the same picture for all images", "S05")
        seen = found[0].evidence
        known = isinstance(seen, FixedPattern) and np.isfinite(seen.of_input)
        # A pattern of the network's own making is not in the images.
        own = not isinstance(seen, FixedPattern) or not known or seen.of_input > 0.3
        return sign(own, seen.sentence(), "S05", reliability=1.0 if known else 0.5)

    @clue(Group.CLASSES, expected=(0.4, 0.06))
    def training_images_hardly_differ(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or seen.near_duplicates < 0 or seen.images < 50:
            return UNMEASURED
        share = (seen.near_duplicates + max(0, seen.duplicates)) / seen.images
        alike = share > 0.5 and seen.blank < 0.1 * seen.images
        if not alike and _repeats(case):
            return UNMEASURED
        said = (
            f"{percent(share)} of {seen.images} training images nearly agree with an earlier one, "
            "as where all carry the same frame or mark"
        )
        return sign(alike, said)

    @clue(Group.CLASSES, expected=(0.3, 0.01))
    def training_images_alike_and_new_ones_not(self, case: Case) -> Sign:
        seen, new = audit(case), held_out_audit(case)
        if seen is None or new is None or seen.near_duplicates < 0 or _repeats(case):
            return UNMEASURED
        share, other = seen.near_duplicates / seen.images, new.near_repeated / new.images
        said = (
            f"{percent(share)} of the training images nearly agree with an earlier one, and "
            f"{percent(other)} of the held-out ones with a training image"
        )
        return sign(share > 0.5 and other < 0.2 * share, said)

    @clue(Group.LOSS, expected=(0.25, 0.1))
    def known_images_perfect_and_new_ones_lost(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        lost = between.training.skill > 0.9 and between.held_out.skill < 0.3
        if not lost and _repeats(case):
            return UNMEASURED
        return sign(lost, both(between), "S49", "S41")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        if _repeats(case):
            yield _without_repeats(case)
            yield _grouped(case)
        else:
            yield _covered(case)
            yield _cropped(case)


def _training_set_itself(seen: HeldOutAudit) -> bool:
    """The script evaluated its training images as such, for the training accuracy."""
    return seen.repeated > 0.999 * seen.images and seen.training_complete


def _own_copies(case: Case) -> float:
    """Share of training images that are copies of another one."""
    own = audit(case)
    return max(0, own.duplicates) / own.images if own is not None else 0.0


def _exact_repeats(case: Case) -> bool:
    seen = held_out_audit(case)
    if seen is None or seen.repeated < 3 or _training_set_itself(seen):
        return False
    return seen.repeated / seen.images - _own_copies(case) > 0.01


def _near_repeats(case: Case) -> bool:
    seen = held_out_audit(case)
    # Where training images resemble each other the comparison is too coarse.
    if seen is None or not seen.near_expected < 0.1 or seen.near_repeated < 10:
        return False
    return (seen.repeated + seen.near_repeated) / seen.images - 3 * seen.near_expected > 0.2


def _repeats(case: Case) -> bool:
    """Test images in training are what leaks, so that a mark need not be there, too."""
    return _exact_repeats(case) or _near_repeats(case)


def _border(case: Case) -> str:
    last = case.subject.last("", Explanation)
    if last is None or not np.isfinite([last.value.border, last.value.border_area]).all():
        return "the evidence does not avoid the object"
    return (
        f"{percent(last.value.border)} of the evidence lies in the outer eighth of the image, "
        f"which is {percent(last.value.border_area)} of it"
    )


def _without_repeats(case: Case) -> Remedy:
    seen = held_out_audit(case)
    number = f"the {seen.repeated} " if seen is not None and seen.repeated else "the "
    array = "" if case.keras else ".numpy()"
    code = (
        f"known = {{image.tobytes() for image in training_images{array}}}\n"
        f"new = [i for i, image in enumerate(test_images{array}) if image.tobytes() not in known]\n"
        "test_images, test_labels = test_images[new], test_labels[new]"
    )
    return Remedy(
        f"Take {number}repeated images out of the held-out set",
        case.framework,
        code,
        "a smaller held-out set, and a lower, honest score",
        "S42 finds no repeats; the score on what is left is the one to report",
    )


def _grouped(case: Case) -> Remedy:
    code = (
        "from sklearn.model_selection import GroupShuffleSplit\n\n"
        "# groups: for each image the object, patient or file that it was made from\n"
        "split = GroupShuffleSplit(1, test_size=0.2, random_state=0)\n"
        "training, test = next(split.split(images, labels, groups))"
    )
    return Remedy(
        "Split by what the images were made from, before any augmentation or copying",
        case.framework,
        code,
        "the list of groups has to be made",
        "S42 finds no repeats, near ones included",
    )


def _margin(case: Case) -> int:
    shape = case.subject.facts.get("image_shape")
    sides = shape[1:] if isinstance(shape, list) and len(shape) > 2 else []  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    known = [side for side in sides if isinstance(side, int) and side > 0]  # pyright: ignore[reportUnknownVariableType]
    return max(1, -(-min(known, default=8) // 8))


def _covered(case: Case) -> Remedy:
    margin = _margin(case)
    inner = f"{margin}:-{margin}, {margin}:-{margin}"
    if case.keras:
        code = (
            "covered = np.full_like(images, images.mean())\n"
            f"covered[:, {inner}, :] = images[:, {inner}, :]"
        )
    else:
        code = (
            "covered = torch.full_like(images, images.mean().item())\n"
            f"covered[:, :, {inner}] = images[:, :, {inner}]"
        )
    return Remedy(
        f"Cover the outer {margin} pixels of every image by the mean, and train again",
        case.framework,
        code,
        "objects that reach into the border",
        "training takes longer, evidence lies inside (S51), and held-out images are answered",
    )


def _cropped(case: Case) -> Remedy:
    margin = _margin(case)
    if case.keras:
        code = f"x = layers.Cropping2D({margin})(inputs)  # the first layer"
    else:
        code = f"images = images[:, :, {margin}:-{margin}, {margin}:-{margin}]"
    return Remedy(
        f"Crop {margin} pixels off each side, where the mark is in the border",
        case.framework,
        code,
        f"images smaller by {2 * margin} pixels; dense layers behind a flattening change size",
        "as above; if the score stays, the mark is elsewhere: cover parts one by one",
    )
