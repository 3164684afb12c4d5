"""C07 train-test-mismatch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.coding import written
from snellen.causes.measures.images import held_out_audit, shift
from snellen.causes.measures.labels import classes
from snellen.causes.measures.losses import losses
from snellen.causes.measures.recalls import both, gap
from snellen.core import Severity
from snellen.symptoms.curves import held_out_loss
from snellen.symptoms.outcome import yardstick
from snellen.symptoms.wording import amount, percent


class TrainTestMismatch(Cause):
    """Held-out images are prepared in another way than training images, or are of another kind.

    ## How it shows
    Training images are answered well, in evaluation mode, too, and held-out ones badly from the
    first epochs on. Their mean or deviation differs, or a simple reader of pixel statistics
    tells the two sets apart, or they hold classes that training never showed.

    ## What looks similar
    Few images (C01) and learning by heart: the two sets look the same, and the gap opens late.
    A normalisation that behaves otherwise in evaluation mode (C19): training images in that mode
    are answered badly, too. Labels without signal (C06): the sets look the same. A mark that
    training images carry (C08): the evidence lies on the mark. Augmentation (C35) also makes the
    sets differ, but then held-out images are the easier ones.

    ## How to be sure
    Evaluate on a part of the training set that was held back and prepared as the held-out set is:
    if it is answered as badly, it is the preparation; if it is answered well, the source.

    ## References
    - Rabanser et al., Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift,
      2018, https://arxiv.org/abs/1810.11953
    """

    code = "C07"
    name = "train-test-mismatch"
    since = "0.1"
    prior = 0.04
    explains = frozenset(("S41", "S49", "S55", "S43", "S35"))
    alike = ("C01", "C19", "C06", "C08", "C35")
    trial = "evaluate on training images held back, prepared as the held-out images are"

    @clue(Group.DATA, expected=(0.55, 0.02), decisive=True)
    def held_out_images_on_another_scale(self, case: Case) -> Sign:
        seen = shift(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"held-out images have mean {amount(seen.mean)} and deviation {amount(seen.deviation)},"
            f" training images {amount(seen.training_mean)} and {amount(seen.training_deviation)}"
        )
        # A mark on all training images shifts them as well.
        marked = case.found("S51", least=Severity.WARNING)
        return sign(seen.size > 0.7, said, reliability=0.5 if marked else 1.0)

    @clue(Group.DATA, expected=(0.85, 0.06))
    def sets_told_apart(self, case: Case) -> Sign:
        seen = held_out_audit(case)
        if seen is None or not np.isfinite(seen.separability):
            return UNMEASURED
        surely = seen.separability - 1.645 * seen.separability_error
        said = (
            "simple pixel statistics tell held-out from training images with an AUC of "
            f"{seen.separability:.2f} (0.5: not at all)"
        )
        return sign(seen.separability > 0.65 and surely > 0.55, said)

    @clue(Group.MODES, expected=(0.9, 0.15))
    def held_out_images_worse(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.size > 0.1 and between.surely > 0.05, both(between))

    @clue(Group.CLASSES, expected=(0.1, 0.02))
    def classes_never_trained(self, case: Case) -> Sign:
        seen, trained = held_out_audit(case), classes(case)
        if seen is None or trained is None or not seen.counts.sum() or trained.images < 100:
            return UNMEASURED
        known = np.zeros(max(len(seen.counts), len(trained.counts)), np.int64)
        known[: len(trained.counts)] = trained.counts
        share = float(seen.counts[known[: len(seen.counts)] == 0].sum() / seen.counts.sum())
        said = f"{percent(share)} of the held-out images are of classes that training never showed"
        return sign(share > 0.05, said)

    @clue(Group.CLASSES, expected=(0.85, 0.35))
    def training_images_learnt(self, case: Case) -> Sign:
        between = gap(case)
        if between is None:
            return UNMEASURED
        return sign(between.training.skill > 0.6, both(between))

    @clue(Group.LOSS, expected=(0.45, 0.06))
    def held_out_loss_never_below_guessing(self, case: Case) -> Sign:
        values, course = held_out_loss(case.subject), losses(case)
        prior = yardstick(case.subject).prior
        if len(values) < 2 or course is None or not np.isfinite([prior, course.left]).all():
            return UNMEASURED
        said = (
            f"the held-out loss was {amount(float(values.min()))} at best (guessing: "
            f"{amount(prior)}); the training loss ended at {amount(course.end)}"
        )
        return sign(float(values.min()) > 0.95 * prior and course.left < 0.6, said)

    @clue(Group.ACTIVITY, expected=(0.06, 0.5))
    def sets_differ_and_evidence_lies_off_the_object(self, case: Case) -> Sign:
        seen = held_out_audit(case)
        apart = seen is not None and seen.separability > 0.65
        # It tells a mark from another preparation only where the sets do differ.
        if not apart or not case.judged("S51"):
            return UNMEASURED
        found = case.findings("S51", least=Severity.WARNING)
        said = found[0].evidence.sentence() if found else "no evidence was seen off the object"
        return sign(bool(found), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = shift(case)
        yield _prepared_alike(case)
        if seen is not None and seen.size > 0.7:
            yield _brought_over(case)
        else:
            yield _split_anew(case)


def _prepared_alike(case: Case) -> Remedy:
    if case.keras:
        code = (
            "def prepare(images):\n"
            '    return images.astype("float32") / 255\n\n'
            "training_images = prepare(training_images)\n"
            "test_images = prepare(test_images)  # once each"
        )
    else:
        code = (
            "def prepare(images):\n"
            "    return images.float() / 255\n\n"
            "training_images = prepare(training_images)\n"
            "test_images = prepare(test_images)  # once each"
        )
    seen = shift(case)
    known = (
        f" (now mean {written(seen.training_mean)} in training and {written(seen.mean)} held out)"
        if seen is not None and seen.size > 0.7
        else ""
    )
    return Remedy(
        f"Send training and held-out images through one function{known}",
        case.framework,
        code,
        "nothing",
        "S41 finds the sets alike, and held-out recall nears that on training images",
    )


def _brought_over(case: Case) -> Remedy:
    """To the training images' mean and deviation, as a quick proof."""
    seen = held_out_audit(case)
    if seen is None or len(seen.mean) > 4:
        mean, spread = "training_images.mean()", "training_images.std()"
    else:
        mean = "[" + ", ".join(f"{float(x):.3g}" for x in seen.training_mean) + "]"
        spread = "[" + ", ".join(f"{float(x):.3g}" for x in seen.training_std) + "]"
        if not case.keras:
            view = f".view(1, {len(seen.mean)}, 1, 1)"
            mean, spread = f"torch.tensor({mean}){view}", f"torch.tensor({spread}){view}"
    axes = "axis=(0, 1, 2)" if case.keras else "dim=(0, 2, 3)"
    keep = "keepdims=True"
    code = (
        f"own = test_images.mean({axes}, {keep}), test_images.std({axes}, {keep}) + 1e-9\n"
        f"test_images = (test_images - own[0]) / own[1] * {_array(case, spread)}"
        f" + {_array(case, mean)}"
    )
    return Remedy(
        "As a test: bring held-out images to the mean and deviation of the training images",
        case.framework,
        code,
        "nothing; it only shows whether scale is all that differs",
        "held-out recall jumps to that on training images: then mend the loader",
    )


def _array(case: Case, text: str) -> str:
    return f"np.array({text})" if case.keras and text.startswith("[") else text


def _split_anew(case: Case) -> Remedy:
    code = (
        "from sklearn.model_selection import StratifiedKFold\n\n"
        "folds = StratifiedKFold(5, shuffle=True, random_state=0)\n"
        "training, test = next(folds.split(images, labels))  # indices, from all sources together"
    )
    return Remedy(
        "Split anew, with images of every source and class on both sides",
        case.framework,
        code,
        "the score no longer tells of a new source; keep the old set to measure that",
        "if the gap is gone, the sources differ: train on images of both",
    )
