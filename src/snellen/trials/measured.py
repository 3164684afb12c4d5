"""The two endpoints of a trial: how far the training came, and whether the symptoms are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from snellen.core import Evidence, Severity
from snellen.record import HELD_OUT, RunContents, Subject
from snellen.symptoms import Suspicion, Unjudged, catalogue, outcomes
from snellen.symptoms.outcome import first_of, macro_recall, training_loss


@dataclass(frozen=True)
class Measured:
    """What one trial's run says, in numbers that compare between trials of one script."""

    steps: int
    loss: float
    """Training loss at the end; NaN or infinite where it is."""
    loss_way: float
    """How far the loss came from that of guessing (or from where it began, where that is not known)
    to zero: 0 to 1; 0 where it is not finite; NaN where no loss was seen."""
    skill: float
    """How far the macro recall on the probe came from guessing to perfection: 0 to 1; NaN where
    recall has no meaning."""
    unseen_skill: float
    """The same of held-out images; NaN where there were none."""
    findings: Mapping[tuple[str, str], float]
    """Symptom and layer wherever a symptom holds it for more than an oddity, before any gate: it is
    not asked whether the training came to harm, for the trial may have taken the harm away and left
    the symptom. With the share of the layer's channels, or of the layers, that it concerns; 1 for
    symptoms that do not count any."""
    looked: frozenset[tuple[str, str]]
    """Symptom and layer wherever it could be judged, found or not."""

    def progress(self, *, unseen: bool = False) -> float:
        """How far the training came, 0 to 1; NaN where nothing tells.

        Of training images the recall, or the loss where recall has no meaning; `unseen`: of
        held-out images, where there were any.
        """
        if unseen and isfinite(self.unseen_skill):
            return self.unseen_skill
        return self.skill if isfinite(self.skill) else self.loss_way

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "loss": _plain(self.loss),
            "loss_way": _plain(self.loss_way),
            "skill": _plain(self.skill),
            "unseen_skill": _plain(self.unseen_skill),
            "findings": [[*place, size] for place, size in sorted(self.findings.items())],
            "looked": [list(place) for place in sorted(self.looked)],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Measured:
        def number(key: str) -> float:
            return nan if told[key] is None else float(told[key])

        return cls(
            int(told["steps"]),
            number("loss"),
            number("loss_way"),
            number("skill"),
            number("unseen_skill"),
            {(code, layer): float(size) for code, layer, size in told["findings"]},
            frozenset((code, layer) for code, layer in told["looked"]),
        )


def measure(contents: RunContents, subject: str = "") -> Measured | None:
    """The endpoints of the subject of this name, or of the one that was trained longest; `None`
    where nothing was trained."""
    chosen = measured_subject(contents, subject)
    if chosen is None:
        return None
    ending = outcomes(contents)[chosen.name]
    found, looked = _symptoms(chosen)
    return Measured(
        chosen.steps,
        ending.loss,
        _loss_way(chosen, ending.loss, ending.prior_loss),
        _skill(chosen),
        _skill(chosen, HELD_OUT),
        found,
        looked,
    )


def measured_subject(contents: RunContents, subject: str = "") -> Subject | None:
    """The subject that `measure` speaks of."""
    trained = [s for s in contents.subjects if s.steps > 0]
    named = [s for s in trained if s.name == subject]
    if not trained:
        return None
    return named[0] if named else max(trained, key=lambda s: s.steps)


def _symptoms(
    subject: Subject,
) -> tuple[dict[tuple[str, str], float], frozenset[tuple[str, str]]]:
    found: dict[tuple[str, str], float] = {}
    looked: set[tuple[str, str]] = set()
    for code, symptom in catalogue().items():
        for opinion in symptom().opinions(subject):
            if isinstance(opinion, Unjudged):
                continue
            looked.add((code, opinion.layer))
            if isinstance(opinion, Suspicion) and opinion.severity is not Severity.NOTE:
                found[code, opinion.layer] = _share(opinion.evidence)
    return found, frozenset(looked)


def _share(evidence: Evidence) -> float:
    """How many of what there are, for evidence that counts channels, filters or layers."""
    of = getattr(evidence, "of", None)
    for name in ("channels", "filters", "layers"):
        count = getattr(evidence, name, None)
        if isinstance(count, int) and isinstance(of, int) and of > 0:
            return min(count / of, 1.0)
    return 1.0


def _loss_way(subject: Subject, end: float, prior: float) -> float:
    series = training_loss(subject)
    if series is None or not len(series.values):
        return nan
    if not isfinite(end) or not isfinite(float(series.values[-1])):
        return 0.0
    begin = prior if isfinite(prior) else first_of(series)
    return min(max(1 - end / begin, 0.0), 1.0) if begin > 0 else nan


def _skill(subject: Subject, part: str = "") -> float:
    recall = macro_recall(subject, part)
    return nan if recall is None else min(max(recall.skill, 0.0), 1.0)


def _plain(value: float) -> float | None:
    return value if isfinite(value) else None
