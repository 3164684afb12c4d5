"""C38 frozen-layers."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import new_optimizer
from snellen.causes.measures.recalls import training_score
from snellen.causes.measures.standstill import frozen, listed, orphans
from snellen.symptoms.facts import loaded
from snellen.symptoms.wording import percent


class FrozenLayers(Cause):
    """Layers are frozen that hold nothing worth keeping, or the head with them.

    ## How it shows
    Layers are marked as taking no gradients although they hold the random weights of their
    initialisation; the few others can't make up for it, and training images are answered badly.

    ## What looks similar
    A frozen backbone with pretrained weights is good practice. Layers that no optimiser holds (C37)
    take gradients. A broken path (C26): layers are not marked. A random backbone may do for easy
    images; then there is nothing to mend.

    ## How to be sure
    Unfreeze, with nothing else changed: the training loss falls further.

    ## References
    - Yosinski et al., How transferable are features in deep neural networks?, 2014,
      https://arxiv.org/abs/1411.1792
    - Keras, Transfer learning & fine-tuning, https://keras.io/guides/transfer_learning/
    """

    code = "C38"
    name = "frozen-layers"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        f"S{number:02}" for number in (12, 13, 14, 15, 16, 17, 19, 20, 25, 46, 48, 50, 61)
    )
    alike = ("C37", "C26", "C21")
    trial = "train again with all layers unfrozen"

    @clue(Group.CONFIGURATION, expected=(0.95, 0.008), decisive=True)
    def untrained_layers_frozen(self, case: Case) -> Sign:
        seen = frozen(case)
        if seen is None:
            return UNMEASURED
        kept = loaded(case.subject)
        of = "loaded" if kept else "untrained" if seen.random else "unknown"
        said = (
            f"{len(seen.layers)} of {seen.of} layers ({listed(seen.layers)}) are frozen, "
            f"{percent(seen.share)} of the weights; those weights are {of}"
        )
        untrained = seen.share > 0.2 and not kept and seen.random
        return sign(untrained or (seen.head and seen.share > 0.9), said)

    @clue(Group.GRADIENTS, expected=(0.6, 0.02))
    def most_weights_frozen(self, case: Case) -> Sign:
        seen = frozen(case)
        if seen is None or loaded(case.subject) or 0.2 < seen.share <= 0.5:
            return UNMEASURED
        return sign(seen.share > 0.5, f"{percent(seen.share)} of the weights take no gradient")

    @clue(Group.WEIGHTS, expected=(0.12, 0.01))
    def head_frozen(self, case: Case) -> Sign:
        seen = frozen(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.head, f"the head is {'frozen' if seen.head else 'free to learn'}")

    @clue(Group.CLASSES, expected=(0.75, 0.5))
    def training_images_not_learnt(self, case: Case) -> Sign:
        seen = training_score(case)
        if seen is None:
            return UNMEASURED
        return sign(seen.skill < 0.9, f"recall on training images is {seen.value:.2f}")

    @clue(Group.UPDATES, expected=(0.03, 0.06))
    def others_without_optimizer(self, case: Case) -> Sign:
        seen = orphans(case)
        if seen is None:
            return UNMEASURED
        said = f"no optimiser holds {len(seen.layers)} layers that take gradients"
        return sign(bool(seen.layers), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = frozen(case)
        names = seen.layers if seen is not None else ()
        which = f" the {len(names)} frozen layers ({listed(names)})" if names else " all layers"
        if case.keras:
            code = f"model.trainable = True\n{new_optimizer(case)}"
        else:
            code = f"model.requires_grad_(True)\n{new_optimizer(case)}"
        yield Remedy(
            f"Unfreeze{which}, and make the optimiser anew",
            case.framework,
            code,
            "longer backward passes, and the optimiser's memory for these weights",
            "S61 finds no frozen layer, and the training loss falls further",
            edited(Setting.FREEZING, True, False, *at_boundary("frozen")),
        )
        yield _loaded(case)


def _loaded(case: Case) -> Remedy:
    if case.keras:
        code = (
            'base = keras.applications.EfficientNetB0(include_top=False, weights="imagenet")\n'
            "base.trainable = False  # now that it holds something"
        )
    else:
        code = (
            "from torchvision import models\n\n"
            'model = models.resnet18(weights="DEFAULT")\n'
            "model.requires_grad_(False)\n"
            "model.fc = torch.nn.Linear(model.fc.in_features, classes)  # the head stays free"
        )
    return Remedy(
        "Or load trained weights before freezing, and leave the head free",
        case.framework,
        code,
        "a download, and images of the size and preparation that those weights expect",
        "training images are answered within an epoch or two",
    )
