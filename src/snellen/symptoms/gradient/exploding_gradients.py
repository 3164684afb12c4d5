"""S11 exploding-gradients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import WeightUpdate
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.gradient.vanishing_gradients import updates_of
from snellen.symptoms.outcome import first_of, training_loss
from snellen.symptoms.structure import hidden
from snellen.symptoms.wording import amount

Floats = npt.NDArray[np.float64]
SETTLED = 10
"""Steps after which a normalised network's gradients are typical (CATALOGUE S11, T4)."""


@dataclass(frozen=True)
class Spikes:
    """Steps whose gradient towered above those before it."""

    spikes: int
    of: int
    """Steps at which a gradient was seen."""
    largest: float
    """Largest gradient norm over the median of those before it."""
    largest_step: int
    loss_ran_away: bool
    """The loss stayed above twice its start for 20 steps."""
    times: float
    allowed: int

    def sentence(self) -> str:
        loss = "; the loss then stayed above twice its start" if self.loss_ran_away else ""
        return (
            f"{self.spikes} of {self.of} steps seen had a gradient more than {self.times:g} "
            f"times the median "
            f"before them, at most ×{amount(self.largest)} at step {self.largest_step} "
            f"(allowed: {self.allowed} within 200 steps){loss}"
        )


@dataclass(frozen=True)
class GrowingGradient:
    """Gradients that grow from the last layer to the first."""

    ratio: float
    first: str
    last: str
    loss_ran_away: bool
    steps: int
    allowed: float

    def sentence(self) -> str:
        loss = "; the loss stayed above twice its start" if self.loss_ran_away else ""
        return (
            f"the relative gradient of {self.first} was {amount(self.ratio)} times that of "
            f"{self.last}, median "
            f"of {self.steps} steps after step {SETTLED} (allowed: {amount(self.allowed)}){loss}"
        )


@dataclass(frozen=True)
class ExplodingGradients(Symptom):
    """Gradients that burst in time, or that grow from the last layer to the first.

    ## What it finds
    Steps whose gradient, over all layers together, is more than ten times the median of the steps
    before; and networks whose first layer gets more than a thousand times the relative gradient of
    the last.

    ## Why it matters
    One such step can throw the weights far away and silence channels for good; a gradient that
    grows over the depth leaves no learning rate that fits all layers.

    ## Common causes
    A learning rate too high; a single batch with broken labels or images; a loss that is summed
    over the batch; depth without skip connections or with an initialisation too large.

    ## What looks similar
    The first steps are wild in healthy trainings, and normalised networks begin with growing
    gradients that calm down within a few steps: neither is counted. A spike at a batch of rare
    classes is real data. A rare spike that the loss recovers from is ordinary.

    ## Example
    SGD with a learning rate of 1 on a plain network: the gradient norm jumps from 3 to 4 000 within
    ten steps.

    ## References
    - Yang et al., A Mean Field Theory of Batch Normalization, 2019,
      https://arxiv.org/abs/1902.08129
    - Hanin and Rolnick, How to Start Training: The Effect of Initialization and Architecture, 2018,
      https://arxiv.org/abs/1803.01719
    """

    code = "S11"
    name = "exploding-gradients"
    since = "0.1"
    reads = (WeightUpdate,)
    learning_only = True

    spike: float = threshold(
        10.0,
        unit="times the median of the gradients before",
        because="batches differ by a few times, not by ten",
    )
    max_spikes: int = threshold(
        2, unit="spikes within 200 steps", because="isolated spikes recover by themselves"
    )
    max_growth: float = threshold(
        1e3,
        unit="relative gradient of the first layer over that of the last",
        because="healthy networks, 32 normalised layers at the start included, stayed below 100",
    )
    ran_away: float = threshold(
        2.0, unit="times the first loss, for 20 steps", because="a training that got lost"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in hidden(subject) if x.weighted and x.trainable]
        if not layers:
            return
        steps, norms = _total_norms(subject, layers)
        if len(steps) < 6:
            yield Unjudged("", "gradients at six steps after the first")
            return
        away = self._ran_away(subject)
        found = self._spikes(steps, norms, away) or self._growth(subject, layers, away)
        yield found or Healthy("", at=int(steps[-1]))

    def _spikes(self, steps: Floats, norms: Floats, away: bool) -> Suspicion | None:
        medians = np.array([np.median(norms[:i]) for i in range(5, len(norms))])
        times = np.divide(norms[5:], medians, out=np.zeros(len(medians)), where=medians > 0)
        where = steps[5:][times > self.spike]
        if not any(np.sum((where >= s) & (where < s + 200)) > self.max_spikes for s in where):
            return None
        worst = int(times.argmax())
        return Suspicion(
            "",
            Severity.ERROR if away else Severity.WARNING,
            Spikes(
                len(where),
                len(steps),
                float(times[worst]),
                int(steps[5:][worst]),
                away,
                self.spike,
                self.max_spikes,
            ),
            step=int(where[0]),
            at=int(steps[-1]),
        )

    def _growth(self, subject: Subject, layers: list[Layer], away: bool) -> Suspicion | None:
        first, last = layers[0], layers[-1]
        front = updates_of(subject, first, SETTLED - 1)
        back = updates_of(subject, last, SETTLED - 1)
        if len(layers) < 3 or len(front) < 3 or len(back) < 3:
            return None
        near = float(np.median([u.value.relative_gradient for u in front]))
        far = float(np.median([u.value.relative_gradient for u in back]))
        # A last layer without any gradient is blocked or dead, and says nothing of the depth.
        if not (np.isfinite(near) and far > 0) or near <= self.max_growth * far:
            return None
        return Suspicion(
            first.name,
            Severity.ERROR if away else Severity.WARNING,
            GrowingGradient(
                near / far, first.name, last.name, away, min(len(front), len(back)), self.max_growth
            ),
            step=front[0].step,
            at=front[-1].step,
        )

    def _ran_away(self, subject: Subject) -> bool:
        series = training_loss(subject)
        if series is None or len(series.values) < 21:
            return False
        start = first_of(series)
        # A loss that is not positive has no multiple to run away to.
        if not start > 0:
            return False
        high = series.values > self.ran_away * start
        runs = np.convolve(high.astype(np.int64), np.ones(20, np.int64), "valid")
        return bool((runs == 20).any())


def _total_norms(subject: Subject, layers: list[Layer]) -> tuple[Floats, Floats]:
    """Gradient norm over all layers, at the steps at which every one of them was seen."""
    squares: dict[int, list[float]] = defaultdict(list)
    for layer in layers:
        for entry in updates_of(subject, layer):
            squares[entry.step].append(entry.value.gradient_norm**2)
    steps = sorted(s for s, values in squares.items() if len(values) == len(layers))
    norms = np.sqrt([sum(squares[s]) for s in steps])
    return np.array(steps, np.float64), norms
