"""C30 constant-or-duplicate-images."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.images import audit, differently_blank, input_range
from snellen.symptoms.wording import amount, percent


class ConstantOrDuplicateImages(Cause):
    """Training images that hold nothing, or nothing new: blank ones, copies, batches that come
    again.

    ## How it shows
    A share of the images has no contrast and is bit by bit the same; or copies of an image come
    with different labels; or the same batches come several times in one pass. What else is in the
    data may be learnt well, so that only the loss has a floor.

    ## What looks similar
    Images on several scales (C05): those of the smaller scale have no contrast beside the others,
    but they are not copies. Wrong labels (C03) that come with images that differ. Drawing with
    replacement repeats a third of the images on purpose. Few images (C01): all are different.

    ## How to be sure
    Count the different images, and look at the blank ones' files. Train without them: the training
    loss falls further, and nothing else changes.

    ## References
    - Barz & Denzler, Do We Train on Test Data?, 2020, https://arxiv.org/abs/1902.00423
    - Lee et al., Deduplicating Training Data Makes Language Models Better, 2021,
      https://arxiv.org/abs/2107.06499
    """

    code = "C30"
    name = "constant-or-duplicate-images"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S40", "S46", "S49", "S12", "S44", "S43", "S09", "S20", "S13"))
    alike = ("C05", "C03", "C01")
    trial = "train without the blank and repeated images"

    @clue(Group.DATA, expected=(0.55, 0.008), decisive=True)
    def blank_images(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None:
            return UNMEASURED
        share = seen.blank / seen.images
        blank = seen.blank >= 3 and share > 0.01 and not differently_blank(seen)
        if not blank and (_contradicted(case) or _repeated(case)):
            return UNMEASURED
        said = f"{seen.blank} of {seen.images} training images ({percent(share)}) are blank"
        if differently_blank(seen):
            said += " beside the others, but are not copies of each other"
        return sign(blank, said)

    @clue(Group.CLASSES, expected=(0.5, 0.012), decisive=True)
    def copies_with_another_label(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or seen.duplicates < 0:
            return UNMEASURED
        if not _contradicted(case) and (seen.blank or _repeated(case)):
            return UNMEASURED
        said = (
            f"{seen.conflicting} of {seen.images} training images are copies of an earlier one "
            "that had another label"
        )
        return sign(_contradicted(case), said)

    @clue(Group.TIMELINE, expected=(0.5, 0.012), decisive=True)
    def images_come_again(self, case: Case) -> Sign:
        seen = audit(case)
        if seen is None or (seen.duplicates < 0 and not seen.repeated_batches):
            return UNMEASURED
        if not _repeated(case) and (seen.blank >= 3 or _contradicted(case)):
            return UNMEASURED
        said = (
            f"in one pass {max(seen.duplicates, 0)} of {seen.images} images are copies of an "
            f"earlier one, and {seen.repeated_batches} of {seen.batches} batches come again"
        )
        return sign(_repeated(case), said)

    @clue(Group.ACTIVITY, expected=(0.12, 0.01))
    def all_images_alike(self, case: Case) -> Sign:
        seen = input_range(case)
        if seen is None:
            return UNMEASURED
        said = f"the training images' values have a deviation of {amount(seen.spread)} in all"
        return sign(seen.spread < 1e-6, said)

    @clue(Group.CONFIGURATION, expected=(0.03, 0.4))
    def weak_images_differ(self, case: Case) -> Sign:
        seen = audit(case)
        several = None if seen is None else differently_blank(seen)
        if seen is None or several is None:
            return UNMEASURED
        said = (
            f"the {seen.blank} images of hardly any contrast "
            f"{'differ from each other' if several else 'are copies of each other'}"
        )
        return sign(several, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = audit(case)
        blank = seen.blank if seen is not None else 0
        if blank >= 3:
            yield _without_blank(case, blank)
            yield _loudly(case)
        else:
            yield _distinct(case)


def _contradicted(case: Case) -> bool:
    seen = audit(case)
    return seen is not None and seen.conflicting >= 3 and seen.conflicting > 0.01 * seen.images


def _repeated(case: Case) -> bool:
    """Drawing with replacement repeats 37% of the images, which is no fault."""
    seen = audit(case)
    if seen is None:
        return False
    more = max(0, seen.duplicates - seen.blank)
    copies = seen.images >= 20 and more > 0.45 * seen.images
    batches = seen.batches >= 8 and seen.repeated_batches > 0.25 * seen.batches
    return copies or batches


def _without_blank(case: Case, blank: int) -> Remedy:
    if case.keras:
        code = (
            "kept = images.std(axis=(1, 2, 3)) > images.std() / 100\n"
            "images, labels = images[kept], labels[kept]"
        )
    else:
        code = (
            "kept = images.flatten(1).std(dim=1) > images.std() / 100\n"
            "images, labels = images[kept], labels[kept]"
        )
    return Remedy(
        f"Leave the blank images out ({blank} were seen)",
        case.framework,
        code,
        "fewer images; find out first which files they are",
        "S40 finds none, and the training loss falls further",
    )


def _loudly(case: Case) -> Remedy:
    code = (
        "from PIL import Image\n\n"
        "def load(path):\n"
        "    image = np.asarray(Image.open(path))  # raises on a damaged file: let it\n"
        '    assert image.std() > 0, f"{path} is blank"\n'
        "    return image"
    )
    return Remedy(
        "Let the loader raise in place of returning zeros",
        case.framework,
        code,
        "the run stops at the first bad file: mend or remove it",
        "no blank images come through (S40)",
    )


def _distinct(case: Case) -> Remedy:
    array = "images" if case.keras else "images.numpy()"
    code = (
        "first = {}\n"
        f"for i, image in enumerate({array}):\n"
        "    first.setdefault(image.tobytes(), i)\n"
        "kept = sorted(first.values())\n"
        "images, labels = images[kept], labels[kept]"
    )
    return Remedy(
        "Keep one of each image, and settle the label of those that had two",
        case.framework,
        code,
        "a smaller training set; its true size becomes known",
        "S40 finds no copies; split into training and held-out images after this, not before",
    )
