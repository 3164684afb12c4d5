"""The losses and the learning rate over the steps, and when findings first showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.core import Finding, Severity
from snellen.record import Clock, LossSeries, Subject
from snellen.stats import Targets

MOST_POINTS = 300
"""Of one curve: more than a page has pixels for. Each stands for a run of neighbours."""


@dataclass(frozen=True)
class Point:
    """Neighbouring values: their mean, the smallest and the largest."""

    step: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    name: str
    """`train`, `eval`, or the name of a logged value."""
    points: tuple[Point, ...]
    nonfinite_from: int | None
    """Step of the first value that was NaN or infinite."""


@dataclass(frozen=True)
class Mark:
    """A step at which findings first showed."""

    step: int
    severity: Severity
    """Of the worst of them."""
    symptoms: tuple[tuple[str, str], ...]
    """Code and name of each symptom, in code order."""


@dataclass(frozen=True)
class Curves:
    losses: tuple[Curve, ...]
    others: tuple[Curve, ...]
    """Further values that the script logged, such as an accuracy."""
    learning_rate: tuple[tuple[int, float], ...]
    """`(step, rate)` wherever it was seen to change, and its last."""
    guessing: float | None
    """Loss of the best constant guess, where the labels tell it."""
    marks: tuple[Mark, ...]
    """In step order."""


def curves(subject: Subject, findings: Sequence[Finding]) -> Curves:
    """`findings`: those that are shown, of any subject."""
    series = {name: _curve(name, one) for name, one in subject.losses.items()}
    known = {name: curve for name, curve in series.items() if curve.points}
    losses = [c for name, c in known.items() if name in ("train", "eval") or "loss" in name]
    if not any(c.name == "train" for c in losses) and "objective" in known:
        losses.insert(0, known["objective"])
    others = [
        c for n, c in known.items() if c not in losses and n not in ("objective", "auxiliary")
    ]
    return Curves(
        losses=tuple(sorted(losses, key=lambda c: c.name not in ("train", "objective"))),
        others=tuple(others),
        learning_rate=_learning_rate(subject),
        guessing=_guessing(subject),
        marks=_marks([f for f in findings if f.place.subject == subject.name]),
    )


def _curve(name: str, series: LossSeries) -> Curve:
    finite = np.isfinite(series.values)
    broken = series.steps[~finite]
    return Curve(
        name,
        _thinned(series.steps[finite], series.values[finite]),
        int(broken[0]) if len(broken) else None,
    )


def _thinned(steps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> tuple[Point, ...]:
    if not len(steps):
        return ()
    length = max(1.0, (float(steps[-1]) + 1) / MOST_POINTS)
    blocks = np.floor(steps / length).astype(np.int64)
    starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1))
    counts = np.diff(np.append(starts, len(steps)))
    return tuple(
        Point(int(step), float(mean), float(low), float(high))
        for step, mean, low, high in zip(
            steps[starts],
            np.add.reduceat(values, starts) / counts,
            np.minimum.reduceat(values, starts),
            np.maximum.reduceat(values, starts),
            strict=True,
        )
    )


def _learning_rate(subject: Subject) -> tuple[tuple[int, float], ...]:
    seen = {m.step: m.facts.get("learning_rate") for m in subject.moments}
    rates = [(step, float(r)) for step, r in sorted(seen.items()) if isinstance(r, int | float)]
    return tuple(
        (step, rate)
        for i, (step, rate) in enumerate(rates)
        if i in (0, len(rates) - 1) or rate != rates[i - 1][1]
    )


def _guessing(subject: Subject) -> float | None:
    entry = subject.last("", Targets, "", Clock.INLINE)
    loss = entry.value.prior_loss if entry is not None else float("nan")
    return loss if np.isfinite(loss) else None


def _marks(findings: Sequence[Finding]) -> tuple[Mark, ...]:
    """One for each step."""
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.step is not None:
            found.setdefault(finding.step, []).append(finding)
    return tuple(
        Mark(
            step,
            max((f.severity for f in members), key=lambda s: s.rank),
            tuple(sorted({(f.code, f.symptom) for f in members})),
        )
        for step, members in sorted(found.items())
    )
