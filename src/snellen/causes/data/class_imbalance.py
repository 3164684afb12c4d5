"""C02 class-imbalance."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import written
from snellen.causes.measures.images import audit
from snellen.causes.measures.labels import Classes, classes
from snellen.causes.measures.recalls import FEW_TO_ONE, leaning, rare
from snellen.causes.measures.soundness import came_apart
from snellen.record import HELD_OUT
from snellen.symptoms.facts import record
from snellen.symptoms.outcome import BINARY
from snellen.symptoms.wording import amount, percent


class ClassImbalance(Cause):
    """Classes so unequal in number that the network answers the frequent ones and misses the rare.

    ## How it shows
    One class has many times the images of another. Images of the rare class are answered as the
    frequent one, on training images already, while the frequent classes are answered well. The
    accuracy hides it. Often the maps tell the classes apart and only the last layer leans.

    ## What looks similar
    Wrong labels within a class (C03): its counts are like those of the others. Too few images of
    the rare class (C01): its training images are known, new ones are not; weighing does not help
    then. A dead network (C20, C10) answers one class for every image, whatever the counts. A small
    object that pooling removed (C13): recall depends on its size.

    ## How to be sure
    Subtract the logarithm of each class's share from its output and count again, without training:
    macro recall rises by five points or more, or half of what the rare class misses comes back.
    If neither, its images are too few.

    ## References
    - Menon et al., Long-tail Learning via Logit Adjustment, 2021, https://arxiv.org/abs/2007.07314
    - Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, 2020,
      https://arxiv.org/abs/1910.09217
    - Cui et al., Class-Balanced Loss Based on Effective Number of Samples, 2019,
      https://arxiv.org/abs/1901.05555
    """

    code = "C02"
    name = "class-imbalance"
    since = "0.1"
    prior = 0.06
    explains = frozenset(("S54", "S46", "S16", "S15", "S17", "S48"))
    alike = ("C01", "C03", "C13", "C20")
    trial = "subtract ln(share of the class) from each output and compare the macro recall"

    @clue(Group.DATA, expected=(0.97, 0.04), decisive=True)
    def classes_unequal(self, case: Case) -> Sign:
        return _unequal(case, FEW_TO_ONE)

    @clue(Group.DATA, expected=(0.75, 0.03))
    def classes_far_apart(self, case: Case) -> Sign:
        return _unequal(case, 8.0)

    @clue(Group.CLASSES, expected=(0.85, 0.03))
    def rare_classes_missed(self, case: Case) -> Sign:
        for part in (HELD_OUT, ""):
            seen = rare(case, part)
            if seen is not None and np.isfinite(seen.others):
                said = (
                    f"{percent(seen.recall)} of {seen.images} {seen.on} images of rare classes are "
                    f"answered rightly; the median of the other classes is {percent(seen.others)}"
                )
                return sign(seen.missed, said, reliability=_of_the_answers(case))
        return UNMEASURED

    @clue(Group.CLASSES, expected=(0.6, 0.08))
    def answers_lean_to_the_commonest(self, case: Case) -> Sign:
        seen = leaning(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"class {seen.label} is answered for {percent(seen.chosen)} of the training images, "
            f"and {percent(seen.present)} are of it"
        )
        leans = seen.chosen > seen.present + 0.02
        return sign(leans, said, reliability=_of_the_answers(case))

    @clue(Group.MODES, expected=(0.12, 0.35))
    def rare_classes_known_in_training_alone(self, case: Case) -> Sign:
        known, new = rare(case), rare(case, HELD_OUT)
        if known is None or new is None:
            return UNMEASURED
        said = (
            f"of rare classes, {percent(known.recall)} of the training images and "
            f"{percent(new.recall)} of the held-out ones are answered rightly"
        )
        return sign(known.recall > 0.8 and new.recall < 0.6, said)

    @clue(Group.CONFIGURATION, expected=(0.06, 0.12))
    def loss_weighs_classes(self, case: Case) -> Sign:
        loss = record(case.subject, "loss")
        if not loss:
            return UNMEASURED
        used = bool(loss.get("class_weight") or loss.get("pos_weight") or loss.get("sample_weight"))
        return sign(used, f"the loss {'weighs' if used else 'does not weigh'} classes")

    @clue(Group.ACTIVITY, expected=(0.08, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        counted = classes(case)
        yield _weighed(case, counted)
        yield _adjusted(case, counted)


def _unequal(case: Case, limit: float) -> Sign:
    seen = classes(case)
    if seen is None or not np.isfinite(seen.ratio):
        return UNMEASURED
    commonest = int(seen.counts.argmax())
    said = (
        f"{seen.counts[commonest]} labels seen are of class {commonest} and "
        f"{seen.counts[seen.rarest]} of class {seen.rarest}: {amount(seen.ratio)} to 1 (unequal: "
        f"from {limit:g})"
    )
    return sign(seen.ratio >= limit, said, reliability=_of_the_whole(case))


def _of_the_whole(case: Case) -> float:
    """How far the labels that were counted stand for all: little where they come sorted."""
    seen = audit(case)
    if seen is None or not seen.shuffled_entropy > 0:
        return 1.0
    return 0.3 if seen.label_entropy < 0.8 * seen.shuffled_entropy else 1.0


def _of_the_answers(case: Case) -> float:
    """How far answers tell of the counts: a dead network gives one answer whatever they are."""
    return 0.25 if came_apart(case).present else 1.0


def balanced_weights(seen: Classes) -> list[float]:
    """Weight of each class, inverse to its images, 1 on the average image; 1 for absent ones."""
    present = seen.counts > 0
    mean = seen.images / max(1, int(present.sum()))
    return [float(mean / n) if n else 1.0 for n in seen.counts]


def _weighed(case: Case, seen: Classes | None) -> Remedy:
    weights = balanced_weights(seen) if seen is not None else [1.0, 1.0]
    shown = [written(weight) for weight in weights]
    one_output = record(case.subject, "loss").get("name") in BINARY and len(weights) == 2
    if case.keras:
        pairs = ", ".join(f"{k}: {weight}" for k, weight in enumerate(shown))
        code = f"model.fit(images, labels, class_weight={{{pairs}}}, **rest)  # rest: as before"
    elif one_output:
        code = (
            f"pos_weight = torch.tensor([{written(weights[1] / weights[0])}])\n"
            "loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight)  # on logits: no sigmoid"
        )
    else:
        code = (
            f"weight = torch.tensor([{', '.join(shown)}])\n"
            "loss_of = torch.nn.CrossEntropyLoss(weight=weight)"
        )
    said = f" {written(max(weights))} to {written(min(weights))}" if seen is not None else ""
    return Remedy(
        f"Weigh classes by the inverse of their images:{said}" if said else "Weigh classes",
        case.framework,
        code,
        "more false alarms for the rare class; never together with a balancing sampler",
        "recall of the rare class (S54); compare macro recall, not accuracy",
        _reweighed(weights) if seen is not None else None,
    )


def _reweighed(weights: list[float]) -> Change:
    exact = [float(f"{weight:.4g}") for weight in weights]
    shown = [float(written(weight)) for weight in weights]
    return edited(Setting.CLASS_WEIGHTS, shown, None, *at_boundary("classes", weights=exact))


def _adjusted(case: Case, seen: Classes | None) -> Remedy:
    shares = seen.counts / max(1, seen.images) if seen is not None else np.array([0.5, 0.5])
    known = [written(max(float(share), 1e-4)) for share in shares]
    listed = ", ".join(known)
    one_output = record(case.subject, "loss").get("name") in BINARY and len(known) == 2
    if one_output:
        code = f"predicted = probability > {known[1]}  # the share of yes, in place of 0.5"
        if case.framework == "torch" and record(case.subject, "loss").get("expects") == "logits":
            code = f"predicted = torch.sigmoid(logits) > {known[1]}  # the share of yes, not 0.5"
        title = f"Say yes from {known[1]} on in place of 0.5, without training again"
    elif case.keras:
        code = (
            f"shares = np.array([{listed}])\n"
            "predicted = np.argmax(np.log(model.predict(images) + 1e-9) - np.log(shares), axis=1)"
        )
        title = "Subtract the logarithm of each class's share from its answers"
    else:
        code = (
            f"shares = torch.tensor([{listed}])\n"
            "predicted = (model(images) - torch.log(shares)).argmax(dim=1)"
        )
        title = "Subtract the logarithm of each class's share from its logits"
    return Remedy(
        title,
        case.framework,
        code,
        "nothing: the trained network stays as it is",
        "macro recall on held-out images; if it does not rise, the rare class needs more images",
    )
