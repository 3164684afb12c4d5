"""How a training turned out, read from what the script itself computed (CATALOGUE §0.2, gate 1).

Nearly every oddity inside a network also occurs in networks that work, so an oddity is a fault only
where the outcome is harmed. The rules lean to the side of the training: whatever cannot be compared
is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.core import Strictness
from snellen.record import HELD_OUT, Clock, LossSeries, Subject
from snellen.stats import Predictions, TargetKind, Targets
from snellen.symptoms import landmarks
from snellen.symptoms.facts import record
from snellen.symptoms.phases import SEVERAL_EPOCHS, Phase, number, timeline

Floats = npt.NDArray[np.float64]

BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")

NO_BETTER = 0.95
"""Share of the way from the loss's floor to the prior loss above which a loss is no better than
guessing."""
EXPLODED = 10.0
"""Times the prior loss (and the first loss) that no warm-up excuses."""
STILL_FALLING = 0.02
"""Fall over the second half of a training, as a share of the prior loss, that counts as
improving."""
CLEAR_SKILL = 0.25
"""Share of the way from chance to perfect recall that a network which guesses does not reach."""
LITTLE_WAY = 0.8
"""Share of the loss left above which a training hardly began to learn. Healthy ones of the gallery
have at most a half left."""
HALF_SKILL = 0.5
"""Share of the way from chance to perfect recall that no loss value argues away."""
OWN_CLAIM = 0.85
"""Share of exp(−loss), the probability that right answers had in training, which answers in
evaluation mode keep at least. Those of healthy networks keep all of it."""
IMBALANCED = 0.8
"""Share of the largest class from which on a decision threshold may hide what was learnt."""
ENOUGH_UNSEEN = 100
"""Held-out images from which on their recall tells an outcome."""
LEARNT_ANYWAY = 0.6
"""Share of the prior loss below which an imbalanced classifier has learnt, whatever it decides."""


@dataclass(frozen=True)
class Outcome:
    """What the training came to."""

    harmed: bool | None
    """`None`: unknown (nothing to compare with, or too short a training)."""
    reasons: tuple[str, ...]
    """One clause each, most telling first: `the training loss ended at 2.31; ...`."""
    loss: float = float("nan")
    """Training loss at the end, averaged over the last epoch or tenth; NaN when none was seen."""
    prior_loss: float = float("nan")
    """Loss of the best constant guess, comparable with `loss`; NaN when there is no such number."""
    macro_recall: float = float("nan")
    chance: float = float("nan")
    """Macro recall of guessing: 1 / classes."""


@dataclass(frozen=True)
class Yardstick:
    """What the training loss can be compared with."""

    prior: float
    """Loss of the best constant guess; NaN: the loss has no such number."""
    floor: float = 0.0
    """Least loss that any answer reaches (label smoothing raises it)."""

    @property
    def limit(self) -> float:
        """From here on the loss is no better than guessing."""
        return self.floor + NO_BETTER * (self.prior - self.floor)


@dataclass(frozen=True)
class Recall:
    """Macro recall on the probe beside what guessing would give."""

    value: float
    chance: float
    sigmas: float
    """Standard deviations of guessing above chance, less half an image."""
    needed: float = Strictness.NORMAL.sigmas
    """Standard deviations that show skill."""

    @property
    def at_chance(self) -> bool:
        return self.sigmas < self.needed

    @property
    def skill(self) -> float:
        """0 for guessing, 1 for perfection."""
        return (self.value - self.chance) / (1 - self.chance)


def outcome(
    subject: Subject, *, adversarial: bool = False, strictness: Strictness = Strictness.NORMAL
) -> Outcome:
    """How a training turned out: harmed, unharmed or unknown.

    Harmed is a training

    - whose loss, or whose weights, are not finite at the end;
    - whose loss exploded: ten times its start, and ten times that of guessing where that is known;
    - whose loss ends no better than the best constant guess (within 5% of its way down) and is no
      longer falling. Cross-entropies compare with the entropy of the labels, squared errors with
      their variance. Label smoothing moves both ends of the scale. Losses that are summed, weigh
      classes, mix several tasks or are of another kind compare with nothing: a fall by 5% counts as
      unharmed, no fall as unknown;
    - whose macro recall on the probe, in evaluation mode, is what guessing gives (within three
      standard deviations of guessing), whatever its accuracy;
    - whose macro recall on at least 100 held-out images is what guessing gives, after three epochs;
    - that hardly began to learn: more than 80% of the loss is left after three epochs (or it is no
      longer falling), and training images are answered less than half of the way from guessing to
      perfection;
    - whose network answers its training images far less well, in evaluation mode, than its training
      loss says it did in training: a loss L gives right answers a probability of exp(−L) or more
      on average, and such images are answered rightly at least about as often.

    A recall of half the way or more outweighs a high loss, as under heavy augmentation. Unknown is
    a training that ended within its warm-up (one epoch and at least 100 steps; a third of the steps
    where at least three epochs were done), one that was still falling, one at chance after fewer
    than three epochs whose loss is falling, and one of two models trained against each other
    (`adversarial`).
    """
    broken = _non_finite(subject)
    if broken:
        return Outcome(True, (broken,))
    if adversarial:
        return Outcome(None, ("it is trained against another model, so its loss tells no outcome",))
    series = training_loss(subject)
    end = end_of(series, subject)
    measure = yardstick(subject)
    recall = macro_recall(subject, sigmas=strictness.sigmas)
    exploded = _exploded(series, end, measure)
    warm = timeline(subject).phase(subject.steps) in (Phase.INIT, Phase.WARM_UP)
    if exploded:
        harmed, reasons = True, (exploded,)
    elif warm:
        harmed, reasons = (
            None,
            (f"the training ended within its warm-up, after {subject.steps} steps",),
        )
    else:
        harmed, reasons = _judged(series, end, measure, recall, subject)
        if not harmed:
            further = _no_better_on_unseen(subject, strictness) or _below_its_claim(subject, end)
            harmed, reasons = (True, (further, *reasons)) if further else (harmed, reasons)
    return Outcome(
        harmed,
        reasons,
        end,
        measure.prior,
        recall.value if recall else float("nan"),
        recall.chance if recall else float("nan"),
    )


def _judged(
    series: LossSeries | None,
    end: float,
    measure: Yardstick,
    recall: Recall | None,
    subject: Subject,
) -> tuple[bool | None, tuple[str, ...]]:
    by_loss, loss_reason = _by_loss(series, end, measure, subject)
    if recall is None:
        return by_loss, (loss_reason,)
    said = f"macro recall on the probe is {recall.value:.2f}; guessing gives {recall.chance:.2f}"
    if recall.at_chance:
        epochs = number(subject, "epochs")
        if by_loss is False and epochs is not None and epochs < SEVERAL_EPOCHS:
            return None, (f"{said}, but {loss_reason} after few epochs",)
        if by_loss is False and _imbalanced(subject) and end < LEARNT_ANYWAY * measure.prior:
            return None, (f"{said}, yet {loss_reason}",)
        return True, (said, loss_reason)
    if by_loss and recall.skill >= HALF_SKILL and not end > 1.5 * measure.prior:
        return False, (said, loss_reason)
    if by_loss is False and recall.skill < HALF_SKILL and _hardly_began(series, end, subject):
        return True, (loss_reason, said)
    if by_loss is None:
        return (False, (said,)) if recall.skill >= CLEAR_SKILL else (None, (said, loss_reason))
    return by_loss, (loss_reason, said)


def _by_loss(
    series: LossSeries | None, end: float, measure: Yardstick, subject: Subject
) -> tuple[bool | None, str]:
    if series is None or not np.isfinite(end):
        return None, "no training loss was seen"
    if not np.isfinite(measure.prior):
        return _by_fall(series, end, subject)
    said = f"the training loss ended at {end:.3g}; guessing the prior gives {measure.prior:.3g}"
    if end < measure.limit:
        return False, said
    if _still_falling(series, measure.prior):
        return None, f"{said}, and it was still falling"
    return True, said + _landmarks(series, end, subject)


def _landmarks(series: LossSeries, end: float, subject: Subject) -> str:
    """What else is known of this loss, as further clauses."""
    last = subject.last("", Targets, "", Clock.INLINE)
    binary = record(subject, "loss").get("name") in BINARY
    clauses: list[str] = []
    if last is not None and (binary or record(subject, "loss").get("name") == "cross_entropy"):
        clipped = subject.framework.startswith("keras")
        # The mean over an epoch that the framework logged weighs its last, smaller batch rightly.
        logged = subject.losses.get("loss")
        exact = [float(logged.values[-1])] if logged is not None and len(logged.values) else []
        said = [
            landmarks.named(value, last.value.priors, binary=binary, clipped=clipped)
            for value in (*exact, end)
        ]
        clauses += [clause for clause in said if clause][:1]
    if landmarks.bit_identical(series.values):
        clauses.append("its last values are the same to the last bit, so no gradient is left")
    return "".join(f"; {clause}" for clause in clauses)


def _by_fall(series: LossSeries, end: float, subject: Subject) -> tuple[bool | None, str]:
    """For losses without a prior: a fall is good; without one there is only the error of a mean."""
    start = first_of(series)
    said = f"the training loss went from {start:.3g} to {end:.3g}"
    spread = _target_spread(subject) if _averaged(record(subject, "loss")) else float("inf")
    if record(subject, "loss").get("name") == "mae" and end > spread:
        falling = _still_falling(series, spread)
        return (None if falling else True), f"{said}; guessing the mean gives at most {spread:.3g}"
    if start > 0 and 0 <= end <= 0.95 * start:
        return False, said
    return None, f"{said}, which has no known value for guessing"


def yardstick(subject: Subject) -> Yardstick:
    """The prior loss and floor of the subject's loss, where the two are in the same unit.

    Cross-entropies compare with the entropy of the labels, squared errors with their variance; not
    when the loss is summed, weighs classes, or is of another kind.
    """
    none = Yardstick(float("nan"))
    last = subject.last("", Targets, "", Clock.INLINE)
    loss = record(subject, "loss")
    # What a Keras model reports includes its layers' penalties.
    penalised = bool(subject.facts.get("regularisers"))
    if last is None or penalised or not _averaged(loss) or _composed(subject):
        return none
    targets, name = last.value, loss.get("name")
    smoothing = _smoothing(loss)
    one_of_many = targets.kind in (TargetKind.CLASSES, TargetKind.SEGMENTATION)
    if name in ("cross_entropy", "nll") and one_of_many:
        classes = _classes(subject, targets)
        floor = _floor(targets, loss, classes)
        if floor is None:
            return none
        priors = np.concatenate([targets.priors, np.zeros(classes - len(targets.priors))])
        found = Yardstick(landmarks.smoothed_prior(priors, smoothing), floor)
    elif name in BINARY:
        found = _binary_yardstick(targets, smoothing)
    elif (
        name == "mse" and targets.kind == TargetKind.REGRESSION and _same_outputs(subject, targets)
    ):
        found = Yardstick(targets.prior_loss)
    else:
        return none
    # Labels that are all alike can be guessed without error: nothing to compare with.
    return found if found.prior - found.floor > 1e-6 else none


def _floor(targets: Targets, loss: Mapping[str, Any], classes: int) -> float | None:
    """What a cross-entropy can't fall below: the entropy of the labels as it takes them, as of
    mixed images; `None` where they have none, or it is not known."""
    if np.isfinite(targets.blur):
        return targets.blur
    # Run files of older releases do not have it.
    shares = np.isfinite(targets.sum_high) or loss.get("labels") == "probabilities"
    return None if shares else landmarks.smoothed_floor(classes, _smoothing(loss))


def _binary_yardstick(targets: Targets, smoothing: float) -> Yardstick:
    if targets.kind == TargetKind.MULTI_LABEL:
        priors = targets.priors
    elif targets.kind in (TargetKind.CLASSES, TargetKind.SEGMENTATION):
        priors = targets.priors if len(targets.counts) > 2 else targets.priors[1:]
    else:
        return Yardstick(float("nan"))
    return Yardstick(landmarks.binary_prior(priors, smoothing), landmarks.binary_floor(smoothing))


def _no_better_on_unseen(subject: Subject, strictness: Strictness) -> str:
    """A clause where the answers for held-out images are those of guessing; empty otherwise."""
    epochs = number(subject, "epochs")
    if epochs is not None and epochs < SEVERAL_EPOCHS:
        return ""
    unseen = macro_recall(subject, HELD_OUT, sigmas=strictness.sigmas)
    last = subject.last("", Predictions, HELD_OUT)
    enough = last is not None and last.value.images >= ENOUGH_UNSEEN
    if unseen is None or not enough or not unseen.at_chance or _imbalanced(subject):
        return ""
    return (
        f"macro recall on held-out images is {unseen.value:.2f}; guessing gives {unseen.chance:.2f}"
    )


def _hardly_began(series: LossSeries | None, end: float, subject: Subject) -> bool:
    measure, epochs = yardstick(subject), number(subject, "epochs")
    if series is None or not end > measure.floor + LITTLE_WAY * (measure.prior - measure.floor):
        return False
    planned = number(subject, "planned_steps") or 0.0
    given = epochs is not None and epochs >= SEVERAL_EPOCHS and subject.steps >= planned / 2
    return given or not _still_falling(series, measure.prior)


def _below_its_claim(subject: Subject, end: float) -> str:
    """A clause where the network answers its training images far less often than its training loss
    claims; empty otherwise, and where a loss claims no probability of a class."""
    loss, measure = record(subject, "loss"), yardstick(subject)
    last = subject.last("", Predictions)
    labels = subject.last("", Targets, "", Clock.INLINE)
    recall = macro_recall(subject)
    if recall is None or last is None or labels is None or not np.isfinite(measure.prior):
        return ""
    if loss.get("name") not in ("cross_entropy", "nll") or not np.isfinite(end):
        return ""
    seen, priors = last.value, labels.value.priors
    if len(priors) != len(seen.present):
        return ""
    kept = np.asarray(seen.present) > 0
    recalls = np.asarray(seen.right, np.float64)[kept] / np.asarray(seen.present, np.float64)[kept]
    # The loss weighs classes as they came in training, which the probe need not.
    share = float(recalls @ priors[kept] / priors[kept].sum()) if priors[kept].sum() > 0 else 1.0
    spread = np.sqrt(max(share * (1 - share), 0.0) / max(int(np.sum(seen.present)), 1))
    claimed = float(np.exp(-end))
    if not share + 1.645 * float(spread) < OWN_CLAIM * claimed:
        return ""
    return (
        f"in evaluation mode {share:.0%} of the training images are answered rightly, while a "
        f"training loss of {end:.3g} means {claimed:.0%}"
    )


def macro_recall(
    subject: Subject, part: str = "", *, sigmas: float = Strictness.NORMAL.sigmas
) -> Recall | None:
    """Macro recall of the last look at the probe (or at the images of `part`), for one answer of
    several per image; `sigmas` is what shows skill.

    `None` for other kinds of labels, and when the look was in the warm-up or the first half.

    If the answers had nothing to do with the labels, the images of class k answered rightly would
    follow a hypergeometric law. Its spread, with half an image of continuity, is the margin.
    """
    last = subject.last("", Predictions, part)
    if last is None or len(last.value.present) != len(last.value.right):
        return None
    # Answers from before the network could learn say nothing of how its training ended.
    young = timeline(subject).phase(last.step) in (Phase.INIT, Phase.WARM_UP)
    if young or last.step < subject.steps / 2:
        return None
    labels = subject.last("", Targets, "", Clock.INLINE)
    if labels is not None and not _one_answer(labels.value):
        return None
    seen: Predictions = last.value
    present = np.asarray(seen.present, np.float64)
    kept = present > 0
    n = float(present.sum())
    if kept.sum() < 2 or len(seen.chosen) != len(present) or n < 2:
        return None
    p, chosen = present[kept], np.asarray(seen.chosen, np.float64)[kept]
    chance = float((chosen / n).mean())
    spread = np.sqrt(chosen * (p / n) * (1 - p / n) * (n - chosen) / (n - 1)) / p
    # Two classes stand or fall together; many are nearly independent.
    classes = int(kept.sum())
    sigma = float(spread.sum() if classes == 2 else np.sqrt(np.square(spread).sum())) / classes
    half_image = 0.5 / (classes * float(p.min())) if classes > 2 else 0.25 * float((1 / p).sum())
    above = seen.macro_recall - chance - half_image
    return Recall(seen.macro_recall, 1 / classes, above / sigma if sigma > 0 else 0.0, sigmas)


def training_loss(subject: Subject) -> LossSeries | None:
    """The losses that compare with each other over the training.

    Those of the script's loss function; or the scalar that gradients were taken of, where that
    function is unknown or several make up one objective.
    """
    return subject.losses.get("objective" if _composed(subject) else "train")


def _composed(subject: Subject) -> bool:
    """Whether the objective is made of no known loss, or of several at once (a sum of tasks)."""
    parts, whole = subject.losses.get("train"), subject.losses.get("objective")
    if whole is None or not len(whole.values):
        return False
    return parts is None or len(parts.values) > 1.5 * len(whole.values)


def end_of(series: LossSeries | None, subject: Subject) -> float:
    """Mean training loss over the last tenth of the training.

    In whole epochs where they are known; over 20 steps or a quarter at least, and at most over the
    second half. A mean, since only a mean compares with an entropy; a spike that was recovered from
    is left out.
    """
    if series is None or not len(series.values):
        return float("nan")
    last = int(series.steps[-1])
    done, epoch = last + 1, number(subject, "steps_per_epoch") or 0.0
    window = max(0.1 * done, min(20.0, done / 4))
    if epoch >= 1:
        window = float(np.ceil(window / epoch)) * epoch
    kept = series.values[series.steps > last - min(window, max(1.0, done / 2))]
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return float("nan")
    later = kept[len(kept) // 2 :]
    spiked = kept.max() > 5 * np.median(kept) and len(later) >= 5
    return float(min(kept.mean(), later.mean()) if spiked else kept.mean())


def first_of(series: LossSeries) -> float:
    """The loss before anything was learnt: the mean of its first three finite values."""
    finite = series.values[np.isfinite(series.values)][:3]
    return float(finite.mean()) if len(finite) else float("nan")


def _non_finite(subject: Subject) -> str:
    series = training_loss(subject)
    if series is not None and len(series.values) and not np.isfinite(series.values[-1]):
        first = int(series.steps[np.flatnonzero(~np.isfinite(series.values))[0]])
        return f"the training loss is not finite from step {first} on or again at the end"
    for entry in non_finite_facts(subject):
        if entry.get("part") == "weights":
            return f"weights of {entry.get('tensor')} are not finite"
    return ""


def non_finite_facts(subject: Subject) -> list[Mapping[str, Any]]:
    """What capture wrote down when a value first was not finite, in its order."""
    entries: Any = subject.facts.get("nonfinite") or ()
    if not isinstance(entries, list | tuple):
        return []
    kept: list[Any] = list(entries)  # pyright: ignore[reportUnknownArgumentType]
    return [entry for entry in kept if isinstance(entry, Mapping)]


def _exploded(series: LossSeries | None, end: float, measure: Yardstick) -> str:
    if series is None or not np.isfinite(end):
        return ""
    start = first_of(series)
    known = np.isfinite(measure.prior)
    if end > EXPLODED * start > 0 and (not known or end > EXPLODED * measure.prior):
        return f"the training loss exploded from {start:.3g} to {end:.3g}"
    return ""


def _still_falling(series: LossSeries, prior: float) -> bool:
    """Whether the last fifth lies clearly below the fifth after the middle.

    A loss that comes down from an explosion towards the prior is not learning: after one, only a
    fall below the prior counts.
    """
    values = series.values[np.isfinite(series.values)]
    if len(values) < 20:
        return False
    n = len(values)
    middle, end = values[n // 2 : 7 * n // 10], values[-(n // 5) :]
    was = float(middle.mean())
    if float(values[1:].max()) > 3 * prior:
        was = min(was, prior)
    error = float(np.hypot(middle.std(), end.std()) / np.sqrt(len(end)))
    fall = was - float(end.mean())
    return fall > STILL_FALLING * prior and fall > 3 * error


def _averaged(loss: Mapping[str, Any]) -> bool:
    if loss.get("class_weight") or loss.get("pos_weight") or loss.get("sample_weight"):
        return False
    return str(loss.get("reduction", "mean")) in ("mean", "sum_over_batch_size")


def _smoothing(loss: Mapping[str, Any]) -> float:
    value: Any = loss.get("label_smoothing") or 0.0
    return min(max(float(value), 0.0), 1.0) if isinstance(value, int | float) else 0.0


def _classes(subject: Subject, targets: Targets) -> int:
    """Classes the loss chooses from: the head's channels where it is known, else the labels
    seen."""
    units = record(subject, "loss").get("units")
    known = units if isinstance(units, int) and not isinstance(units, bool) else 0
    heads = [layer.channels for layer in subject.layers if layer.head]
    return max(len(targets.counts), known or (heads[-1] if heads else 0))


def _one_answer(targets: Targets) -> bool:
    if targets.kind == TargetKind.MULTI_LABEL:
        return len(targets.counts) == 1
    return targets.kind in (TargetKind.CLASSES, TargetKind.NONE)


def _imbalanced(subject: Subject) -> bool:
    last = subject.last("", Targets, "", Clock.INLINE)
    if last is None or not len(last.value.counts):
        return False
    largest = float(last.value.priors.max())
    return max(largest, 1 - largest if len(last.value.counts) == 1 else 0.0) >= IMBALANCED


def _same_outputs(subject: Subject, targets: Targets) -> bool:
    """Whether the targets' variance is that of single outputs (large ones are averaged per
    image)."""
    heads = [layer for layer in subject.layers if layer.head]
    if heads:
        return heads[-1].channels * int(np.prod(heads[-1].positions)) == len(targets.mean)
    return len(targets.mean) > 1


def _target_spread(subject: Subject) -> float:
    """Standard deviation of regression targets; inf when unknown. A mean absolute error never needs
    to exceed it: E|y − m| ≤ σ."""
    last = subject.last("", Targets, "", Clock.INLINE)
    if last is None or last.value.kind != TargetKind.REGRESSION:
        return float("inf")
    prior = last.value.prior_loss if _same_outputs(subject, last.value) else float("inf")
    return float(np.sqrt(prior)) if prior > 0 else float("inf")
