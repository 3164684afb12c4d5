"""How well the model answers for images it was trained on, and for images it was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.record import HELD_OUT, Clock, Subject
from snellen.stats import HeldOutAudit, ImageAnswers, TargetKind, Targets
from snellen.symptoms.phases import Phase, timeline

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """Macro recall: the mean over classes of the share answered rightly."""

    images: int
    value: float
    error: float
    """Standard error, never zero: of each recall with one right and one wrong image more."""
    chance: float
    """1 / classes present: what guessing gives."""

    @property
    def skill(self) -> float:
        """0 for guessing, 1 for perfection."""
        return (self.value - self.chance) / (1 - self.chance)

    @property
    def at_chance(self) -> bool:
        """Not above guessing by three standard errors."""
        return self.value < self.chance + 3 * self.error


@dataclass(frozen=True)
class Gap:
    """Macro recall on training images against held-out ones, over the classes that both have."""

    training: Score
    held_out: Score

    @property
    def size(self) -> float:
        return self.training.value - self.held_out.value

    @property
    def error(self) -> float:
        return float(np.hypot(self.training.error, self.held_out.error))

    @property
    def surely(self) -> float:
        """The least that the gap is, with 95% confidence (one-sided)."""
        return self.size - 1.645 * self.error


def answers(subject: Subject, part: str = "") -> ImageAnswers | None:
    """The last answers for the probe (or `part="held-out"`), of images whose label is known.

    `None` where there are none, and where they come from the warm-up or the first half: those say
    nothing of how the training ended.
    """
    last = subject.last("", ImageAnswers, part)
    if last is None or last.step < subject.steps / 2:
        return None
    if timeline(subject).phase(last.step) in (Phase.INIT, Phase.WARM_UP):
        return None
    seen = last.value
    known = (seen.label >= 0) & (seen.chosen >= 0)
    if known.sum() < 2:
        return None
    return ImageAnswers(
        seen.label[known], seen.chosen[known], seen.probability[known], seen.runner_up[known]
    )


def score(seen: ImageAnswers, among: npt.NDArray[np.int64] | None = None) -> Score | None:
    """Macro recall over the classes present (or those `among` that are); `None` for fewer than
    two."""
    present = np.unique(seen.label)
    kept = present if among is None else np.intersect1d(present, among)
    if len(kept) < 2:
        return None
    of = [seen.chosen[seen.label == k] == k for k in kept]
    sizes = np.array([len(x) for x in of], np.float64)
    rights = np.array([float(x.sum()) for x in of])
    doubt = (rights + 1) / (sizes + 2)
    error = float(np.sqrt((doubt * (1 - doubt) / (sizes + 2)).sum())) / len(kept)
    return Score(int(sizes.sum()), float((rights / sizes).mean()), error, 1 / len(kept))


def training_score(subject: Subject) -> Score | None:
    seen = answers(subject)
    return None if seen is None else score(seen)


def gap(subject: Subject, *, at_least: int = 0) -> Gap | None:
    """`None` unless both sides have answers, with at least so many held-out images."""
    ours, theirs = answers(subject), answers(subject, HELD_OUT)
    if ours is None or theirs is None:
        return None
    shared = np.intersect1d(ours.label, theirs.label)
    training, held_out = score(ours, shared), score(theirs, shared)
    if training is None or held_out is None or held_out.images < at_least:
        return None
    return Gap(training, held_out)


def targets(subject: Subject) -> Targets | None:
    last = subject.last("", Targets, "", Clock.INLINE)
    return last.value if last else None


def class_counts(subject: Subject) -> npt.NDArray[np.int64]:
    """Images of each class as they came by in training, for one answer per image (a yes or no is
    two classes); empty for other kinds of labels."""
    seen = targets(subject)
    none = np.zeros(0, np.int64)
    if seen is None:
        return none
    if seen.kind == TargetKind.CLASSES:
        return seen.counts
    if seen.kind == TargetKind.MULTI_LABEL and len(seen.counts) == 1:
        yes = int(seen.counts[0])
        return np.array([seen.images - yes, yes], np.int64)
    return none


def rescaled(subject: Subject) -> bool:
    """Held-out images have another range than training images: answers for them tell nothing of
    what was learnt."""
    last = subject.last("", HeldOutAudit, "", Clock.INLINE)
    if last is None:
        return False
    seen = last.value
    if not len(seen.mean) == len(seen.std) == len(seen.training_mean) == len(seen.training_std):
        return False
    known = (seen.training_std > 0) & np.isfinite(seen.training_std) & np.isfinite(seen.mean)
    known &= np.isfinite(seen.training_mean)
    unit = np.where(known, seen.training_std, 1.0)
    with np.errstate(invalid="ignore"):
        shift = np.where(known, np.abs(seen.mean - seen.training_mean) / unit, 0.0)
    wider = known & ((seen.std > 2 * unit) | (seen.std < unit / 2))
    return bool((shift > 1).any() or wider.any())


def one_answer(subject: Subject) -> bool:
    """Each image has one class."""
    return bool((class_counts(subject) > 0).sum() >= 2)
