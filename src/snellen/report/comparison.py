"""What differs between two documents: what got better, and what got worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from snellen.core import Finding, Severity
from snellen.report.document import Document, SubjectFacts
from snellen.report.health import LayerHealth

NOTHING_FOUND = -1
"""Below the rank of every severity."""


@dataclass(frozen=True)
class Change:
    """One symptom at one place, that is more or less severe in one of the two."""

    code: str
    symptom: str
    layer: str
    """Empty: the model as a whole."""
    before: Finding | None
    after: Finding | None

    @property
    def by(self) -> int:
        """Steps of severity; above 0: it got worse."""
        return _rank(self.after) - _rank(self.before)

    @property
    def worst(self) -> Severity:
        """The severer of the two."""
        return max(
            (finding.severity for finding in (self.before, self.after) if finding),
            key=lambda severity: severity.rank,
        )


@dataclass(frozen=True)
class LayerChange:
    """One layer's channels in both; a layer that one of the two lacks is `None` there."""

    layer: str
    before: LayerHealth | None
    after: LayerHealth | None


@dataclass(frozen=True)
class Comparison:
    """Of one model, before and after."""

    before: SubjectFacts
    after: SubjectFacts
    worse: tuple[Change, ...]
    """Largest change first, then the severest; `better` likewise."""
    better: tuple[Change, ...]
    same: tuple[Finding, ...]
    """Findings that are as severe as before, as they are now."""
    layers: tuple[LayerChange, ...]
    """Those whose channels fare differently, in the order of the network."""
    causes_before: tuple[str, ...]
    """Codes and names of the causes that are believed, best first."""
    causes_after: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Whether a warning or an error is new or became one, or the training came to nothing and
        had not before."""
        grave = any(
            change.after is not None and change.after.severity is not Severity.NOTE
            for change in self.worse
        )
        return grave or (self.after.harmed is True and self.before.harmed is not True)


def compared(before: Document, after: Document) -> tuple[Comparison, ...]:
    """Model by model: those of the same name; where there is one in each, these, whatever they are
    called."""
    return tuple(_compared(before, after, one, other) for one, other in _pairs(before, after))


def _pairs(before: Document, after: Document) -> list[tuple[SubjectFacts, SubjectFacts]]:
    if len(before.subjects) == len(after.subjects) == 1:
        return [(before.subjects[0], after.subjects[0])]
    others = {subject.name: subject for subject in after.subjects}
    return [(one, others[one.name]) for one in before.subjects if one.name in others]


def _compared(
    before: Document, after: Document, one: SubjectFacts, other: SubjectFacts
) -> Comparison:
    first, second = _findings(before, one), _findings(after, other)
    changes = [
        Change(code, (second.get(place) or first[place]).symptom, layer, was, now)
        for place in {**second, **first}
        for code, layer in [place]
        for was, now in [(first.get(place), second.get(place))]
    ]
    return Comparison(
        one,
        other,
        worse=_ordered(change for change in changes if change.by > 0),
        better=_ordered(change for change in changes if change.by < 0),
        same=tuple(change.after for change in changes if change.by == 0 and change.after),
        layers=tuple(_layers(one.layers, other.layers)),
        causes_before=_causes(before, one),
        causes_after=_causes(after, other),
    )


def _findings(document: Document, subject: SubjectFacts) -> dict[tuple[str, str], Finding]:
    return {
        (finding.code, finding.place.layer): finding
        for group in document.groups
        if group.subject == subject.name
        for finding in group.findings
    }


def _ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: (-abs(c.by), -c.worst.rank, c.code, c.layer)))


def _layers(before: Sequence[LayerHealth], after: Sequence[LayerHealth]) -> Iterable[LayerChange]:
    earlier = {health.layer: health for health in before}
    later = {health.layer: health for health in after}
    for name in [*later, *(name for name in earlier if name not in later)]:
        was, now = earlier.get(name), later.get(name)
        if was is None or now is None or was.counts != now.counts:
            yield LayerChange(name, was, now)


def _causes(document: Document, subject: SubjectFacts) -> tuple[str, ...]:
    return tuple(
        f"{cause.code} {cause.name}"
        for explanation in document.explanations
        if explanation.subject == subject.name
        for cause in explanation.believed
    )


def _rank(finding: Finding | None) -> int:
    return NOTHING_FOUND if finding is None else finding.severity.rank
