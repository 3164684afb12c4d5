"""C03 label-noise."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import audit, per_class, roughness
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import both, confusions, gap, pairs, told
from snellen.causes.measures.soundness import came_apart
from snellen.core import Severity
from snellen.symptoms.curves import held_out_loss, rising
from snellen.symptoms.wording import amount, percent


class LabelNoise(Cause):
    """A part of the labels is wrong.

    ## How it shows
    The surest answers contradict labels about as often as unsure ones do. Held-out images with
    right labels are answered better than training images, and the training loss has a floor that
    no longer training lowers honestly: later it falls because wrong labels are learnt by heart, and
    the held-out loss rises meanwhile. Where wrong labels name a class that looks alike, all classes
    fall into pairs that are taken for each other.

    ## What looks similar
    Labels that have nothing to do with the images at all (C06): held-out images are at chance. A
    small network (C12): its floor falls with its width. Few images (C01): a gap, too, but with at
    most 50 images a class and no contradiction from sure answers. Noisy pictures (C04): errors are
    among unsure answers.

    ## How to be sure
    Take out the suspected images and, in a second training, as many others at random: the held-out
    loss improves by more than two standard errors over the random removal.

    ## References
    - Northcutt et al., Confident Learning: Estimating Uncertainty in Dataset Labels, 2021,
      https://arxiv.org/abs/1911.00068
    - Arpit et al., A Closer Look at Memorization in Deep Networks, 2017,
      https://arxiv.org/abs/1706.05394
    """

    code = "C03"
    name = "label-noise"
    since = "0.1"
    prior = 0.04
    explains = frozenset(("S44", "S49", "S48", "S23", "S20", "S40"))
    alike = ("C06", "C12", "C01", "C04", "C02")
    trial = "train without the suspected images, and without as many others, and compare"

    @clue(Group.DATA, expected=(0.8, 0.03))
    def sure_answers_contradict_labels(self, case: Case) -> Sign:
        found = case.findings("S44", least=Severity.WARNING)
        if found:
            return sign(True, found[0].evidence.sentence(), "S44")
        if not case.judged("S44"):
            return UNMEASURED
        said = "sure answers agree with the labels (at most 5% contradicted)"
        # Held-out labels may be right where those of training images are not.
        return sign(False, said, "S44", reliability=0.5)

    @clue(Group.DATA, expected=(0.12, 0.03))
    def copies_bear_other_labels(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or seen.duplicates - seen.blank < 20:
            return UNMEASURED
        # Blank images are copies of each other whatever was in the file.
        against = max(0, seen.conflicting - seen.blank)
        said = f"{against} of {seen.duplicates} copies of an image have another label than before"
        return sign(against > 0.02 * seen.duplicates, said)

    @clue(Group.MODES, expected=(0.45, 0.06))
    def held_out_images_answered_better(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        surely = -between.size - 1.645 * between.error
        return sign(between.size < -0.05 and surely > 0, both(between))

    @clue(Group.MODES, expected=(0.04, 0.3))
    def held_out_images_no_better_than_guessed(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.held_out.at_chance, both(between))

    @clue(Group.LOSS, expected=(0.5, 0.08))
    def loss_has_a_floor_though_much_is_learnt(self, case: Case) -> Sign:
        between, course = gap(case), losses(case)
        if between is None or course is None or not np.isfinite(course.left):
            return UNMEASURED
        said = (
            f"the training loss ended at {percent(max(course.left, 0.0))} of that of guessing, "
            f"while recall on held-out images is {between.held_out.value:.2f}"
        )
        return sign(course.left > 0.3 and between.held_out.skill > 0.7, said)

    @clue(Group.LOSS, expected=(0.45, 0.15))
    def held_out_loss_rose_late(self, case: Case) -> Sign:
        values = held_out_loss(case.subject)
        if len(values) < 5:
            return UNMEASURED
        since = rising(values)
        said = (
            f"the held-out loss was lowest at {amount(float(values.min()))} and ended at "
            f"{amount(float(values[-1]))}"
        )
        return sign(since >= 2, said, "S49")

    @clue(Group.CLASSES, expected=(0.45, 0.06))
    def learnt_by_heart_though_images_are_many(self, case: Case) -> Sign:
        between, each, rough = gap(case), per_class(case), roughness(case)
        if between is None or each is None or each <= 50 or not np.isfinite(between.size):
            return UNMEASURED
        said = f"{both(between)}, with {each:.0f} training images of each class"
        wide = between.training.skill > 0.85 and between.surely > 0.1
        # Grainy pictures are learnt by heart as well.
        clean = rough is None or rough.least < 0.7
        # Held-out images of another kind are never answered better than by guessing.
        values, course = held_out_loss(case.subject), losses(case)
        worse = course is not None and len(values) > 1 and values.min() > course.prior
        known = not between.held_out.at_chance and not worse
        return sign(wide and known and clean, said, "S49")

    @clue(Group.CLASSES, expected=(0.3, 0.08))
    def errors_go_to_one_class_each(self, case: Case) -> Sign:
        seen = confusions(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"{percent(seen.favourite)} of {seen.errors} errors on held-out images take a class "
            "for the one it is most often taken for"
        )
        return sign(seen.favourite > 0.65, said)

    @clue(Group.CLASSES, expected=(0.3, 0.005), decisive=True)
    def classes_are_taken_for_each_other(self, case: Case) -> Sign:
        seen = pairs(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.all_in_pairs, told(seen))

    @clue(Group.ACTIVITY, expected=(0.06, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        yield _listed(case)
        yield _smoothed(case)


def _listed(case: Case) -> Remedy:
    if case.keras:
        code = (
            "probability = model.predict(images)  # images and integer labels as NumPy arrays\n"
            "own = probability[np.arange(len(labels)), labels]\n"
            "doubtful = np.argsort(own)[:100]  # look at these first\n"
            "print(np.c_[doubtful, labels[doubtful], probability[doubtful].argmax(1)])"
        )
    else:
        code = (
            "model.eval()\n"
            "with torch.no_grad():\n"
            "    probability = torch.softmax(model(images), dim=1)\n"
            "own = probability[torch.arange(len(labels)), labels]\n"
            "doubtful = own.argsort()[:100]  # look at these first\n"
            "print(torch.stack([doubtful, labels[doubtful], probability[doubtful].argmax(1)], 1))"
        )
    return Remedy(
        "Look through the 100 labels that the network doubts most, and mend them",
        case.framework,
        code,
        "an hour of looking; use a model of an early epoch, before it knows labels by heart",
        "sure answers agree with the labels (S44), and the training loss falls further",
    )


def _smoothed(case: Case) -> Remedy:
    if case.keras:
        code = (
            "# labels one-hot: keras.utils.to_categorical(labels)\n"
            "model.compile(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1), **rest)"
            "  # the rest as before"
        )
    else:
        code = "loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)"
    return Remedy(
        "Smooth the labels by 0.1, and stop where the held-out loss is lowest",
        case.framework,
        code,
        "probabilities that are less sure",
        "the held-out loss no longer rises in late epochs (S49)",
    )
