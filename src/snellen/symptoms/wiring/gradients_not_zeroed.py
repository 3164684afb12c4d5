"""S56 gradients-not-zeroed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.core import Severity
from snellen.record import Subject
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.facts import whole
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Leftovers:
    """Backward passes that began on top of gradients that an update had already used."""

    kept: int
    steps: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"{self.kept} of {self.steps} updates began their backward pass with gradients that "
            f"the update before had already used (allowed: {percent(self.allowed)} of them)"
        )


@dataclass(frozen=True)
class GradientsNotZeroed(Symptom):
    """Gradients that are added to those of steps long done.

    ## What it finds
    Updates whose gradients still hold those of earlier updates, because nothing set them back to
    zero in between. Gradients that several backward passes gather for one update are not meant.

    ## Why it matters
    Each update then follows the sum of all batches so far: steps grow, point back to where the
    network was, and the training swings or runs away.

    ## Common causes
    `optimizer.zero_grad()` forgotten, called once before the loop, or called on another optimizer
    than the one that steps.

    ## What looks similar
    Gradient accumulation sums several batches on purpose and zeroes after each update: it is not
    counted. A training may survive leftovers at a small learning rate, as with a momentum near 1:
    then this is a note.

    ## Example
    A loop of `loss.backward(); optimizer.step()` without `zero_grad()`.

    ## References
    - PyTorch, Zeroing out gradients,
      https://docs.pytorch.org/tutorials/recipes/recipes/zeroing_out_gradients.html
    """

    code = "S56"
    name = "gradients-not-zeroed"
    since = "0.1"
    reads = ()

    max_share: float = threshold(
        0.1,
        unit="share of updates that began with old gradients",
        because="a correct loop has none; a few at the start or after a resumption do no harm",
    )
    error_share: float = threshold(
        0.9, unit="share of updates", because="no update is free of old gradients"
    )
    min_steps: int = threshold(10, unit="updates", because="fewer show no habit of the loop")

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        steps, kept = whole(subject, "gradient_steps"), whole(subject, "gradients_kept")
        if steps is None or kept is None:
            return
        if steps < self.min_steps:
            yield Unjudged("", f"{self.min_steps - steps} more updates")
        elif kept <= self.max_share * steps:
            yield Healthy("")
        else:
            yield Suspicion(
                "",
                Severity.ERROR if kept >= self.error_share * (steps - 1) else Severity.WARNING,
                Leftovers(kept, steps, self.max_share),
            )
