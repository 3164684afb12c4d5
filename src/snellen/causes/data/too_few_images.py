"""C01 too-few-images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import per_class, set_size, shift
from snellen.causes.measures.labels import classes
from snellen.causes.measures.recalls import both, gap, rare, training_score
from snellen.causes.measures.soundness import came_apart
from snellen.symptoms.facts import loaded
from snellen.symptoms.wording import count

ENOUGH = 50.0
"""Training images per class from which on S55 no longer asks for more."""
ENOUGH_IN_ALL = 200
"""Training images, of however few classes, up to which a network hardly sees what varies."""
HARDLY_ANY = 20.0


class TooFewImages(Cause):
    """So few training images, of all classes or of one, that they do not show what new ones look
    like.

    ## How it shows
    Training images are answered almost all rightly, held-out ones far less often, and the fewer of
    a class there are, the worse it fares. The maps are sound: nothing is dead, the loss is low.
    Where not even the training images are learnt, the count alone tells.

    ## What looks similar
    Held-out images prepared in another way (C07) are answered badly however many training images
    there are; pixel statistics tell the two apart. Labels that have nothing to do with the images
    (C06) leave held-out images at chance, where few images leave them above it. A rare class (C02)
    is answered badly on its training images, too. A network that came apart (C20, C10) does not
    know its training images.

    ## How to be sure
    Train on a quarter, a half and all of the images, three subsets of each size: if the held-out
    error still falls steeply from half to all, more images help. If it is flat, they do not.

    ## References
    - Hestness et al., Deep Learning Scaling is Predictable, Empirically, 2017,
      https://arxiv.org/abs/1712.00409
    - Yosinski et al., How transferable are features in deep neural networks?, 2014,
      https://arxiv.org/abs/1411.1792
    """

    code = "C01"
    name = "too-few-images"
    since = "0.1"
    prior = 0.06
    explains = frozenset(("S55", "S49", "S43", "S16", "S23", "S25"))
    alike = ("C02", "C07", "C06", "C08", "C03")
    trial = "train on a quarter, a half and all of the images, and compare the held-out errors"

    @clue(Group.DATA, expected=(0.93, 0.03), decisive=True)
    def few_images_of_each_class(self, case: Case) -> Sign:
        each, images = per_class(case), set_size(case)
        if each is None or images is None:
            return UNMEASURED
        counted = classes(case)
        shared = "" if counted is None else f", {each:.0f} for each class on average"
        said = (
            f"there are {count(images, 'training image')}{shared} (few: at most {ENOUGH:.0f} a "
            f"class, or {ENOUGH_IN_ALL} in all)"
        )
        few = each <= ENOUGH or images <= ENOUGH_IN_ALL
        if loaded(case.subject):
            # Weights of an earlier training know much already.
            few = each <= HARDLY_ANY
        if not few and (rarest := _rarest(case)) is not None and rarest < HARDLY_ANY:
            # It is one class that lacks images, and the mean hides it.
            return UNMEASURED
        return sign(few, said)

    @clue(Group.CLASSES, expected=(0.6, 0.06))
    def a_class_has_hardly_any(self, case: Case) -> Sign:
        counted, own = classes(case), _rarest(case)
        if counted is None or own is None:
            return UNMEASURED
        said = (
            f"class {counted.rarest} has about {count(own, 'image')} (hardly any: below "
            f"{HARDLY_ANY:.0f})"
        )
        return sign(own < HARDLY_ANY, said)

    @clue(Group.MODES, expected=(0.75, 0.15))
    def held_out_images_worse(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.size > 0.1 and between.surely > 0.05, both(between), "S49", "S55")

    @clue(Group.CLASSES, expected=(0.75, 0.35))
    def training_images_known_by_heart(self, case: Case) -> Sign:
        seen = training_score(case)
        if seen is None:
            return UNMEASURED
        said = f"recall on training images is {seen.value:.2f} (by heart: from 0.95)"
        return sign(seen.value >= 0.95, said)

    @clue(Group.MODES, expected=(0.06, 0.25))
    def held_out_images_no_better_than_guessed(self, case: Case) -> Sign:
        between = gap(case)
        if between is None or between.training.skill < 0.5:
            return UNMEASURED
        return sign(between.held_out.at_chance, both(between))

    @clue(Group.MODES, expected=(0.04, 0.15))
    def held_out_images_on_another_scale(self, case: Case) -> Sign:
        seen = shift(case)
        if seen is None:
            return UNMEASURED
        said = f"the means of held-out and training images differ by {seen.means:.2f} deviations"
        return sign(seen.size > 1, said)

    @clue(Group.CLASSES, expected=(0.1, 0.25))
    def rare_classes_missed_on_training_images(self, case: Case) -> Sign:
        seen = rare(case)
        if seen is None or not np.isfinite(seen.others):
            return UNMEASURED
        said = (
            f"{seen.recall:.2f} of the training images of rare classes are answered rightly, of "
            f"others {seen.others:.2f}"
        )
        return sign(seen.missed, said)

    @clue(Group.ACTIVITY, expected=(0.06, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        images, each = set_size(case), per_class(case)
        several = classes(case) is not None and each is not None and each < ENOUGH
        more = f" (there are {each:.0f} of each class)" if several else ""
        yield _augmented(case, f" the {count(images, 'training image')}" if images else "")
        yield _pretrained(case, more)


def _rarest(case: Case) -> int | None:
    """Images of the rarest class, about; `None` where it is not known."""
    counted, images = classes(case), set_size(case)
    if counted is None or images is None or not counted.images:
        return None
    # Labels are counted as they come by, so an image may have been counted in several epochs.
    share = float(counted.counts[counted.rarest]) / counted.images
    return max(1, round(share * images))


def _augmented(case: Case, which: str) -> Remedy:
    if case.keras:
        code = (
            "augment = keras.Sequential([\n"
            "    layers.RandomTranslation(0.1, 0.1),\n"
            "    layers.RandomRotation(0.03),\n"
            "    layers.RandomZoom(0.1),\n"
            "])\n"
            "x = augment(inputs)  # the first layer; it is idle outside of training"
        )
    else:
        code = (
            "from torchvision.transforms import v2\n\n"
            "augment = v2.RandomAffine(degrees=10, translate=(0.1, 0.1), scale=(0.9, 1.1))\n"
            "images = torch.stack([augment(image) for image in images])  # training batches alone"
        )
    return Remedy(
        f"Vary{which or ' the training images'} by shifts, turns and zoom, within what keeps "
        "their class",
        case.framework,
        code,
        "longer training, and a higher training loss",
        "the gap between training and held-out images (S49) narrows",
    )


def _pretrained(case: Case, more: str) -> Remedy:
    size = max(2, int((seen.counts > 0).sum())) if (seen := classes(case)) is not None else 2
    if case.keras:
        code = (
            'base = keras.applications.EfficientNetB0(include_top=False, pooling="avg")\n'
            "base.trainable = False\n"
            f'model = keras.Sequential([base, layers.Dense({size}, activation="softmax")])'
        )
    else:
        code = (
            "from torchvision import models\n\n"
            'model = models.resnet18(weights="DEFAULT")\n'
            "model.requires_grad_(False)\n"
            f"model.fc = torch.nn.Linear(model.fc.in_features, {size})"
        )
    return Remedy(
        f"Start from weights trained on many images, and train the head alone{more}",
        case.framework,
        code,
        "a download, and images of the size and preparation that those weights expect",
        "held-out images are answered better; unfreeze the last block if training ones are not",
    )
