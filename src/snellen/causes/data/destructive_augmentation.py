"""C35 destructive-augmentation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import audit, held_out_audit, shift
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import both, gap, pairs, told, training_score
from snellen.causes.measures.soundness import came_apart
from snellen.core import Severity
from snellen.symptoms.wording import amount, percent


class DestructiveAugmentation(Cause):
    """Augmentation so strong that training images no longer show their class.

    ## How it shows
    Training images as they reach the network look unlike held-out ones (other deviation, clipped or
    erased parts, more noise), and are answered worse than those, or both badly. The training loss
    stays high from the first epoch to the last, and nothing else is wrong with the network. Where a
    flip or a turn makes one class look like another, all classes fall into pairs that are taken for
    each other.

    ## What looks similar
    Held-out images prepared in another way (C07): training images are answered well, held-out ones
    badly. Wrong labels (C03): the images of both sets look the same. A small network (C12), strong
    decay (C22) and strong dropout (C25): the sets look the same, too. Poor images (C04): both sets
    are poor. Moderate augmentation is a good thing: held-out images are then answered well.

    ## How to be sure
    Train with the augmentation off, or at a third of its strength: the training loss falls clearly
    and held-out recall rises.

    ## References
    - Shorten & Khoshgoftaar, A survey on Image Data Augmentation for Deep Learning, 2019,
      https://doi.org/10.1186/s40537-019-0197-0
    - Cubuk et al., RandAugment: Practical automated data augmentation with a reduced search space,
      2020, https://arxiv.org/abs/1909.13719
    """

    code = "C35"
    name = "destructive-augmentation"
    since = "0.1"
    prior = 0.025
    explains = frozenset(("S41", "S48", "S46", "S25", "S43", "S20", "S44", "S40", "S17", "S23"))
    alike = ("C07", "C03", "C12", "C25", "C04")
    trial = "train with the augmentation switched off"

    @clue(Group.DATA, expected=(0.8, 0.06))
    def sets_told_apart(self, case: Case) -> Sign:
        seen = held_out_audit(case)
        if seen is None or not np.isfinite(seen.separability):
            return UNMEASURED
        surely = seen.separability - 1.645 * seen.separability_error
        said = (
            "simple pixel statistics tell training from held-out images with an AUC of "
            f"{seen.separability:.2f} (0.5: not at all)"
        )
        return sign(seen.separability > 0.65 and surely > 0.55, said)

    @clue(Group.DATA, expected=(0.5, 0.05))
    def training_images_changed_in_contrast(self, case: Case) -> Sign:
        seen = shift(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"training images have mean {amount(seen.training_mean)} and deviation "
            f"{amount(seen.training_deviation)}, held-out ones {amount(seen.mean)} and "
            f"{amount(seen.deviation)}"
        )
        return sign(seen.size > 0.15, said)

    @clue(Group.MODES, expected=(0.5, 0.05))
    def held_out_images_answered_better(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        surely = -between.size - between.error
        return sign(between.size < -0.03 and surely > 0, both(between))

    @clue(Group.MODES, expected=(0.1, 0.3))
    def training_images_known_and_new_ones_not(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        wide = between.training.skill > 0.8 and between.surely > 0.1
        return sign(wide, both(between))

    @clue(Group.CLASSES, expected=(0.1, 0.45))
    def training_images_learnt(self, case: Case) -> Sign:
        seen = training_score(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.skill > 0.85, f"recall on training images is {seen.value:.2f}")

    @clue(Group.LOSS, expected=(0.7, 0.35))
    def loss_stays_up(self, case: Case) -> Sign:
        course = losses(case)
        if course is None or not np.isfinite(course.left):
            return UNMEASURED
        said = f"the training loss ended at {percent(max(course.left, 0.0))} of that of guessing"
        return sign(course.left > 0.3, said)

    @clue(Group.TIMELINE, expected=(0.3, 0.06))
    def parts_erased_or_clipped(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or not len(seen.at_minimum):
            return UNMEASURED
        low, high = float(np.mean(seen.at_minimum)), float(np.mean(seen.at_maximum))
        said = (
            f"{percent(low)} of the pixels stand at the least value, {percent(high)} at the "
            f"largest, and {percent(seen.blank / seen.images)} of the images are blank"
        )
        many = low > 0.75 or high > 0.25 or seen.blank > 0.02 * seen.images
        return sign(many, said)

    @clue(Group.CLASSES, expected=(0.15, 0.005), decisive=True)
    def classes_are_taken_for_each_other(self, case: Case) -> Sign:
        seen = pairs(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.all_in_pairs, told(seen))

    @clue(Group.MODES, expected=(0.3, 0.05))
    def sure_answers_contradict_labels(self, case: Case) -> Sign:
        found = case.findings("S44", least=Severity.WARNING)
        if not found:
            return UNMEASURED
        return sign(True, found[0].evidence.sentence(), "S44")

    @clue(Group.ACTIVITY, expected=(0.06, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        if case.keras:
            code = (
                "augment = keras.Sequential([\n"
                "    layers.RandomTranslation(0.1, 0.1),\n"
                "    layers.RandomRotation(0.03),\n"
                "])"
            )
        else:
            code = (
                "from torchvision.transforms import v2\n\n"
                "augment = v2.RandomAffine(degrees=10, translate=(0.1, 0.1))"
            )
        yield Remedy(
            "Keep shifts of a tenth of the side and turns of 10 degrees alone, and drop the rest",
            case.framework,
            code,
            "less variety: watch the gap to held-out images (S49)",
            "the training loss falls clearly in the first epochs, and held-out recall rises",
        )
        yield Remedy(
            "Look at 20 training images as they enter the network",
            case.framework,
            _looked_at(case),
            "a minute",
            "a person can name the class of nearly all of them; raise the strength until not",
        )


def _looked_at(case: Case) -> str:
    image = "images[i].squeeze()" if case.keras else "images[i].permute(1, 2, 0).squeeze()"
    return (
        "import matplotlib.pyplot as plt\n\n"
        "for i in range(20):  # a batch, behind the augmentation\n"
        "    plt.subplot(4, 5, i + 1, title=str(labels[i]))\n"
        f"    plt.imshow({image})\n"
        "plt.show()"
    )
