"""S21 sharp-minimum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Severity
from snellen.record import Moment, Subject
from snellen.stats import Sharpness
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.optimiser import adaptive
from snellen.symptoms.phases import number
from snellen.symptoms.progress import unlearnt
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class TooSharp:
    """A loss too curved for the step the optimiser takes."""

    largest: float
    """Largest eigenvalue of the Hessian."""
    stable: float
    """Largest that this learning rate and momentum can settle in: (2 + 2β) / η."""
    images: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"the loss on {self.images} images curves with {amount(self.largest)}, "
            f"{amount(self.largest / self.stable)} times what this learning rate can settle in, "
            f"{amount(self.stable)} (allowed: {amount(self.allowed)} times)"
        )


@dataclass(frozen=True)
class Overshoot:
    """One more step like the last leads uphill."""

    here: float
    half: float
    one: float
    two: float
    allowed: float
    """Rise of the loss over one step, as a share of the loss."""

    def sentence(self) -> str:
        return (
            f"another step like the last takes the loss on the probe from {amount(self.here)} to "
            f"{amount(self.one)}, two to {amount(self.two)} (allowed: a rise by "
            f"{self.allowed:.0%})"
        )


@dataclass(frozen=True)
class SharpMinimum(Symptom):
    """Steps too long for the valley they are taken in.

    ## What it finds
    For plain SGD: a curvature of the loss (the largest eigenvalue of its Hessian, on the probe) of
    more than twice what the learning rate and momentum can settle in. For every optimiser: a last
    step that, taken once more, leads far uphill. It speaks only where the training has learnt
    little.

    ## Why it matters
    The weights jump from one side of the valley to the other instead of going down, and what they
    end with is a matter of chance.

    ## Common causes
    A learning rate too high, or raised too fast; no warm-up; clipped gradients that hold the
    weights where they would otherwise have been thrown out.

    ## What looks similar
    A curvature right at the limit, 2/η, is where healthy full-batch training lives. Adaptive
    optimisers scale each weight, so the plain curvature says nothing of them. A step from a small
    batch may well lead uphill on other images: only a large rise counts.

    ## Example
    SGD with a learning rate of 5 and the gradient clipped to norm 1: the loss swings around that of
    guessing, at a curvature of twenty times 2/η.

    ## References
    - Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability,
      2021, https://arxiv.org/abs/2103.00065
    - Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism,
      2020, https://arxiv.org/abs/2003.02218
    """

    code = "S21"
    name = "sharp-minimum"
    since = "0.1"
    reads = (Sharpness,)

    max_sharpness: float = threshold(
        2.0,
        unit="times the curvature that the step can settle in",
        because="up to 1.2 is the edge of stability, and up to 2 a network finds its way back",
    )
    max_rise: float = threshold(
        0.25, unit="rise of the loss over one step", because="steps of small batches rise by less"
    )
    trusted: float = threshold(
        0.3, unit="residual of the eigenvalue", because="the iteration has found its direction"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        seen = subject.last("", Sharpness)
        if seen is None:
            return
        stable = _stable(subject)
        value, step = seen.value, seen.step
        settled = np.isfinite(value.largest) and value.residual <= self.trusted
        losses = np.asarray(value.overshoot)
        walked = len(losses) == 4 and bool(np.isfinite(losses[[0, 2, 3]]).all())
        if not walked and not (settled and np.isfinite(stable)):
            yield Unjudged("", "a curvature that settles, or the losses along the last step")
        elif not unlearnt(subject):
            yield Healthy("", at=step)
        elif settled and value.largest > self.max_sharpness * stable:
            evidence = TooSharp(value.largest, stable, value.images, self.max_sharpness)
            yield Suspicion("", Severity.WARNING, evidence, at=step)
        elif walked and _rises(losses, self.max_rise):
            here, half, one, two = (float(v) for v in losses)
            evidence = Overshoot(here, half, one, two, self.max_rise)
            yield Suspicion("", Severity.WARNING, evidence, at=step)
        else:
            yield Healthy("", at=step)


def _rises(losses: np.ndarray, by: float) -> bool:
    here, one, two = (float(losses[i]) for i in (0, 2, 3))
    return here > 0 and one > (1 + by) * here and two > one


def _stable(subject: Subject) -> float:
    """Largest curvature at which SGD of this rate and momentum is stable; NaN for others, and
    where the rate is not known.

    The rate is the largest of the last tenth of the training: a schedule that ends at zero would
    make every valley wide.
    """
    if adaptive(subject) or "sgd" not in str(subject.facts.get("optimizer") or "").lower():
        return float("nan")
    late = [_rate(m) for m in subject.moments if m.step >= 0.9 * subject.steps]
    rates = [r for r in (*late, number(subject, "learning_rate")) if r is not None and r > 0]
    momentum = number(subject, "momentum") or 0.0
    return (2 + 2 * momentum) / max(rates) if rates else float("nan")


def _rate(moment: Moment) -> float | None:
    value = moment.facts.get("learning_rate")
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None
