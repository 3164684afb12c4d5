"""All parts of one model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from snellen.core import Finding
from snellen.record import RunContents, Subject
from snellen.report.document import Document
from snellen.report.parts.curves import Curves, curves
from snellen.report.parts.data import DATA, DataCard, data_card
from snellen.report.parts.geometry import GeometryCard, geometry_card
from snellen.report.parts.layer import LayerView, layer_view
from snellen.report.parts.measuring import Measuring, measuring
from snellen.report.parts.network import Network, network
from snellen.report.parts.signal import Signal, signal
from snellen.symptoms import catalogue, family


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one model besides the verdict."""

    subject: str
    network: Network
    layers: tuple[LayerView, ...]
    """In the order of the network."""
    signal: Signal
    curves: Curves
    data: DataCard
    geometry: GeometryCard | None
    measuring: Measuring


def exhibits(contents: RunContents, document: Document, path: Path) -> tuple[Exhibit, ...]:
    """One for each model of the run, in the order of the run. `path` is the run file, for its
    pictures. Raises `RunFileError`."""
    findings = [f for group in document.groups for f in group.findings]
    return tuple(_exhibit(subject, findings, path) for subject in contents.subjects)


def _exhibit(subject: Subject, findings: Sequence[Finding], path: Path) -> Exhibit:
    codes = frozenset(code for code, kind in catalogue().items() if family(kind) == DATA)
    return Exhibit(
        subject=subject.name,
        network=network(subject, findings),
        layers=tuple(layer_view(subject, layer, findings, path) for layer in subject.layers),
        signal=signal(subject),
        curves=curves(subject, findings),
        data=data_card(subject, findings, codes, path),
        geometry=geometry_card(subject),
        measuring=measuring(subject),
    )
