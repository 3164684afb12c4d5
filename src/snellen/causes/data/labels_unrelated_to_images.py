"""C06 labels-unrelated-to-images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import moved
from snellen.causes.measures.images import audit, per_class, roughness, shift
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import both, gap, training_score
from snellen.causes.measures.soundness import came_apart
from snellen.core import Finding, Severity
from snellen.record import Clock
from snellen.stats import MaskFit
from snellen.symptoms.data.labels_without_signal import OnlyByHeart
from snellen.symptoms.wording import amount, percent

BY_HEART = 0.3
"""Skill on training images that is no chance: something was learnt, if only by heart."""
STRUCTURE = ("S33", "S47", "S30", "S31", "S34")
"""What keeps a network from reading any labels: coarse maps, no activation, a stride that skips
pixels, a small field, a dense layer on all pixels."""
BEGINNINGS = ("S08", "S09", "S10", "S52", "S60")
ENOUGH_MASKS = 12
"""Masks by which it can be told whether they lie on their images."""
TURNED = 0.25
"""Share of them that would fit better turned, from which on it is no chance: flips of every second
image make it a half."""
WHITE = 1.05
"""Roughness along the smoothest axis from which on an image is white noise (1.13)."""


class LabelsUnrelatedToImages(Cause):
    """Labels that belong to other images, or to nothing that the images show.

    ## How it shows
    The network is sound and its weights move, yet it stays at chance; or it learns training images
    by heart, late, and held-out ones stay at chance. A simple reader of the untrained network's
    maps finds the labels no better than shuffled ones. Masks that were not flipped and turned with
    their images would fit them better if they were.

    ## What looks similar
    A dead network (C20, C10) is at chance, too: its channels are silent. A rate too low (C21), a
    deep stack of sigmoids (C11) and zero initialisation (C10) are at chance because weights
    hardly move or the signal is lost before the first step. Few images (C01) leave held-out images
    above chance. A network that can't read them: pooled before it looks (C13), without activation
    (C18). Held-out images prepared in another way (C07) are at chance although the labels
    are right: pixel statistics tell. A part of the labels wrong: C03.

    ## How to be sure
    Look at twenty training images as they reach the network with their labels. Train on one batch:
    it is learnt by heart. Shuffle the labels: nothing gets worse.

    ## References
    - Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017,
      https://arxiv.org/abs/1611.03530
    - Ojala & Garriga, Permutation Tests for Studying Classifier Performance, 2010,
      https://www.jmlr.org/papers/v11/ojala10a.html
    """

    code = "C06"
    name = "labels-unrelated-to-images"
    since = "0.1"
    prior = 0.05
    explains = frozenset(
        ("S43", "S46", "S49", "S15", "S16", "S17", "S18", "S20", "S23", "S25", "S48", "S50", "S12")
    )
    alike = ("C20", "C10", "C11", "C21", "C01", "C07", "C13", "C18", "C03")
    trial = "shuffle the labels and train again: nothing gets worse"

    @clue(Group.MODES, expected=(0.6, 0.01), decisive=True)
    def training_images_known_and_new_ones_guessed(self, case: Case) -> Sign:
        between, prepared, each = gap(case), shift(case), per_class(case)
        if between is None or between.training.skill <= BY_HEART:
            return UNMEASURED
        new = between.held_out
        guessed = new.at_chance and (new.skill < 0.1 or new.value < new.chance + new.error)
        alike = prepared is None or prepared.size <= 1
        # A handful of images is learnt by heart whatever the labels.
        sure = 0.6 if each is not None and each <= 50 else 1.0
        return sign(guessed and alike, both(between), reliability=sure)

    @clue(Group.MODES, expected=(0.03, 0.4))
    def held_out_images_answered(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.held_out.skill > 0.2 and not between.held_out.at_chance, both(between))

    @clue(Group.DATA, expected=(0.7, 0.07))
    def labels_unreadable(self, case: Case) -> Sign:
        found = case.findings("S43")
        if found and isinstance(found[0].evidence, OnlyByHeart):
            # The clue above reads the same answers.
            return UNMEASURED
        if found:
            return sign(True, found[0].evidence.sentence(), "S43")
        if not case.judged("S43"):
            return UNMEASURED
        said = "labels are found better than shuffled ones, by the network or a simple reader"
        between = gap(case)
        # Where new images are not answered, it was the simple reader, which is lucky at times.
        learnt = between is not None and not between.held_out.at_chance
        return sign(False, said, "S43", reliability=1.0 if learnt else 0.4)

    @clue(Group.DATA, expected=(0.15, 0.02))
    def images_are_white_noise(self, case: Case) -> Sign:
        seen = roughness(case)
        if seen is None:
            return UNMEASURED
        said = f"neighbouring pixels differ by {seen.least:.2f} standard deviations (noise: 1.13)"
        return sign(seen.least > WHITE, said)

    @clue(Group.DATA, expected=(0.2, 0.002), decisive=True)
    def masks_would_fit_turned(self, case: Case) -> Sign:
        seen = _mask_fit(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"{seen.turned} of {seen.telling} masks fit their images clearly better when they are "
            f"flipped or turned (by {seen.gain:.2f} of the variance, in the mean over all)"
        )
        return sign(_turned(seen), said)

    @clue(Group.CLASSES, expected=(0.5, 0.09))
    def at_chance_though_weights_move(self, case: Case) -> Sign:
        score, sizes, seen = training_score(case), moved(case), deaths(case)
        if score is None or not sizes or score.skill > BY_HEART:
            return UNMEASURED
        silent = 0.0 if seen is None else seen.last
        most = max(sizes.values())
        said = (
            f"recall on training images is {score.value:.2f} (guessing: {score.chance:.2f}); "
            f"weights moved by up to {percent(most)}, {percent(silent)} of the channels are silent"
        )
        return sign(_at_chance(case) and most > 0.02 and silent < 0.4, said)

    @clue(Group.UPDATES, expected=(0.75, 0.05))
    def nothing_else_is_amiss(self, case: Case) -> Sign:
        score, course = training_score(case), losses(case)
        if score is None or course is None or not (_at_chance(case) and course.left > 0.9):
            return UNMEASURED
        # Large first steps, and some channels that fall silent, keep no network from learning.
        seen = deaths(case)
        meant = self.explains | {"S22"}
        if seen is None or seen.last < 0.4:
            meant |= {"S01", "S02"}
        loud = {
            v.code
            for v in case.verdicts
            if isinstance(v, Finding) and v.severity is not Severity.NOTE
        }
        other = sorted(loud - meant)
        if other:
            return sign(False, f"the training shows {', '.join(other)} as well")
        said = "nothing was learnt, and no layer, step or gradient shows why"
        return sign(True, said, *sorted(loud & self.explains))

    @clue(Group.LOSS, expected=(0.9, 0.5))
    def loss_rests_at_that_of_guessing(self, case: Case) -> Sign:
        course = losses(case)
        if course is None or not np.isfinite([course.left, course.spike]).all():
            return UNMEASURED
        if course.left < 0.95:
            # Something is being learnt, if only by heart.
            return UNMEASURED
        said = (
            f"the loss ended at {percent(course.left)} of that of guessing, and rose to "
            f"{amount(course.spike)} times its start at most"
        )
        return sign(course.left < 1.05 and course.spike < 1.15, said)

    @clue(Group.WEIGHTS, expected=(0.05, 0.15))
    def weights_hardly_moved(self, case: Case) -> Sign:
        sizes = moved(case)
        if not sizes:
            return UNMEASURED
        most = max(sizes.values())
        return sign(most < 0.01, f"no layer's weights moved by more than {percent(most)}")

    @clue(Group.DEPTH, expected=(0.08, 0.3))
    def signal_lost_before_the_first_step(self, case: Case) -> Sign:
        if not any(case.judged(code) for code in BEGINNINGS):
            return UNMEASURED
        early = [
            f
            for f in case.findings(*BEGINNINGS, least=Severity.WARNING)
            if f.step is None or f.step <= 1
        ]
        if early:
            return sign(True, early[0].evidence.sentence())
        return sign(False, "the signal went through the network well before the first step")

    @clue(Group.CONFIGURATION, expected=(0.06, 0.3))
    def network_could_not_see_them(self, case: Case) -> Sign:
        if not any(case.judged(code) for code in STRUCTURE):
            return UNMEASURED
        seen = case.findings(*STRUCTURE, least=Severity.WARNING)
        if seen:
            return sign(True, seen[0].evidence.sentence())
        return sign(False, "the network's strides, pools and activations leave the image readable")

    @clue(Group.TIMELINE, expected=(0.03, 0.08))
    def batches_come_sorted(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or not seen.shuffled_entropy > 0:
            return UNMEASURED
        share = seen.label_entropy / seen.shuffled_entropy
        said = f"a batch's labels have {percent(share)} of the entropy of a random order"
        return sign(share < 0.6, said)

    @clue(Group.ACTIVITY, expected=(0.05, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = _mask_fit(case)
        if seen is not None and _turned(seen):
            yield _turned_together(case)
        yield _one_order(case)
        yield _looked_at(case)


def _mask_fit(case: Case) -> MaskFit | None:
    """`None` where too few masks tell."""
    last = case.subject.last("", MaskFit, "", Clock.INLINE)
    return last.value if last is not None and last.value.telling >= ENOUGH_MASKS else None


def _turned(seen: MaskFit) -> bool:
    return seen.turned > TURNED * seen.telling


def _at_chance(case: Case) -> bool:
    """Nothing that holds for new images was learnt, though some training images may be known."""
    score, between = training_score(case), gap(case)
    if score is None:
        return False
    guessed = between is not None and between.held_out.at_chance and score.skill <= BY_HEART
    return score.skill < 0.15 or guessed


def _one_order(case: Case) -> Remedy:
    if case.keras:
        code = (
            "order = np.random.default_rng(0).permutation(len(images))\n"
            "images, labels = images[order], labels[order]  # one order for both\n"
            "# tf.data: tf.data.Dataset.from_tensor_slices((images, labels)), zipped before shuffle"
        )
    else:
        code = (
            "order = torch.randperm(len(images))\n"
            "images, labels = images[order], labels[order]  # one order for both\n"
            "dataset = torch.utils.data.TensorDataset(images, labels)\n"
            "loader = torch.utils.data.DataLoader(dataset, batch_size=32, shuffle=True)"
        )
    return Remedy(
        "Take each image and its label out of one place by one index, and shuffle only the pairs",
        case.framework,
        code,
        "nothing",
        "held-out images are answered above chance, and S43 finds a signal",
    )


def _turned_together(case: Case) -> Remedy:
    if case.keras:
        code = (
            "flip = keras.layers.RandomFlip()\n"
            "both = keras.ops.concatenate([images, masks], axis=-1)  # flipped and turned as one\n"
            "both = flip(both, training=True)\n"
            "images, masks = both[..., : images.shape[-1]], both[..., images.shape[-1] :]"
        )
    else:
        code = (
            "turns = int(torch.randint(4, ()))\n"
            "images = torch.rot90(images, turns, dims=(-2, -1))\n"
            "masks = torch.rot90(masks, turns, dims=(-2, -1))  # by the same number"
        )
    return Remedy(
        "Flip and turn each mask with its image, by one random number",
        case.framework,
        code,
        "nothing",
        "masks fit best as they are, and the loss falls well below that of guessing",
    )


def _looked_at(case: Case) -> Remedy:
    seen = audit(case)
    number = min(20, seen.images) if seen is not None else 20
    image = "images[i].squeeze()" if case.keras else "images[i].permute(1, 2, 0).squeeze()"
    code = (
        "import matplotlib.pyplot as plt\n\n"
        f"for i in range({number}):  # a batch as it enters the network\n"
        f"    plt.subplot(4, 5, i + 1, title=str(labels[i]))\n"
        f"    plt.imshow({image})\n"
        "plt.show()"
    )
    return Remedy(
        f"Look at {number} images of a batch with their labels, behind all of the preparation",
        case.framework,
        code,
        "a minute",
        "each label names what its image shows; if not, the step that parts them is to be found",
    )
