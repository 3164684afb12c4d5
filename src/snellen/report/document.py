"""All that a report says of a run, arranged for no medium in particular."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.core import Clear, Finding, Severity, Undecided, Verdict
from snellen.diagnosis import Diagnosis
from snellen.record import RunContents, Subject
from snellen.report.explanation import Explanation, explanations
from snellen.report.explanation import headline as cause_headline
from snellen.report.health import LayerHealth, layer_health
from snellen.report.mended import MendedFacts
from snellen.report.outcomes import Outcome

MOST_PAGES = 3
"""Pages of causes and symptoms that are offered for reading."""


@dataclass(frozen=True)
class RunFacts:
    """The run as a whole."""

    file: str
    script: str
    framework: str
    """Of its subjects; several are joined with `, `."""
    steps: int
    """Optimiser steps, of all subjects together."""
    seconds: float
    """Training time, without what the watching took."""
    watching_seconds: float
    snellen: str
    """Version that watched."""
    manifest: Mapping[str, Any]

    examining_seconds: float = 0.0
    """Of `watching_seconds`, what the questions took that were put to the model after the
    training."""

    @property
    def overhead_share(self) -> float | None:
        """What watching took from the training, as a share of its time; `None` without training
        time. Questions asked afterwards are left out."""
        during = self.watching_seconds - self.examining_seconds
        return max(during, 0.0) / self.seconds if self.seconds > 0 else None


@dataclass(frozen=True)
class SubjectFacts:
    """One model of the run."""

    name: str
    framework: str
    steps: int
    harmed: bool | None
    """Whether its training came to nothing; `None`: unknown."""
    reasons: tuple[str, ...]
    """Why the outcome is held for that."""
    layers: tuple[LayerHealth, ...]
    """In the order of the network."""


@dataclass(frozen=True)
class Group:
    """The findings of one symptom in one subject."""

    code: str
    symptom: str
    subject: str
    findings: tuple[Finding, ...]
    """Worst first; equal ones in the order of the network."""

    @property
    def severity(self) -> Severity:
        return self.findings[0].severity


@dataclass(frozen=True)
class Unjudged:
    """What one symptom could not judge in one subject, for one reason."""

    code: str
    symptom: str
    subject: str
    needs: str
    layers: tuple[str, ...]
    """`("",)` for the model as a whole."""


@dataclass(frozen=True)
class Passed:
    """A symptom that found nothing where it could judge."""

    code: str
    symptom: str
    layers: int
    """Layers it could judge, of all subjects; 0 when it judges models as a whole."""


@dataclass(frozen=True)
class Document:
    """What a report shows, in the order in which it shows it."""

    headline: str
    """The verdict in one line: the cause with how firmly it is believed, or what was found."""
    found: str
    """What was found, in one line: the worst finding, or that there is none."""
    run: RunFacts
    explanations: tuple[Explanation, ...]
    """Why each subject went wrong that did, the one with the worst finding first; the others are
    not here."""
    groups: tuple[Group, ...]
    """Worst first."""
    subjects: tuple[SubjectFacts, ...]
    unjudged: tuple[Unjudged, ...]
    passed: tuple[Passed, ...]
    """Symptoms that looked somewhere and found nothing anywhere, in code order."""
    notes: tuple[str, ...]
    """What happened to the script and to the watching."""
    next: tuple[tuple[str, str], ...]
    """What to do next: a command, and what it gives."""
    verdicts: tuple[Verdict, ...]
    accepted: int = 0
    """Findings that a baseline accepted; they are nowhere else."""
    mended: MendedFacts | None = None
    """What came of trying remedies; `None` where none were tried."""

    @property
    def severity(self) -> Severity | None:
        """Of the worst finding; `None` without one."""
        return self.groups[0].severity if self.groups else None

    @property
    def harmed(self) -> bool:
        """A training came to nothing."""
        return any(subject.harmed for subject in self.subjects)

    @property
    def fine(self) -> bool:
        """Nothing was found, something was judged, and every training went well."""
        well = all(subject.harmed is False for subject in self.subjects)
        return not self.groups and bool(self.passed) and well


def document_of(
    contents: RunContents,
    verdicts: Sequence[Verdict],
    outcomes: Mapping[str, Outcome],
    *,
    file: str,
    accepted: int = 0,
    diagnoses: Sequence[Diagnosis] = (),
    mended: MendedFacts | None = None,
) -> Document:
    """The document of a run that was read from `file` and judged; `outcomes` by subject.

    A baseline has taken `accepted` findings from `verdicts`. `diagnoses`: those of the subjects,
    which rest on all verdicts; they are left out where `verdicts` show nothing wrong. `mended`:
    what came of trying remedies.
    """
    order = {
        (subject.name, layer.name): place
        for subject in contents.subjects
        for place, layer in enumerate(subject.layers)
    }
    sizes = {
        (subject.name, layer.name): layer.channels
        for subject in contents.subjects
        for layer in subject.layers
    }
    passed = _passed(verdicts)
    subjects = tuple(_subject_facts(s, outcomes.get(s.name)) for s in contents.subjects)
    groups = _groups([v for v in verdicts if isinstance(v, Finding)], order, sizes)
    run = _run_facts(contents, file)
    explained = _worst_subject_first(explanations(diagnoses, verdicts, outcomes), groups)
    found = _headline(groups, passed, sizes, subjects)
    return Document(
        headline=cause_headline(explained, several=len(subjects) > 1) or found,
        found=found,
        run=run,
        explanations=explained,
        groups=groups,
        subjects=subjects,
        unjudged=_unjudged(verdicts),
        passed=passed,
        notes=_notes(contents, accepted),
        next=_next(explained, groups, run),
        verdicts=tuple(verdicts),
        accepted=accepted,
        mended=mended,
    )


def _worst_subject_first(
    explained: Sequence[Explanation], groups: Sequence[Group]
) -> tuple[Explanation, ...]:
    places: dict[str, int] = {}
    for place, group in enumerate(groups):
        places.setdefault(group.subject, place)
    return tuple(sorted(explained, key=lambda e: places.get(e.subject, len(groups))))


Sizes = Mapping[tuple[str, str], int]
Order = Mapping[tuple[str, str], int]


def concerned(finding: Finding, sizes: Sizes) -> float:
    """Share of the layer's channels that a finding concerns: 1 when the whole layer is meant."""
    channels = sizes.get((finding.place.subject, finding.place.layer), 0)
    if not finding.place.channels or not channels:
        return 1.0
    return len(finding.place.channels) / channels


def _groups(findings: Iterable[Finding], order: Order, sizes: Sizes) -> tuple[Group, ...]:
    by_symptom: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_symptom.setdefault((finding.place.subject, finding.code), []).append(finding)
    groups = [
        Group(code, members[0].symptom, subject, tuple(_worst_first(members, order, sizes)))
        for (subject, code), members in by_symptom.items()
    ]
    # A stable sort: the order in which the symptoms judged decides between equals.
    return tuple(sorted(groups, key=lambda group: -group.severity.rank))


def _worst_first(findings: list[Finding], order: Order, sizes: Sizes) -> list[Finding]:
    return sorted(
        findings,
        key=lambda f: (
            -f.severity.rank,
            -concerned(f, sizes),
            order.get((f.place.subject, f.place.layer), -1),
        ),
    )


def _headline(
    groups: Sequence[Group],
    passed: Sequence[Passed],
    sizes: Sizes,
    subjects: Sequence[SubjectFacts],
) -> str:
    if not groups and not passed:
        return "Nothing could be judged"
    if not groups or groups[0].severity is Severity.NOTE:
        return _no_fault(sum(len(group.findings) for group in groups), subjects)
    worst = groups[0]
    first = worst.findings[0]
    text = worst.symptom.replace("-", " ").capitalize()
    if first.place.layer:
        text += f" in layer {first.place.layer}"
    channels = sizes.get((worst.subject, first.place.layer), 0)
    if first.place.channels and channels:
        text += f": {len(first.place.channels)} of {channels} channels"
    if len(worst.findings) > 1:
        text += f", and in {_count(len(worst.findings) - 1, 'more layer')}"
    if len(subjects) > 1:
        text += f" of {worst.subject}"
    return text


def _no_fault(noted: int, subjects: Sequence[SubjectFacts]) -> str:
    text = "No fault found"
    if noted:
        text += f"; {noted} oddit{'y' if noted == 1 else 'ies'} noted"
    if any(subject.harmed for subject in subjects):
        text += ", though the training came to nothing"
    elif any(subject.harmed is None for subject in subjects):
        text += "; how the training turned out is unknown"
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _run_facts(contents: RunContents, file: str) -> RunFacts:
    manifest = contents.manifest
    subjects = contents.subjects
    return RunFacts(
        file=file,
        script=str(manifest.get("script", "")),
        framework=", ".join(dict.fromkeys(subject.framework for subject in subjects)),
        steps=sum(subject.steps for subject in subjects),
        # A run that was killed has not come to noting its times.
        seconds=_number(
            manifest.get("training_seconds"),
            otherwise=max((m.seconds for s in subjects for m in s.moments), default=0.0),
        ),
        watching_seconds=_number(
            manifest.get("watching_seconds"),
            otherwise=sum(m.cost_seconds for s in subjects for m in s.moments),
        ),
        snellen=str(manifest.get("snellen", "unknown")),
        manifest=manifest,
        examining_seconds=_number(manifest.get("examining_seconds"), otherwise=0.0),
    )


def _number(value: object, *, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _subject_facts(subject: Subject, outcome: Outcome | None) -> SubjectFacts:
    return SubjectFacts(
        subject.name,
        subject.framework,
        subject.steps,
        None if outcome is None else outcome.harmed,
        () if outcome is None else outcome.reasons,
        tuple(layer_health(subject, layer) for layer in subject.layers),
    )


def _unjudged(verdicts: Sequence[Verdict]) -> tuple[Unjudged, ...]:
    layers: dict[tuple[str, str, str, str], list[str]] = {}
    for verdict in verdicts:
        if isinstance(verdict, Undecided):
            key = (verdict.code, verdict.symptom, verdict.place.subject, verdict.needs)
            layers.setdefault(key, []).append(verdict.place.layer)
    return tuple(Unjudged(*key, tuple(names)) for key, names in layers.items())


def _passed(verdicts: Sequence[Verdict]) -> tuple[Passed, ...]:
    found = {v.code for v in verdicts if isinstance(v, Finding)}
    names = {v.code: v.symptom for v in verdicts if isinstance(v, Clear)}
    layers = Counter(v.code for v in verdicts if isinstance(v, Clear) and v.place.layer)
    return tuple(
        Passed(code, name, layers[code])
        for code, name in sorted(names.items())
        if code not in found
    )


def _notes(contents: RunContents, accepted: int) -> tuple[str, ...]:
    said = [f"{event.text[:1].upper()}{event.text[1:]}" for event in contents.events]
    if accepted:
        said.append(f"{_count(accepted, 'finding')} accepted by the baseline")
    return tuple(dict.fromkeys(said))


def _next(
    explained: Sequence[Explanation], groups: Sequence[Group], run: RunFacts
) -> tuple[tuple[str, str], ...]:
    causes = {cause.code: cause.name for e in explained for cause in e.believed}
    symptoms = {group.code: group.symptom for group in groups}
    pages = [
        *((code, f"{name}: how it shows, how to be sure") for code, name in causes.items()),
        *((code, f"{name}: common causes, look-alikes") for code, name in symptoms.items()),
    ]
    return (
        *((f"snellen explain {code}", gives) for code, gives in pages[:MOST_PAGES]),
        (f"snellen report {shlex.quote(run.file)} --open", "its maps and curves, in the browser"),
    )
