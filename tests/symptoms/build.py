"""Subjects made of plain numbers, to judge without a framework or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from snellen.core import Finding, Layer, LayerKind, Severity, Strictness, Undecided, Verdict
from snellen.record import Clock, Entry, LossSeries, Moment, RunContents, Subject
from snellen.stats import (
    InputDependence,
    MapSummary,
    Predictions,
    Similarity,
    Statistic,
    Targets,
    WeightState,
    WeightUpdate,
)
from snellen.symptoms import Outcome, Symptom, judge
from snellen.symptoms.discoveries import controlled
from snellen.symptoms.gates import Circumstances, verdicts
from snellen.symptoms.phases import timeline

HARMED = Outcome(True, ("planted",))
UNHARMED = Outcome(False, ("planted",))
UNKNOWN = Outcome(None, ("planted",))

History = Mapping[tuple[str, type[Statistic], str, Clock], Sequence[tuple[int, Statistic]]]


def conv(name: str = "conv", **changes: Any) -> Layer:
    """A 3×3 convolution of 8 channels with a ReLU."""
    values: dict[str, Any] = {
        "name": name,
        "index": 0,
        "kind": LayerKind.CONV,
        "type_name": "Conv2d",
        "channels": 8,
        "positions": (8, 8),
        "activation": "relu",
        "weight_shape": (8, 3, 3, 3),
    }
    return Layer(**(values | changes))


def head(name: str = "head", units: int = 10, **changes: Any) -> Layer:
    values: dict[str, Any] = {
        "name": name,
        "index": 99,
        "kind": LayerKind.DENSE,
        "type_name": "Linear",
        "channels": units,
        "activation": "linear",
        "head": True,
        "weight_shape": (units, 64),
    }
    return Layer(**(values | changes))


def stack(count: int, **changes: Any) -> tuple[Layer, ...]:
    """Convolutions in a row, `conv0`, `conv1`, ..., each reading the one before."""
    return tuple(
        conv(f"conv{i}", index=i, inputs=(f"conv{i - 1}",) if i else (), **changes)
        for i in range(count)
    )


def subject(
    *layers: Layer,
    history: History | None = None,
    facts: Mapping[str, Any] | None = None,
    train: Sequence[float] | None = None,
    objective: Sequence[float] | None = None,
    moments: Sequence[Moment] = (),
    framework: str = "torch",
    name: str = "Net",
) -> Subject:
    """A training of 1000 steps in 10 epochs unless `facts` say otherwise; a fact `None` is
    missing."""
    known: dict[str, Any] = {"steps": 1000, "epochs": 10, "steps_per_epoch": 100}
    known |= dict(facts or {})
    losses: dict[str, LossSeries] = {}
    for kind, points in (("train", train), ("objective", objective)):
        if points is not None:
            steps = np.linspace(0, (known["steps"] or len(points)) - 1, len(points)).astype(
                np.int64
            )
            losses[kind] = LossSeries(steps, np.array(points, np.float64))
    statistics = {
        (layer, f"{kind.name}/{part}", str(clock)): tuple(Entry(s, v) for s, v in entries)
        for (layer, kind, part, clock), entries in (history or {}).items()
    }
    return Subject(
        name=name,
        framework=framework,
        facts={k: v for k, v in known.items() if v is not None},
        layers=layers,
        moments=tuple(moments),
        losses=losses,
        statistics=statistics,
    )


def moment(step: int, **facts: Any) -> Moment:
    return Moment(step, Clock.PROBE, None, 0.0, 0.0, facts)


def maps(
    *,
    channels: int = 8,
    images: int = 320,
    positions: int = 64,
    silent: Sequence[int] = (),
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    minimum: float | None = None,
    maximum: float | None = None,
    below: float = 0.0,
    above: float = 0.5,
    nonfinite: int = 0,
    image_spread: float = 0.1,
) -> MapSummary:
    """Maps with these moments; `below` and `above` are shares beyond the rails; `silent` channels
    zero."""
    values = images * positions
    m = np.broadcast_to(np.asarray(mean, np.float64), channels).copy()
    s = np.broadcast_to(np.asarray(std, np.float64), channels).copy()
    quiet = list(silent)
    m[quiet] = s[quiet] = 0.0
    over = np.full(channels, round(above * values))
    over[quiet] = 0
    awake = np.full(channels, images if above > 0 else 0)
    awake[quiet] = 0
    low = m - 3 * s if minimum is None else np.full(channels, minimum)
    high = m + 3 * s if maximum is None else np.full(channels, maximum)
    return MapSummary(
        images=images,
        positions=positions,
        sum=m * values,
        squares=(m**2 + s**2) * values,
        magnitudes=(np.abs(m) + s) * values,
        minimum=low,
        maximum=high,
        below=np.full(channels, round(below * values)),
        above=over,
        nonfinite=np.full(channels, nonfinite),
        active_images=awake,
        image_mean_squares=(m**2 + image_spread * s**2) * images,
    )


def broken(channels: int = 8, images: int = 320, positions: int = 64) -> MapSummary:
    """Maps without one finite value."""
    zeros, counts = np.zeros(channels), np.zeros(channels, np.int64)
    return MapSummary(
        images=images,
        positions=positions,
        sum=zeros,
        squares=zeros,
        magnitudes=zeros,
        minimum=np.full(channels, np.inf),
        maximum=np.full(channels, -np.inf),
        below=counts,
        above=counts,
        nonfinite=np.full(channels, images * positions),
        active_images=counts,
        image_mean_squares=zeros,
    )


def dependence(ratio: float, *, channels: int = 8, images: int = 320) -> InputDependence:
    """Maps of mean square 1 of which `ratio` varies over images."""
    ones = np.ones(channels)
    return InputDependence(images, ones * (1 - ratio), ones * ratio, np.zeros(channels))


def weights(
    *, growth: float | Sequence[float] = 1.0, moved: float = 0.1, filters: int = 8, **changes: Any
) -> WeightState:
    """Filters that began with the norm 1."""
    values: dict[str, Any] = {
        "norm": np.broadcast_to(np.asarray(growth, np.float64), filters).copy(),
        "initial_norm": np.ones(filters),
        "distance": np.full(filters, moved),
        "largest": 1.0,
        "nonfinite": 0,
        "bias": np.zeros(filters),
        "gain": np.zeros(0),
    }
    return WeightState(**(values | changes))


def update(
    *,
    gradient: float = 1e-2,
    rms: float = 1e-3,
    size: float = 1e-3,
    drift: float | Sequence[float] = 0.1,
    weight_norm: float = 1.0,
    channels: int = 8,
) -> WeightUpdate:
    """A step of relative size `size` on weights of norm `weight_norm`."""
    return WeightUpdate(
        weight_norm=weight_norm,
        gradient_norm=gradient,
        gradient_rms=rms,
        gradient_zeros=0.0,
        gradient_nonfinite=0,
        update_norm=size * weight_norm,
        drift=np.full(channels, drift, np.float64)
        if isinstance(drift, float | int)
        else np.array(drift, np.float64),
    )


def similarity(cka: float, correlation: float, previous: int, images: int = 320) -> Similarity:
    return Similarity(images, previous, cka, correlation)


def answers(
    chosen: Sequence[int],
    right: Sequence[int],
    present: Sequence[int],
    *,
    minimum: float = -3.0,
    maximum: float = 3.0,
    row_sum: float = 0.5,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    images: int | None = None,
) -> Predictions:
    """What the model chose on the probe, class by class; outputs vary by 1 unless `std` is
    given."""
    outputs = max(len(present), 1)
    return Predictions(
        images=sum(present) if images is None else images,
        minimum=minimum,
        maximum=maximum,
        row_sum_low=row_sum,
        row_sum_high=row_sum,
        output_mean=np.array(mean if mean is not None else np.linspace(-1, 1, outputs), np.float64),
        output_std=np.array(std if std is not None else np.ones(outputs), np.float64),
        chosen=np.array(chosen, np.int64),
        right=np.array(right, np.int64),
        present=np.array(present, np.int64),
        loss=float("nan"),
    )


def labels(*counts: int) -> Targets:
    """One class per image."""
    empty = np.zeros(0)
    return Targets("classes", sum(counts), sum(counts), np.array(counts), empty, empty)


def yes_or_no(images: int, *yes: int) -> Targets:
    empty = np.zeros(0)
    return Targets("multi-label", images, images * len(yes), np.array(yes), empty, empty)


def values(variance: float, outputs: int = 1, images: int = 1000) -> Targets:
    return Targets(
        "regression",
        images,
        images,
        np.zeros(0, np.int64),
        np.zeros(outputs),
        np.full(outputs, variance * images),
    )


def given(targets: Targets) -> dict[tuple[str, type[Statistic], str, Clock], Any]:
    return {("", Targets, "", Clock.INLINE): [(1, targets)]}


def told(predictions: Predictions, step: int = 1000) -> dict[Any, Any]:
    return {("", Predictions, "", Clock.PROBE): [(step, predictions)]}


def probe(
    layer: str, kind: type[Statistic], part: str, *entries: tuple[int, Statistic]
) -> dict[Any, Any]:
    return {(layer, kind, part, Clock.PROBE): list(entries)}


def inline(
    layer: str, kind: type[Statistic], part: str, *entries: tuple[int, Statistic]
) -> dict[Any, Any]:
    return {(layer, kind, part, Clock.INLINE): list(entries)}


def verdicts_of(
    symptom: Symptom, watched: Subject, outcome: Outcome = HARMED
) -> dict[str, Verdict]:
    """This symptom's verdicts by layer, in a training with this outcome."""
    circumstances = Circumstances(watched, outcome, timeline(watched))
    given = {symptom: list(symptom.opinions(watched))}
    opinions = controlled(given, Strictness.NORMAL.false_discoveries)[symptom]
    return {v.place.layer: v for v in verdicts(symptom, opinions, circumstances)}


def finding(symptom: Symptom, watched: Subject, outcome: Outcome = HARMED) -> Finding:
    """The only finding there is."""
    found = [v for v in verdicts_of(symptom, watched, outcome).values() if isinstance(v, Finding)]
    assert len(found) == 1, found
    return found[0]


def sentence(symptom: Symptom, watched: Subject, outcome: Outcome = HARMED) -> str:
    return finding(symptom, watched, outcome).evidence.sentence()


def grade(
    symptom: Symptom, watched: Subject, layer: str = "conv", outcome: Outcome = HARMED
) -> str:
    """`note`, `warning` or `error` for a finding, else `clear`, `undecided`, or `silent` for
    none."""
    verdict = verdicts_of(symptom, watched, outcome).get(layer)
    if verdict is None:
        return "silent"
    if isinstance(verdict, Finding):
        return str(verdict.severity)
    return "undecided" if isinstance(verdict, Undecided) else "clear"


def run(*subjects: Subject) -> RunContents:
    return RunContents(manifest={}, subjects=subjects, events=())


def judged(*subjects: Subject) -> list[Finding]:
    """The findings of every symptom, with the outcome as it is read."""
    return [v for v in judge(run(*subjects)) if isinstance(v, Finding)]


NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR
