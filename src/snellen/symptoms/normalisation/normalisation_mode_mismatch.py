"""S35 normalisation-mode-mismatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Subject
from snellen.stats import ModeGap, NormalisationState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.phases import number
from snellen.symptoms.wording import amount, percent

PASSES = 2
"""Fewer evaluations than this show no habit."""


@dataclass(frozen=True)
class Disagreement:
    """The same images, answered with running and with batch statistics."""

    images: int
    running: float
    """Share answered rightly with running statistics; NaN where answers are no classes."""
    batch: float
    running_loss: float
    batch_loss: float
    allowed: float
    cause: str
    """A clause; empty where none was seen."""

    def sentence(self) -> str:
        if np.isfinite(self.running):
            said = (
                f"{percent(self.running)} of {self.images} training images are answered rightly "
                f"with running statistics, {percent(self.batch)} with the batch's own (allowed: "
                f"{100 * self.allowed:.0f} points less)"
            )
        else:
            loss = amount(self.running_loss) if np.isfinite(self.running_loss) else "not finite"
            said = (
                f"the loss on {self.images} training images is {loss} with running statistics, "
                f"{amount(self.batch_loss)} with the batch's own (allowed: {self.allowed:g} times)"
            )
        return said + (f"; {self.cause}" if self.cause else "")


@dataclass(frozen=True)
class Leftover:
    """Running statistics that are still made of what they began with."""

    kept: float
    """Share kept at each step."""
    steps: int
    left: float
    """Share of the values at the start that is left."""
    allowed: float
    layers: int

    def sentence(self) -> str:
        return (
            f"after {self.steps} steps the running statistics of {self.layers} layers still hold "
            f"{percent(self.left)} of what they began with (momentum {self.kept:g}; allowed: "
            f"{percent(self.allowed)})"
        )


@dataclass(frozen=True)
class WrongMode:
    """Passes in the other mode than they are for."""

    what: str
    """`training` or `evaluation`."""
    passes: int
    of: int
    mode: str

    def sentence(self) -> str:
        return (
            f"{self.passes} of {self.of} {self.what} passes ran in {self.mode} mode (allowed: "
            f"none), where dropout and batch normalisation do something else"
        )


@dataclass(frozen=True)
class NormalisationModeMismatch(Symptom):
    """A network that is another one in evaluation than in training.

    ## What it finds
    The probe's training images are answered twice, dropout off: with the running statistics of the
    batch normalisations, as in evaluation, and with those of batches of the training's own size.
    The first way is 5 points worse or more (or the loss is twice as high, where answers are no
    classes). Where that was not measured: running statistics that still hold a tenth or more of the
    values they began with. Also: trainings that ran in evaluation mode, and evaluations that ran in
    training mode.

    ## Why it matters
    Training goes well and every evaluation, and the use of the model later, is worse or by chance.
    It looks like overfitting and is none: the same images are concerned.

    ## Common causes
    Too few steps for the momentum: Keras keeps 99% at each step, so that 40 steps leave 67% of the
    starting values (mean 0, variance 1). `model.eval()` forgotten before evaluation or
    `model.train()` after it. Dropout before a batch normalisation. Batches that differ in kind.

    ## What looks similar
    Overfitting shows on images that were not trained on, not here. Frozen batch normalisations of a
    loaded network run in evaluation mode on purpose and are not reported. A batch of few images has
    noisy statistics of its own; only a worse evaluation counts.

    ## Example
    A Keras network with `BatchNormalization()` trained for two epochs of 20 steps.

    ## References
    - Wu and Johnson, Rethinking "Batch" in BatchNorm, 2021, https://arxiv.org/abs/2105.07576
    - Li et al., Understanding the Disharmony between Dropout and Batch Normalization by Variance
      Shift, 2019, https://arxiv.org/abs/1801.05134
    """

    code = "S35"
    name = "normalisation-mode-mismatch"
    since = "0.1"
    reads = (ModeGap, NormalisationState)

    max_gap: float = threshold(
        0.10,
        unit="share of images answered rightly, batch less running statistics",
        because="healthy networks differ by 2 points; one that still learnt fast ended 9 behind",
    )
    error_gap: float = threshold(
        0.30,
        unit="share of images answered rightly, batch less running statistics",
        because="most of what was learnt is lost in evaluation",
    )
    max_loss_ratio: float = threshold(
        2.0,
        unit="times the loss with the batch's own statistics",
        because="where there are no classes to count",
    )
    max_left: float = threshold(
        0.10,
        unit="share of the starting values left in running statistics",
        because="230 steps at Keras' momentum of 0.99",
    )
    max_shift: float = threshold(
        0.5,
        unit="standard deviations, or logarithm of the variances' ratio",
        because="smaller differences than that do not change answers",
    )
    max_wrong_mode: float = threshold(
        0.5,
        unit="share of passes in the other mode",
        because="a habit, not a first look before training",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        states = last_states(subject)
        wrong = self._wrong_mode(subject)
        gap = subject.last("", ModeGap)
        if gap is not None and gap.step > 0 and gap.value.images > 0:
            found = self._disagreement(subject, gap.value, states)
            if found is not None:
                yield found
                return
        if wrong is not None:
            yield wrong
        elif gap is not None and gap.step > 0 and gap.value.images > 0:
            yield Healthy("", gap.value.images, gap.step)
        elif states:
            yield self._leftover(subject, states)

    def _disagreement(
        self, subject: Subject, gap: ModeGap, states: dict[str, NormalisationState]
    ) -> Suspicion | None:
        n, nan = gap.images, float("nan")
        cause = self._cause(subject, states)
        if gap.eval_right >= 0 and gap.batch_right >= 0:
            running, batch = gap.eval_right / n, gap.batch_right / n
            error = np.sqrt((running * (1 - running) + batch * (1 - batch)) / n)
            if batch - running <= max(self.max_gap, 3 * float(error)) + 1e-9:
                return None
            evidence = Disagreement(
                n, running, batch, gap.eval_loss, gap.batch_loss, self.max_gap, cause
            )
            bad = batch - running > self.error_gap
            severity = Severity.ERROR if bad else Severity.WARNING
            return Suspicion("", severity, evidence, evident=True)
        # Without answers to count, statistics must be seen to differ as well.
        broken = not np.isfinite(gap.eval_loss) and np.isfinite(gap.batch_loss)
        higher = gap.batch_loss > 0 and gap.eval_loss > self.max_loss_ratio * gap.batch_loss
        if not ((broken and not np.isnan(gap.eval_loss)) or (higher and cause)):
            return None
        evidence = Disagreement(
            n, nan, nan, gap.eval_loss, gap.batch_loss, self.max_loss_ratio, cause
        )
        return Suspicion("", Severity.WARNING, evidence, evident=True)

    def _cause(self, subject: Subject, states: dict[str, NormalisationState]) -> str:
        """What is wrong with the running statistics, as a clause."""
        kept, left = _left(subject, states)
        if left > self.max_left and not subject.facts.get("loaded_weights"):
            return f"these still hold {percent(left)} of their start (momentum {kept:g})"
        worst, name = 0.0, ""
        for layer, state in states.items():
            for values in (state.mean_shift, state.log_variance_ratio):
                known = values[np.isfinite(values)]
                if len(known) and float(np.median(known)) > worst:
                    worst, name = float(np.median(known)), layer
        if worst > self.max_shift:
            return f"at {name} they differ by {amount(worst)} (allowed: {self.max_shift:g})"
        return ""

    def _leftover(self, subject: Subject, states: dict[str, NormalisationState]) -> Opinion:
        kept, left = _left(subject, states)
        if subject.facts.get("loaded_weights") or not left > self.max_left:
            return Unjudged("", "an answer to the probe with running and with batch statistics")
        evidence = Leftover(kept, subject.steps, left, self.max_left, len(states))
        return Suspicion("", Severity.WARNING, evidence)

    def _wrong_mode(self, subject: Subject) -> Suspicion | None:
        facts = subject.facts
        tuned = facts.get("loaded_weights") or (number(subject, "frozen_parameters") or 0) > 0
        of = number(subject, "training_passes") or 0
        passes = number(subject, "training_passes_in_eval_mode") or 0
        if not tuned and of >= PASSES and passes > self.max_wrong_mode * of:
            evidence = WrongMode("training", int(passes), int(of), "evaluation")
            return Suspicion("", Severity.WARNING, evidence, step=0)
        of = number(subject, "evaluation_passes") or 0
        passes = number(subject, "evaluation_passes_in_training_mode") or 0
        if of >= PASSES and passes > self.max_wrong_mode * of:
            # A loss computed without gradients tells an evaluation from other passes without them
            # (images that a generator makes, a teacher's answers).
            scored = subject.losses.get("eval")
            evidence = WrongMode("evaluation", int(passes), int(of), "training")
            evident = scored is not None and len(scored.values) > 0
            return Suspicion("", Severity.WARNING, evidence, evident=evident)
        return None


def last_states(subject: Subject) -> dict[str, NormalisationState]:
    """The newest state of every batch normalisation after training began."""
    found: dict[str, NormalisationState] = {}
    for layer in subject.layers:
        last = subject.last(layer.name, NormalisationState)
        if last is not None and last.step > 0 and len(last.value.running_variance):
            found[layer.name] = last.value
    return found


def _left(subject: Subject, states: dict[str, NormalisationState]) -> tuple[float, float]:
    """Share that the slowest running statistic keeps at a step, and what is left of its start."""
    shares = [s.kept for s in states.values() if 0 <= s.kept < 1]
    kept = max(shares, default=0.0)
    return kept, kept ** max(subject.steps, 1)
