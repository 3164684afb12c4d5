"""C29 unshuffled-data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.measures.images import audit, set_size
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import training_score
from snellen.symptoms.answers import answers
from snellen.symptoms.phases import number
from snellen.symptoms.wording import percent


class UnshuffledData(Cause):
    """Training images come sorted, so that a batch holds one class or a few.

    ## How it shows
    The labels of a batch vary far less than those of the same images in random order. Each update
    pulls towards the classes of its batch and the next one undoes it: the loss swings with every
    epoch, and at the end the classes that came last are answered for all images.

    ## What looks similar
    A rate that is too high (C20) also makes the loss swing, with batches that are mixed. A dead
    network answers one class whatever the order. Imbalance (C02): batches of sorted data look
    unequal if only the first of them were counted. Samplers that draw few classes on purpose.

    ## How to be sure
    Shuffle, with nothing else changed: the loss falls smoothly.

    ## References
    - Bengio, Practical Recommendations for Gradient-Based Training of Deep Architectures, 2012,
      https://arxiv.org/abs/1206.5533
    - PyTorch, torch.utils.data, https://docs.pytorch.org/docs/stable/data.html
    """

    code = "C29"
    name = "unshuffled-data"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        ("S53", "S20", "S46", "S18", "S36", "S35", "S01", "S21", "S54", "S16", "S48", "S22", "S12")
    )
    alike = ("C20", "C02", "C06")
    trial = "shuffle the training images, with nothing else changed"

    @clue(Group.DATA, expected=(0.95, 0.015), decisive=True)
    def batches_hold_few_classes(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or not seen.shuffled_entropy > 0 or not np.isfinite(seen.label_entropy):
            return UNMEASURED
        said = (
            f"a batch's labels have an entropy of {seen.label_entropy:.2f}; in random order it "
            f"would be {seen.shuffled_entropy:.2f} (sorted: below 80% of that)"
        )
        apart = seen.shuffled_entropy - seen.label_entropy > 3 * seen.label_entropy_spread
        return sign(seen.label_entropy < 0.8 * seen.shuffled_entropy and apart, said)

    @clue(Group.DATA, expected=(0.7, 0.02))
    def batches_of_one_class(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or seen.batches < 4 or not seen.shuffled_entropy > 0:
            return UNMEASURED
        said = f"{seen.single_class_batches} of {seen.batches} batches held one class alone"
        return sign(seen.single_class_batches > 0.2 * seen.batches, said)

    @clue(Group.CLASSES, expected=(0.55, 0.2))
    def few_classes_answered(self, case: Case) -> Sign:
        seen = answers(case.subject)
        if seen is None or len(np.unique(seen.label)) < 3:
            return UNMEASURED
        top = int(np.bincount(seen.chosen).argmax())
        share, own = float((seen.chosen == top).mean()), float((seen.label == top).mean())
        said = f"class {top} is answered for {percent(share)} of the images ({percent(own)} are)"
        return sign(share > 0.5 and share > 2 * own, said, "S46")

    @clue(Group.CLASSES, expected=(0.1, 0.4))
    def training_images_answered(self, case: Case) -> Sign:
        seen = training_score(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.skill > 0.85, f"recall on training images is {seen.value:.2f}")

    @clue(Group.LOSS, expected=(0.6, 0.2))
    def loss_swings(self, case: Case) -> Sign:
        course = losses(case)
        if course is None or not np.isfinite(course.roughness):
            return UNMEASURED
        said = (
            f"the loss swings by {percent(course.roughness)} about its trend in the second half, "
            "from one epoch or stretch to the next (usual: below 15%)"
        )
        return sign(course.roughness > 0.15 or case.found("S20"), said, "S20")

    @clue(Group.TIMELINE, expected=(0.6, 0.05))
    def loss_swings_within_each_epoch(self, case: Case) -> Sign:
        """Block means within an epoch differ from each other far more than single steps do."""
        ratio = _within_epochs(case)
        if not np.isfinite(ratio):
            return UNMEASURED
        said = (
            f"within an epoch the loss of neighbouring steps differs by {ratio:.2f} of what steps "
            "far apart do (mixed batches: about 1)"
        )
        return sign(ratio < 0.5, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        size = int(number(case.subject, "batch_size") or 32)
        images = set_size(case)
        buffer = str(images) if images else "len(images)"
        if case.keras:
            code = (
                "order = np.random.default_rng(0).permutation(len(images))\n"
                "model.fit(images[order], labels[order], **rest)  # rest: as before; or, of a\n"
                f"# tf.data set: dataset.shuffle({buffer}).batch({size}), before batching"
            )
        else:
            code = f"loader = torch.utils.data.DataLoader(dataset, batch_size={size}, shuffle=True)"
        yield Remedy(
            f"Shuffle all {images or 'training'} images anew in every epoch",
            case.framework,
            code,
            "random access to the data; a shuffle buffer holds that many images in memory",
            "a batch's labels are as mixed as chance makes them (S53), and the loss falls smoothly",
            edited(Setting.SHUFFLING, True, False, *at_boundary("order")),
        )
        yield _by_hand(case, size)


def _by_hand(case: Case, size: int) -> Remedy:
    if case.keras:
        code = (
            "order = np.random.permutation(len(images))  # anew in every epoch\n"
            f"for batch in np.array_split(order, max(1, len(order) // {size})):\n"
            "    model.train_on_batch(images[batch], labels[batch])"
        )
    else:
        code = (
            "order = torch.randperm(len(images))  # anew in every epoch\n"
            f"for batch in order.split({size}):\n"
            "    x, y = images[batch], labels[batch]  # then the step as before"
        )
    return Remedy(
        "Or draw the order by hand, where no loader does",
        case.framework,
        code,
        "nothing",
        "as above",
    )


def _within_epochs(case: Case) -> float:
    """Mean |difference| of neighbouring losses over that of losses half an epoch apart, over the
    second half of the training; NaN for epochs of fewer than 8 steps."""
    series = case.subject.losses.get("train")
    epoch = int(number(case.subject, "steps_per_epoch") or 0)
    if series is None or epoch < 8:
        return float("nan")
    values = series.values[len(series.values) // 2 :]
    values = values[np.isfinite(values)]
    if len(values) < 2 * epoch:
        return float("nan")
    near = float(np.abs(np.diff(values)).mean())
    half = epoch // 2
    far = float(np.abs(values[half:] - values[:-half]).mean())
    return near / far if far > 0 else float("nan")
