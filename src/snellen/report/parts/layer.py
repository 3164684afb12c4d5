"""Everything that is shown of one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from snellen.core import Finding, Layer
from snellen.record import Subject
from snellen.report.parts.classes import ClassActivity, class_activity
from snellen.report.parts.filters import Filters, filters
from snellen.report.parts.learning import Learning, learning
from snellen.report.parts.pictures import Pictures, pictures
from snellen.report.parts.readings import Readings, readings
from snellen.report.parts.spread import Spread, spreads


@dataclass(frozen=True)
class LayerView:
    layer: Layer
    findings: tuple[Finding, ...]
    readings: Readings
    spreads: tuple[Spread, ...]
    learning: Learning
    classes: ClassActivity | None
    filters: tuple[Filters, ...]
    pictures: Pictures

    @property
    def description(self) -> tuple[str, ...]:
        """What kind of layer it is, piece by piece: `Conv2d`, `32 channels`, `16 × 16`."""
        layer = self.layer
        noun = "channels" if layer.kind == "conv" or layer.positions else "units"
        said = [layer.type_name, f"{layer.channels} {noun if layer.channels != 1 else noun[:-1]}"]
        if layer.positions:
            said.append("maps of " + " × ".join(str(side) for side in layer.positions))
        if len(layer.weight_shape) > 2:
            said.append("kernel " + " × ".join(str(side) for side in layer.weight_shape[2:]))
        if layer.normalised:
            said.append("normalised")
        if layer.activation not in (None, "linear"):
            said.append(str(layer.activation))
        if layer.residual:
            said.append("added to a skip connection")
        if layer.head:
            said.append("the model's output")
        if not layer.trainable:
            said.append("frozen")
        return tuple(said)


def layer_view(
    subject: Subject, layer: Layer, findings: Sequence[Finding], path: Path
) -> LayerView:
    """`path` is the run file, for its pictures. Raises `RunFileError`."""
    read = readings(subject, layer)
    return LayerView(
        layer=layer,
        findings=tuple(
            f for f in findings if (f.place.subject, f.place.layer) == (subject.name, layer.name)
        ),
        readings=read,
        spreads=spreads(read),
        learning=learning(subject, layer),
        classes=class_activity(subject, layer),
        filters=filters(subject, layer),
        pictures=pictures(path, subject.name, layer.name),
    )
