"""What the training images and their labels are like, and the images that look wrongly labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snellen.core import Finding, Severity
from snellen.record import HELD_OUT, Clock, Subject
from snellen.report.parts.pictures import IMAGES, Pictures, pictures
from snellen.stats import (
    HeldOutAudit,
    ImageAnswers,
    ImageAudit,
    MapSummary,
    Predictions,
    TargetKind,
    Targets,
)
from snellen.symptoms.wording import amount, percent

COUNTED: dict[str, tuple[str, str]] = {
    TargetKind.CLASSES: ("labels", "classes"),
    TargetKind.SEGMENTATION: ("labelled positions", "classes"),
    TargetKind.MULTI_LABEL: ("answers of yes", "outputs"),
}
"""Kinds of labels that are counted: what is counted, and of what."""
DATA = "data"
"""The family of the symptoms that are shown beside what they read."""


@dataclass(frozen=True)
class ClassCount:
    """One class; a count that is not known is `None`."""

    number: int
    labels: int
    """Of the training labels that were seen."""
    recall: float | None
    """Share of its probe images answered rightly, at the last look."""
    held_out_recall: float | None


@dataclass(frozen=True)
class ChannelRange:
    """The values of one channel of the images, as the model receives them."""

    channel: int
    low: float
    high: float
    mean: float
    deviation: float


@dataclass(frozen=True)
class Fact:
    """One thing that was counted, in words."""

    label: str
    value: str


@dataclass(frozen=True)
class Suspect:
    """A probe image that the model answers otherwise than it is labelled."""

    image: int
    label: int
    answer: int
    probability: float
    """That the model gives to the label; NaN if unknown."""
    answer_probability: float


@dataclass(frozen=True)
class DataCard:
    kind: str
    """A `TargetKind`."""
    classes: tuple[ClassCount, ...]
    """Or outputs, of which an image has any number; empty for labels that are no classes."""
    ranges: tuple[ChannelRange, ...]
    facts: tuple[Fact, ...]
    suspects: tuple[Suspect, ...]
    """Those that there are pictures of, the most suspicious first."""
    pictures: Pictures
    """Of the images themselves."""
    findings: tuple[Finding, ...]
    """Of the symptoms of the data."""

    @property
    def severity(self) -> Severity | None:
        return max((f.severity for f in self.findings), key=lambda s: s.rank, default=None)


def data_card(
    subject: Subject, findings: Sequence[Finding], codes: frozenset[str], path: Path
) -> DataCard:
    """`codes` are those of the symptoms of the data; `path` is the run file, for its pictures.
    Raises `RunFileError`."""
    targets = subject.last("", Targets, "", Clock.INLINE)
    shown = pictures(path, subject.name, IMAGES)
    return DataCard(
        kind=TargetKind.NONE if targets is None else targets.value.kind,
        classes=_classes(subject, None if targets is None else targets.value),
        ranges=_ranges(subject),
        facts=_facts(subject),
        suspects=_suspects(subject, shown),
        pictures=shown,
        findings=tuple(f for f in findings if f.place.subject == subject.name and f.code in codes),
    )


def _classes(subject: Subject, targets: Targets | None) -> tuple[ClassCount, ...]:
    if targets is None or targets.kind not in COUNTED:
        return ()
    # Other kinds are not answered class by class.
    one_each = targets.kind == TargetKind.CLASSES
    probe, held_out = (_recall(subject, part) if one_each else {} for part in ("", HELD_OUT))
    size = max(len(targets.counts), *(number + 1 for number in (*probe, *held_out)), 0)
    return tuple(
        ClassCount(
            number,
            int(targets.counts[number]) if number < len(targets.counts) else 0,
            probe.get(number),
            held_out.get(number),
        )
        for number in range(size)
    )


def _recall(subject: Subject, part: str) -> dict[int, float]:
    entry = subject.last("", Predictions, part)
    if entry is None:
        return {}
    found = enumerate(entry.value.recall.tolist())
    return {number: float(recall) for number, recall in found if np.isfinite(recall)}


def _ranges(subject: Subject) -> tuple[ChannelRange, ...]:
    entry = subject.last("", MapSummary, "input", Clock.INLINE)
    if entry is None:
        return ()
    seen = entry.value
    columns = (seen.minimum, seen.maximum, seen.mean, np.sqrt(seen.variance))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(ChannelRange(number, *row) for number, row in enumerate(rows))


def _facts(subject: Subject) -> tuple[Fact, ...]:
    found: list[Fact] = []
    shape = subject.facts.get("image_shape")
    if isinstance(shape, list | tuple):
        sides = " × ".join(str(side) for side in shape)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        found.append(Fact("One image", f"{sides} (channels first)"))
    for label, key in (("Training images", "training_images"), ("Batch size", "batch_size")):
        if isinstance(value := subject.facts.get(key), int):
            found.append(Fact(label, str(value)))
    audit = subject.last("", ImageAudit, "", Clock.INLINE)
    if audit is not None:
        found += _audited(audit.value)
    held_out = subject.last("", HeldOutAudit, "", Clock.INLINE)
    if held_out is not None:
        found += _compared(held_out.value)
    return tuple(found)


def _audited(seen: ImageAudit) -> list[Fact]:
    found = [
        Fact("Images examined", str(seen.images)),
        Fact("Blank images", _of(seen.blank, seen.images)),
        Fact("Exact copies of an earlier image", _of(seen.duplicates, seen.images)),
        Fact("Near copies of an earlier image", _of(seen.near_duplicates, seen.images)),
        Fact("Copies that came with another label", _of(seen.conflicting, seen.images)),
        Fact("Batches of one class alone", _of(seen.single_class_batches, seen.batches)),
    ]
    if np.isfinite(seen.label_entropy) and np.isfinite(seen.shuffled_entropy):
        mixed = f"{amount(seen.label_entropy)} nats (shuffled: {amount(seen.shuffled_entropy)})"
        found.append(Fact("Mixture of labels in a batch", mixed))
    return found


def _compared(seen: HeldOutAudit) -> list[Fact]:
    found = [
        Fact("Held-out images examined", str(seen.images)),
        Fact("Held-out images that are training images", _of(seen.repeated, seen.images)),
        Fact("Further near copies of training images", _of(seen.near_repeated, seen.images)),
    ]
    if np.isfinite(seen.separability):
        told = f"AUC {amount(seen.separability)} ± {amount(seen.separability_error)} (0.5: not)"
        found.append(Fact("Told from training images by simple statistics", told))
    return found


def _of(number: int, whole: int) -> str:
    if number < 0:
        return "not known"
    return f"{number} ({percent(number / whole)})" if number and whole else str(number)


def _suspects(subject: Subject, shown: Pictures) -> tuple[Suspect, ...]:
    entry = subject.last("", ImageAnswers)
    if entry is None:
        return ()
    seen = entry.value
    wrong = [
        Suspect(
            image,
            int(seen.label[image]),
            int(seen.chosen[image]),
            float(seen.probability[image]),
            float(seen.runner_up[image]),
        )
        for image in shown.images
        if image < len(seen.label) and 0 <= seen.label[image] != seen.chosen[image]
    ]
    return tuple(sorted(wrong, key=lambda s: -np.nan_to_num(s.answer_probability)))


def counted(card: DataCard) -> str:
    """How many labels and classes there are, in words."""
    counted_words = COUNTED.get(card.kind)
    if not card.classes or counted_words is None:
        return "No labels were seen" if card.kind == TargetKind.NONE else f"Labels: {card.kind}"
    what, whose = counted_words
    labels = sum(c.labels for c in card.classes)
    return f"{labels} {what} of {len(card.classes)} {whose} seen"
