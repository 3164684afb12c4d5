"""S20 loss-curve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from snellen.core import Severity
from snellen.record import Clock, LossSeries, Subject
from snellen.stats import TargetKind, WeightUpdate
from snellen.symptoms import landmarks
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.answers import targets
from snellen.symptoms.curves import Curve, curve
from snellen.symptoms.facts import loaded, record
from snellen.symptoms.outcome import BINARY, end_of, first_of, training_loss, yardstick
from snellen.symptoms.phases import number
from snellen.symptoms.structure import convolutional
from snellen.symptoms.wording import amount, count, percent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """A loss that took another course than down."""

    kind: str
    """`divergence`, `spikes`, `oscillation`, `plateau at the prior loss`, `plateau at a clip
    constant`, `plateau`, `slow`."""
    first: float
    """Loss at the start."""
    last: float
    """Loss at the end, averaged."""
    reference: float
    """What it is compared with: the prior loss, the clip constant; NaN where there is none."""
    measure: float
    """`spikes`: how many; `oscillation`: typical swing between epochs; `slow`: the median relative
    update; else NaN."""
    allowed: float

    def sentence(self) -> str:
        guessing = (
            f"guessing gives {amount(self.reference)}; " if np.isfinite(self.reference) else ""
        )
        first, last = amount(self.first), amount(self.last)
        match self.kind:
            case "divergence":
                seen = f"the training loss rose from {first} to {last}"
                if not np.isfinite(self.last):
                    began = f"began at {first} and " if np.isfinite(self.first) else ""
                    seen = f"the training loss {began}ended not finite"
                allowed = f"{self.allowed:g} times the start"
            case "spikes":
                seen = (
                    f"the training loss leapt up {count(int(self.measure), 'time')} by more than "
                    "the loss of guessing and came back"
                )
                allowed = f"{self.allowed:g} times"
            case "oscillation":
                seen = (
                    f"the training loss swings by {amount(self.measure)} from epoch to epoch around"
                    f" {last} and does not fall"
                )
                allowed = f"{percent(self.allowed)} of that"
            case "slow":
                seen = (
                    f"the training loss went from {first} to {last} only; one update changes the "
                    f"weights by {amount(self.measure)} of their size"
                )
                allowed = f"at least {amount(self.allowed)}"
            case "plateau at a clip constant":
                return (
                    f"the training loss stands at {last}, the constant {amount(self.reference)} of "
                    "answers that are wrong and fully sure (allowed: none)"
                )
            case _:
                seen = f"the training loss went from {first} to {last} and stands still"
                allowed = f"{percent(self.allowed)} of the way from guessing at least"
        return f"{seen} ({guessing}allowed: {allowed})"


@dataclass(frozen=True)
class LossCurve(Symptom):
    """A training loss that does not come down as it should.

    ## What it finds
    - *divergence*: the loss ends well above where it began, or is not finite;
    - *spikes*: it leaps up again and again by more than the loss of guessing;
    - *oscillation*: means over epochs swing, far beyond the noise of batches, and do not fall;
    - *plateau*: it stands still at the loss of guessing, at a constant that clipped logarithms
      make, or elsewhere far from zero;
    - *slow*: it has hardly come down, and every update is tiny.

    ## Why it matters
    Whatever the cause, the network did not learn what it could have. Which course the loss took
    tells where to look.

    ## Common causes
    Divergence, spikes, oscillation: a learning rate too high, no clipping, batches that differ.
    Plateau at guessing: dead channels, labels without signal, a lost gradient. Plateau at a
    constant: a saturated output. Slow: a learning rate too low.

    ## What looks similar
    The loss of single batches is noisy: whole epochs are compared, or twentieths of the training.
    Label smoothing raises the floor, mixed images have no known one. Schedules with restarts raise
    the loss on purpose: while the learning rate moves up, swings are not judged. A loss that has
    come most of the way down and stands still has converged. A training of few epochs is not slow.

    ## Example
    Adam with a learning rate of 1e-5: after ten epochs the loss is 2.29 of 2.30.

    ## References
    - Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability,
      2021, https://arxiv.org/abs/2103.00065
    - Zhang et al., AutoTrainer: An Automatic DNN Training Problem Detection and Repair System,
      2021, https://doi.org/10.1109/ICSE43902.2021.00043
    """

    code = "S20"
    name = "loss-curve"
    since = "0.1"
    reads = (WeightUpdate,)

    max_rise: float = threshold(
        1.5, unit="last loss over the first", because="a loss that learns ends below its start"
    )
    max_spikes: float = threshold(
        3.0, unit="leaps", because="single leaps recover, and are normal at the edge of stability"
    )
    max_swing: float = threshold(
        0.1,
        unit="standard deviation of epoch means, over the loss of guessing",
        because="healthy nets differ by less from one epoch to the next",
    )
    near_prior: float = threshold(
        0.05, unit="way from guessing to the floor", because="within 5% nothing was learnt"
    )
    high: float = threshold(
        0.5,
        unit="way left to the floor, as a share of the loss of guessing",
        because="a plateau below it is what hard data and strong augmentation give",
    )
    standstill: float = threshold(
        0.01,
        unit="fall over the last fifth, and at least five epochs, over the loss of guessing",
        because="CATALOGUE S20",
    )
    min_update: float = threshold(
        2e-4,
        unit="median relative update",
        because="healthy nets move by 2e-4 to 6e-3 per step; Adam at 1e-5 by 1e-4",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        if not convolutional(subject):
            return
        series = training_loss(subject)
        if series is None or not len(series.values):
            yield Unjudged("", "the training loss")
            return
        course = curve(subject, series)
        if not np.isfinite(series.values[-1]):
            yield self._diverged(subject, series, float("nan"))
        elif course is None:
            yield Unjudged("", "a longer training: 12 steps, in four epochs or parts")
        else:
            yield (
                self._clipped(subject, series, course)
                or self._divergence(subject, series)
                or self._swings(subject, series, course)
                or self._slow(subject, series, course)
                or self._standing(subject, series, course)
                or Healthy("")
            )

    def _diverged(self, subject: Subject, series: LossSeries, last: float) -> Suspicion:
        start = _start(series)
        reference, none = yardstick(subject).prior, float("nan")
        evidence = Course("divergence", start, last, reference, none, self.max_rise)
        beyond = ~np.isfinite(series.values) | (series.values > self.max_rise * start)
        at = np.flatnonzero(beyond)
        step = int(series.steps[at[0]]) if len(at) else None
        broken = not np.isfinite(last) or last > 2 * self.max_rise * start
        severity = Severity.ERROR if broken else Severity.WARNING
        evident = not np.isfinite(last) or _comparable(subject)
        return Suspicion("", severity, evidence, step=step, evident=evident)

    def _divergence(self, subject: Subject, series: LossSeries) -> Suspicion | None:
        start, end = _start(series), end_of(series, subject)
        prior = yardstick(subject).prior
        beyond_guessing = not np.isfinite(prior) or end > self.max_rise * prior
        # Losses may be negative: only a positive start says what a rise is.
        if start > 0 and end > self.max_rise * start and beyond_guessing:
            return self._diverged(subject, series, end)
        return None

    def _swings(self, subject: Subject, series: LossSeries, course: Curve) -> Suspicion | None:
        scale = _scale(subject, series)
        if not scale > 0 or _restarts(subject):
            return None
        oscillation = self._oscillation(subject, series, course, scale)
        if oscillation is not None:
            return oscillation
        spikes = _spikes(series, scale)
        if len(spikes) <= self.max_spikes:
            return None
        evidence = self._evidence("spikes", subject, series, float(len(spikes)), self.max_spikes)
        return Suspicion("", Severity.WARNING, evidence, step=spikes[0])

    def _oscillation(
        self, subject: Subject, series: LossSeries, course: Curve, scale: float
    ) -> Suspicion | None:
        half = slice(len(course.means) // 2, None)
        means, errors = course.means[half], course.errors[half]
        n = len(means)
        if n < 5:
            return None
        slope = float(np.polyfit(np.arange(n), means, 1)[0])
        swing = float((means - slope * (np.arange(n) - (n - 1) / 2)).std())
        beyond_noise = float(np.median(np.abs(np.diff(means)))) > 3 * float(np.median(errors))
        level = float(means.mean())
        turns = np.diff(np.sign(np.diff(means)))
        # Means that only rise or only fall do not swing.
        turning = float((turns != 0).mean()) >= 0.4
        if not (swing > self.max_swing * scale and swing > 0.1 * abs(level) and beyond_noise):
            return None
        if not turning or abs(slope) * n > 2 * swing:
            return None
        evidence = self._evidence("oscillation", subject, series, swing, self.max_swing)
        high = level > 0.3 * scale
        step = int(course.steps[half][0])
        evident = high and _comparable(subject)
        return Suspicion("", Severity.WARNING, evidence, step=step, evident=evident)

    def _clipped(self, subject: Subject, series: LossSeries, course: Curve) -> Suspicion | None:
        end = end_of(series, subject)
        clip = _clip_constant(subject, end)
        if clip is None or not self._stands(subject, series, course):
            return None
        kind, none = "plateau at a clip constant", float("nan")
        evidence = Course(kind, first_of(series), end, clip, none, 0.0)
        return Suspicion("", Severity.WARNING, evidence, evident=True)

    def _stands(self, subject: Subject, series: LossSeries, course: Curve) -> bool:
        """The loss fell by less than a hundredth of its scale over the last fifth."""
        scale, n = _scale(subject, series), len(course.means)
        five = 5 if course.epochs == 1 else 3
        window = max(min(five, n // 2), n // 5)
        before, after = course.means[-2 * window : -window], course.means[-window:]
        if not scale > 0 or not len(before):
            return False
        return float(before.min() - after.min()) <= self.standstill * scale

    def _standing(self, subject: Subject, series: LossSeries, course: Curve) -> Suspicion | None:
        measure, end = yardstick(subject), end_of(series, subject)
        if not self._stands(subject, series, course):
            return None
        way = (end - measure.floor) / (measure.prior - measure.floor)
        if np.isfinite(way) and abs(1 - way) <= self.near_prior:
            kind, allowed = "plateau at the prior loss", self.near_prior
        elif np.isfinite(way) and way > self.high:
            kind, allowed = "plateau", 1 - self.high
        else:
            return None
        evidence = self._evidence(kind, subject, series, float("nan"), allowed)
        return Suspicion("", Severity.WARNING, evidence)

    def _slow(self, subject: Subject, series: LossSeries, course: Curve) -> Suspicion | None:
        epochs = number(subject, "epochs")
        planned = number(subject, "planned_steps") or float(subject.steps)
        too_short = (epochs is not None and epochs < 3) or subject.steps < 30
        if too_short or subject.steps < 0.9 * planned or loaded(subject):
            return None
        measure, end, start = yardstick(subject), end_of(series, subject), first_of(series)
        way = (end - measure.floor) / (measure.prior - measure.floor)
        left = way if np.isfinite(way) else end / start if start > 0 else 0.0
        update = _tiny_updates(subject, self.min_update)
        if not left > self.high or update is None or end > 1.2 * start > 0:
            return None
        evidence = self._evidence("slow", subject, series, update, self.min_update)
        return Suspicion("", Severity.WARNING, evidence, evident=_comparable(subject))

    def _evidence(
        self, kind: str, subject: Subject, series: LossSeries, measure: float, allowed: float
    ) -> Course:
        return Course(
            kind,
            first_of(series),
            end_of(series, subject),
            yardstick(subject).prior,
            measure,
            allowed,
        )


def _start(series: LossSeries) -> float:
    """The very first loss: in the steps after it an explosion may already be under way."""
    finite = series.values[np.isfinite(series.values)][:1]
    return float(min(finite[0], first_of(series))) if len(finite) else float("nan")


def _comparable(subject: Subject) -> bool:
    """The loss has a known value for guessing, and is not the yes or no of one of two models
    trained against each other, whose loss rises where the other one wins."""
    seen = targets(subject)
    known = np.isfinite(yardstick(subject).prior)
    return bool(known) and seen is not None and seen.kind != TargetKind.MULTI_LABEL


def _scale(subject: Subject, series: LossSeries) -> float:
    """What a change of the loss is measured in: the prior loss, else the first loss."""
    measure = yardstick(subject)
    known = measure.prior - measure.floor
    return known if np.isfinite(known) else abs(first_of(series))


def _spikes(series: LossSeries, scale: float) -> list[int]:
    """Steps at which the loss leapt above all that its surroundings explain and came back within
    50 steps."""
    values = series.values
    if len(values) < 50:
        return []
    found: list[int] = []
    for i in range(20, len(values) - 1):
        around = values[i - 20 : i]
        if not np.isfinite(around).all() or not np.isfinite(values[i]):
            continue
        level = float(np.median(around))
        spread = 1.48 * float(np.median(np.abs(around - level)))
        limit = level + max(6 * spread, 0.3 * abs(level), scale)
        came_back = bool((values[i + 1 : i + 51] < level + 0.5 * (limit - level)).any())
        apart = not found or int(series.steps[i]) - found[-1] > 10
        if values[i] > limit and came_back and apart:
            found.append(int(series.steps[i]))
    return found


def _restarts(subject: Subject) -> bool:
    """A learning rate that rises in the second half of the training: cyclic, or with restarts."""
    rates = [
        float(m.facts["learning_rate"])
        for m in subject.moments
        if m.step >= subject.steps / 2 and isinstance(m.facts.get("learning_rate"), int | float)
    ]
    return any(b > 1.2 * a > 0 for a, b in pairwise(rates))


def _clip_constant(subject: Subject, end: float) -> float | None:
    """The constant of fully sure wrong answers that this loss is, if it is one."""
    seen = targets(subject)
    name = record(subject, "loss").get("name")
    if seen is None or not len(seen.counts):
        return None
    shares = seen.priors
    binary = name in BINARY
    if binary and len(shares) == 1:
        shares = np.array([1 - shares[0], shares[0]])
    if name not in ("cross_entropy", *BINARY) or len(shares) < 2:
        return None
    keras = subject.framework.startswith("keras")
    each = (
        (landmarks.KERAS_CLIP_BINARY if binary else landmarks.KERAS_CLIP)
        if keras
        else landmarks.TORCH_BCE_CLAMP
    )
    if not keras and not binary:
        return None
    # Always answering one class, whichever it is, makes the share of the others wrong.
    for share in np.unique(1 - shares[shares > 0]):
        if share > 0 and landmarks.on(end, float(share) * each):
            return float(share) * each
    return None


def _tiny_updates(subject: Subject, limit: float) -> float | None:
    """The median relative update over layers, where all layers move as little; else `None`.

    Layers that don't move at all are frozen or dead: another fault. So are layers of which some
    move far more than others.
    """
    found: list[float] = []
    for layer in subject.layers:
        if not layer.trainable or not layer.weighted:
            continue
        history = subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        late = [e.value.relative_update for e in history if e.step >= subject.steps / 4]
        known = [u for u in late if np.isfinite(u)]
        if known:
            found.append(float(np.median(known)))
    if not found or min(found) <= 0:
        return None
    middle = float(np.median(found))
    together = max(found) < 1.5 * limit or max(found) < 30 * min(found)
    return middle if middle < limit and together else None
