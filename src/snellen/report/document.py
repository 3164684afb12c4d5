"""All that a report says of a run, arranged for no medium in particular."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.core import Clear, Finding, Severity, Undecided, Verdict
from snellen.record import RunContents, Subject
from snellen.report.health import LayerHealth, layer_health


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
    """Training time, of all subjects together, without what the watching took."""
    watching_seconds: float
    snellen: str
    """Version that watched."""
    manifest: Mapping[str, Any]

    @property
    def overhead_share(self) -> float | None:
        """What the watching took, as a share of the training time; `None` without training time."""
        return self.watching_seconds / self.seconds if self.seconds > 0 else None


@dataclass(frozen=True)
class SubjectFacts:
    """One model of the run."""

    name: str
    framework: str
    steps: int
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
class Document:
    """What a report shows, in the order in which it shows it."""

    headline: str
    run: RunFacts
    groups: tuple[Group, ...]
    """Worst first."""
    subjects: tuple[SubjectFacts, ...]
    unjudged: tuple[Unjudged, ...]
    clear: tuple[str, ...]
    """Symptoms (`S01 dead-channels`) that looked somewhere and found nothing anywhere."""
    notes: tuple[str, ...]
    """What happened to the script and to the watching."""
    next: tuple[tuple[str, str], ...]
    """What to do next: a command, and what it gives."""
    verdicts: tuple[Verdict, ...]

    @property
    def severity(self) -> Severity | None:
        """Of the worst finding; `None` without one."""
        return self.groups[0].severity if self.groups else None


def document_of(contents: RunContents, verdicts: Sequence[Verdict], *, file: str) -> Document:
    """The document of a run that was read from `file` and judged."""
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
    groups = _groups([v for v in verdicts if isinstance(v, Finding)], order, sizes)
    run = _run_facts(contents, file)
    return Document(
        headline=_headline(groups, sizes, contents.subjects),
        run=run,
        groups=groups,
        subjects=tuple(_subject_facts(subject) for subject in contents.subjects),
        unjudged=_unjudged(verdicts),
        clear=_clear(verdicts),
        notes=_notes(contents),
        next=_next(groups, run),
        verdicts=tuple(verdicts),
    )


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


def _headline(groups: Sequence[Group], sizes: Sizes, subjects: Sequence[Subject]) -> str:
    alarms = [group for group in groups if group.severity is not Severity.NOTE]
    if not alarms:
        noted = sum(len(group.findings) for group in groups)
        if noted:
            return f"No fault found; {noted} oddit{'y' if noted == 1 else 'ies'} noted"
        return "No fault found"
    worst = alarms[0]
    first = worst.findings[0]
    text = worst.symptom.replace("-", " ").capitalize()
    if first.place.layer:
        text += f" in {first.place.layer}"
    channels = sizes.get((worst.subject, first.place.layer), 0)
    if first.place.channels and channels:
        text += f": {len(first.place.channels)} of {channels} channels"
    if len(worst.findings) > 1:
        text += f", and in {_count(len(worst.findings) - 1, 'more layer')}"
    if len(subjects) > 1:
        text += f" of {worst.subject}"
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
        seconds=sum(_training_seconds(subject) for subject in subjects),
        watching_seconds=sum(m.cost_seconds for subject in subjects for m in subject.moments),
        snellen=str(manifest.get("snellen", "unknown")),
        manifest=manifest,
    )


def _training_seconds(subject: Subject) -> float:
    known = subject.facts.get("seconds")
    if isinstance(known, int | float):
        return float(known)
    return max((moment.seconds for moment in subject.moments), default=0.0)


def _subject_facts(subject: Subject) -> SubjectFacts:
    return SubjectFacts(
        subject.name,
        subject.framework,
        subject.steps,
        tuple(layer_health(subject, layer) for layer in subject.layers),
    )


def _unjudged(verdicts: Sequence[Verdict]) -> tuple[Unjudged, ...]:
    layers: dict[tuple[str, str, str, str], list[str]] = {}
    for verdict in verdicts:
        if isinstance(verdict, Undecided):
            key = (verdict.code, verdict.symptom, verdict.place.subject, verdict.needs)
            layers.setdefault(key, []).append(verdict.place.layer)
    return tuple(Unjudged(*key, tuple(names)) for key, names in layers.items())


def _clear(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Symptoms with a clear verdict and nothing else: no finding, nothing left open."""
    other = {v.code for v in verdicts if not isinstance(v, Clear)}
    names = {v.code: v.symptom for v in verdicts if isinstance(v, Clear)}
    return tuple(f"{code} {name}" for code, name in sorted(names.items()) if code not in other)


def _notes(contents: RunContents) -> tuple[str, ...]:
    notes: list[str] = []
    for event in contents.events:
        at = "" if event.step is None else f" (step {event.step})"
        match event.kind:
            case "stopped":
                notes.append(
                    f"The watching stopped{at}: {event.text}. What follows is up to there."
                )
            case "script-error":
                notes.append(
                    f"The script ended early{at}: {event.text}. What follows is up to there."
                )
            case _:
                notes.append(f"{event.text}{at}")
    return tuple(dict.fromkeys(notes))


def _next(groups: Sequence[Group], run: RunFacts) -> tuple[tuple[str, str], ...]:
    steps = [
        (
            f"snellen explain {group.code}",
            f"what {group.symptom.replace('-', ' ')} are a sign of, and what looks similar",
        )
        for group in list({group.code: group for group in groups}.values())[:3]
    ]
    return (*steps, (f"snellen report {run.file}", "this verdict again, on any machine"))
