"""S06 non-finite-origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import MapSummary, WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.outcome import non_finite_facts, training_loss
from snellen.symptoms.wording import amount, count

WORDS = {
    "input": "the input images",
    "pre": "the maps before the activation",
    "post": "the maps after the activation",
    "loss": "the loss",
    "weights": "the weights",
    "gradient": "the gradient",
}


@dataclass(frozen=True)
class Origin:
    """Where the first value that was NaN or infinite came from."""

    tensor: str
    """`input`, `loss` or the layer's name."""
    part: str
    """`input`, `pre`, `post`, `loss`, `weights` or `gradient`."""
    step: int
    inputs_finite: bool | None
    """Whether all that it was computed from was still finite; `None`: not known."""
    largest: float
    """Largest magnitude in the layer's maps at the last check before; NaN when none was taken."""
    loss_before: float
    """Last finite training loss before it; NaN when none was seen."""
    followers: int
    """Further tensors that became non-finite at the same step."""

    def sentence(self) -> str:
        what = WORDS.get(self.part, self.part)
        where = "" if self.tensor in ("input", "loss", "") else f" of {self.tensor}"
        first = {True: ", computed from finite values", None: "", False: ""}[self.inputs_finite]
        facts = [f"{count(self.followers, 'further tensor')} followed"] if self.followers else []
        if np.isfinite(self.largest):
            facts.append(f"its largest value at the check before was {amount(self.largest)}")
        if np.isfinite(self.loss_before):
            facts.append(f"the last finite loss was {amount(self.loss_before)}")
        tail = "; ".join(["allowed: no such value", *facts])
        return f"{what}{where} held NaN or inf at step {self.step}{first} ({tail})"


@dataclass(frozen=True)
class SkippedSteps:
    """Gradients that were not finite while the loss stayed so, as under mixed precision."""

    steps: int
    of: int
    allowed: float

    def sentence(self) -> str:
        return (
            f"the gradient held NaN or inf at {count(self.steps, 'step')} of {self.of} while "
            f"the loss stayed "
            f"finite (allowed: {self.allowed:.0%} of the steps)"
        )


@dataclass(frozen=True)
class NonFiniteOrigin(Symptom):
    """The place where the first NaN or infinity arose.

    ## What it finds
    The first tensor, in the order of computation, that held NaN or ±inf although everything it was
    computed from was finite. The many layers that a NaN then runs through are not reported: they
    only pass it on.

    ## Why it matters
    One NaN in the loss makes every weight NaN at the next update, and the training is over.

    ## Common causes
    A learning rate so high that values overflow; a logarithm or division at zero in a hand-written
    loss; NaN in the images or labels; float16 or bfloat16 ranges exceeded; a normalisation over one
    single value.

    ## What looks similar
    Under mixed precision a gradient scaler provokes an overflow now and then and skips the step: an
    isolated non-finite gradient with a finite loss is a note. A masked −inf that is cleaned before
    the loss does no harm: it is reported with care while the loss stays finite.

    ## Example
    `loss = -(labels * probabilities.log()).sum()` with a probability that reaches 0: the loss is
    the origin.

    ## References
    - Micikevicius et al., Mixed Precision Training, 2017, https://arxiv.org/abs/1710.03740
    """

    code = "S06"
    name = "non-finite-origin"
    since = "0.1"
    reads = (MapSummary, WeightState)

    max_skipped: float = threshold(
        0.05,
        unit="share of steps with a non-finite gradient alone",
        because="a gradient scaler looks for its limit by overflowing now and then",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        entries = non_finite_facts(subject) or _seen_in_statistics(subject)
        lasting = [e for e in entries if e.get("part") != "gradient"]
        loss_broke = _loss_broke(subject, lasting)
        if not lasting and not loss_broke:
            yield self._gradients(subject, entries)
            return
        origin = _first(subject, entries) if loss_broke else _first(subject, lasting)
        names = {layer.name for layer in subject.layers}
        tensor = str(origin.get("tensor", ""))
        yield Suspicion(
            tensor if tensor in names else "",
            Severity.ERROR if loss_broke else Severity.WARNING,
            self._evidence(subject, origin, entries),
            step=_step(origin),
            evident=loss_broke,
        )

    def _gradients(self, subject: Subject, entries: list[Mapping[str, Any]]) -> Opinion:
        steps = {_step(e) for e in entries}
        if not steps:
            seen = training_loss(subject)
            looked = bool(subject.statistics) or (seen is not None and len(seen.values) > 0)
            return Healthy("") if looked else Unjudged("", "a loss or maps to look at")
        of = max(subject.steps, len(steps))
        often = len(steps) > self.max_skipped * of
        return Suspicion(
            "",
            Severity.WARNING if often else Severity.NOTE,
            SkippedSteps(len(steps), of, self.max_skipped),
            step=min(steps),
        )

    def _evidence(
        self, subject: Subject, origin: Mapping[str, Any], entries: list[Mapping[str, Any]]
    ) -> Origin:
        step, tensor = _step(origin), str(origin.get("tensor", ""))
        same_step = {(e.get("tensor"), e.get("part")) for e in entries if _step(e) == step}
        finite = origin.get("inputs_finite")
        return Origin(
            tensor=tensor,
            part=str(origin.get("part") or tensor),
            step=step,
            inputs_finite=finite if isinstance(finite, bool) else None,
            largest=_largest_before(subject, tensor, step),
            loss_before=_loss_before(subject, step),
            followers=max(0, len(same_step) - 1),
        )


def _step(entry: Mapping[str, Any]) -> int:
    step: Any = entry.get("step", 0)
    return int(step) if isinstance(step, int | float) and np.isfinite(step) else 0


def _first(subject: Subject, entries: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The producer: at the earliest step the first entry whose inputs were finite."""
    series = training_loss(subject)
    if not entries and series is not None:
        bad = int(series.steps[np.flatnonzero(~np.isfinite(series.values))[0]])
        return {"step": bad, "tensor": "loss", "part": "loss"}
    earliest = min(_step(e) for e in entries)
    first = [e for e in entries if _step(e) == earliest]
    produced = [e for e in first if e.get("inputs_finite") is True]
    unknown = [e for e in first if e.get("inputs_finite") is None]
    return (produced or unknown or first)[0]


def _loss_broke(subject: Subject, entries: list[Mapping[str, Any]]) -> bool:
    """Whether the harm reached the loss at the end, or the weights."""
    series = training_loss(subject)
    if series is not None and len(series.values):
        return not np.isfinite(series.values[-1]) or any(
            e.get("part") == "weights" for e in entries
        )
    return any(e.get("part") in ("weights", "loss") for e in entries)


def _seen_in_statistics(subject: Subject) -> list[Mapping[str, Any]]:
    """The same from the maps and weights on record, where capture wrote no facts."""
    found: list[Mapping[str, Any]] = []
    for clock in (Clock.INLINE, Clock.PROBE):
        for name, part in (
            ("", "input"),
            *((x.name, p) for x in subject.layers for p in ("pre", "post")),
        ):
            for entry in subject.history(name, MapSummary, part, clock):
                if entry.value.nonfinite.any():
                    tensor = name or "input"
                    found.append({"step": entry.step, "tensor": tensor, "part": part})
    for layer in subject.layers:
        for entry in subject.history(layer.name, WeightState):
            if entry.value.nonfinite:
                found.append({"step": entry.step, "tensor": layer.name, "part": "weights"})
    return _in_order(subject, found)


def _in_order(subject: Subject, found: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Earliest step first, then as they are computed: weights feed maps, maps feed later maps."""
    place = {layer.name: layer.index for layer in subject.layers} | {"input": -1}
    parts = ["input", "weights", "pre", "post", "loss"]
    return sorted(
        found, key=lambda e: (e["step"], place.get(e["tensor"], 0), parts.index(e["part"]))
    )


def _largest_before(subject: Subject, tensor: str, step: int) -> float:
    layer = "" if tensor == "input" else tensor
    largest = float("nan")
    for part in ("pre", "post", "input"):
        for entry in subject.history(layer, MapSummary, part):
            if entry.step < step and not entry.value.nonfinite.any() and entry.value.images:
                largest = float(max(entry.value.maximum.max(), -entry.value.minimum.min()))
        if np.isfinite(largest):
            return largest
    return largest


def _loss_before(subject: Subject, step: int) -> float:
    series = training_loss(subject)
    if series is None:
        return float("nan")
    before = series.values[(series.steps < step) & np.isfinite(series.values)]
    return float(before[-1]) if len(before) else float("nan")
