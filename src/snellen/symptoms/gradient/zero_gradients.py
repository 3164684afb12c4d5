"""S59 zero-gradients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Clock, Entry, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.facts import loaded
from snellen.symptoms.structure import zeroes
from snellen.symptoms.wiring.loss_head_mismatch import read_wiring
from snellen.symptoms.wording import count


@dataclass(frozen=True)
class NoGradient:
    """Layers that no gradient reached at any step seen."""

    layers: tuple[str, ...]
    of: int
    """Trainable weight layers of the model."""
    steps: int
    arrived: bool
    """A gradient of zeros arrived; else none did."""
    reason: str
    """What explains it, as a clause; empty where nothing seen does."""

    def sentence(self) -> str:
        every = len(self.layers) == self.of
        named = ", ".join(self.layers[:3]) + (" ..." if len(self.layers) > 3 else "")
        which = f"all {self.of} layers" if every else f"{len(self.layers)} of {self.of} layers"
        what = "was exactly zero" if self.arrived else "never arrived"
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"the gradient of {which} ({named}) {what} at all {count(self.steps, 'step')} seen "
            f"(allowed: no such layer){why}"
        )


@dataclass(frozen=True)
class ZeroGradients(Symptom):
    """Trainable layers whose gradient is exactly zero throughout.

    ## What it finds
    Layers that are to be trained, and whose kernel got a gradient of exact zeros, or none at all,
    at every step that was looked at. It says what else was seen that explains it.

    ## Why it matters
    Such a layer stays as it began. What lies between it and the loss is cut, and every layer before
    the cut is lost with it.

    ## Common causes
    `detach()`, `.data`, `torch.no_grad()`, `stop_gradient` or a trip through NumPy in the forward
    pass; outputs wrapped in a new tensor; an `argmax` or rounding on the way to the loss; layers
    initialised with zeros; a softmax over a single output.

    ## What looks similar
    Gradients that are small but not zero are S10's. Dead channels block every gradient: they are
    named as the reason, and the finding is then a note. Branches whose last scale begins at zero
    get their gradient after the first step. Where the loss has reached zero, no gradient is left:
    the first steps are what counts. Frozen layers are left out, and so are loaded ones that the
    script runs without gradients. Where an optimizer holds them and they are half of the network or
    more, the finding stands though the training came to something: the rest of the network did it.

    ## Example
    `features = self.backbone(x).detach()`: the backbone is in the optimizer and never learns.

    ## References
    - PyTorch, Autograd mechanics, https://docs.pytorch.org/docs/stable/notes/autograd.html
    """

    code = "S59"
    name = "zero-gradients"
    since = "0.1"
    reads = (WeightUpdate, WeightState, MapSummary)
    learning_only = True

    min_steps: int = threshold(
        3, unit="steps after the first", because="one step may be an accident"
    )
    error_share: float = threshold(
        0.5, unit="share of the layers", because="most of the network learns nothing"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in subject.layers if x.weighted and x.trainable]
        seen = {x.name: _seen(subject, x) for x in layers}
        shown = any(_arrived(e.value) for entries in seen.values() for e in entries)
        steps = max((len(entries) for entries in seen.values()), default=0)
        if not layers or not steps:
            return
        none = [x for x in layers if self._without(subject, x, seen[x.name])]
        # Where no gradient was shown at all, only weights that never moved tell that none came.
        if (not shown and len(none) < len(layers)) or steps < self.min_steps:
            yield Unjudged("", f"gradients at {self.min_steps} steps after the first")
            return
        if not none:
            yield Healthy("")
            return
        if len(none) < len(layers) and loaded(subject) and not any(x.head for x in none):
            yield Healthy("")
            return
        arrived = any(_arrived(e.value) for x in none for e in seen[x.name])
        reason, fault_of_its_own = _reason(subject, none, every=len(none) == len(layers))
        most = len(none) >= self.error_share * len(layers)
        yield Suspicion(
            "" if len(none) > 1 else none[0].name,
            Severity.NOTE if fault_of_its_own else Severity.ERROR if most else Severity.WARNING,
            NoGradient(
                tuple(x.name for x in none),
                len(layers),
                min(len(seen[x.name]) for x in none),
                arrived,
                reason,
            ),
            step=1,
            # What learns nothing is no oddity of a network that works: what is left of it works.
            evident=most and not fault_of_its_own and not loaded(subject) and _held(subject, none),
        )

    def _without(
        self, subject: Subject, layer: Layer, entries: tuple[Entry[WeightUpdate], ...]
    ) -> bool:
        if len(entries) < self.min_steps:
            return False
        if all(e.value.gradient_norm == 0 for e in entries):
            return True
        if any(_arrived(e.value) for e in entries):
            return False
        # No gradient was shown: it never came only if the weights never moved either.
        state = subject.last(layer.name, WeightState)
        return (
            state is not None
            and not state.value.distance.any()
            and all(e.value.update_norm == 0 for e in entries)
        )


def _seen(subject: Subject, layer: Layer) -> tuple[Entry[WeightUpdate], ...]:
    """Its steps after the first, of the clock that showed gradients."""
    found: tuple[Entry[WeightUpdate], ...] = ()
    for clock in (Clock.INLINE, Clock.PROBE):
        entries = subject.history(layer.name, WeightUpdate, "", clock)
        kept = tuple(e for e in entries if e.step > 0)
        if any(_arrived(e.value) for e in kept):
            return kept
        found = found or kept
    return found


def _arrived(update: WeightUpdate) -> bool:
    return not np.isnan(update.gradient_norm) or update.gradient_nonfinite > 0


def _held(subject: Subject, layers: list[Layer]) -> bool:
    """Whether an optimizer was given all of them: what none holds may be left as it is on
    purpose."""
    left_out: Any = subject.facts.get("unheld")
    return isinstance(left_out, list) and not any(layer.name in left_out for layer in layers)


def _reason(subject: Subject, none: list[Layer], *, every: bool) -> tuple[str, bool]:
    """What explains it, and whether that is another symptom's finding."""
    for layer in subject.layers:
        maps = subject.last(layer.name, MapSummary, "post")
        # What reads a dead layer gets no gradient either: its input is zero.
        behind = [x for x in none if x.index > layer.index and layer.name not in x.inputs]
        if not behind and zeroes(layer) and maps and maps.value.images and maps.value.silent.all():
            return f"every channel of {layer.name} is dead, so nothing gets past it", True
    final = [x for x in subject.layers if x.head]
    if every and final and final[-1].channels == 1 and _softmax_at_the_end(subject, final[-1]):
        return "the output is a softmax over one unit, which is always 1", True
    zero = [x.name for x in none if _begins_at_zero(subject, x)]
    if zero:
        return f"the weights of {', '.join(zero[:3])} began at zero and stayed there", False
    images = subject.last("", MapSummary, "input") or subject.last(
        "", MapSummary, "input", Clock.INLINE
    )
    if images and images.value.images and not images.value.squares.any():
        return "the images are zero everywhere", False
    return "", False


def _softmax_at_the_end(subject: Subject, final: Layer) -> bool:
    wiring = read_wiring(subject)
    fed = wiring.fed if wiring else None
    return (fed or final.output_activation) == "softmax"


def _begins_at_zero(subject: Subject, layer: Layer) -> bool:
    state = subject.last(layer.name, WeightState)
    return (
        state is not None
        and len(state.value.norm) > 0
        and not state.value.initial_norm.any()
        and not state.value.norm.any()
    )
