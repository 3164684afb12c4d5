"""Pages and their parts, of runs made by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from report import runs
from snellen.core import Verdict
from snellen.diagnosis import Diagnosis
from snellen.record import Clock, Entry, RunWriter, Subject, Thumbnail
from snellen.record.pictures import png
from snellen.report.document import Document, document_of
from snellen.report.html.page import page_of
from snellen.report.parts.exhibit import Exhibit, exhibits
from snellen.report.parts.layer import LayerView, layer_view
from snellen.report.parts.pictures import Pictures


def view_of(
    *,
    channels: int = 4,
    steps: Iterable[int] = (40,),
    pictured: Sequence[int] = (),
    silent: Sequence[int] = (),
) -> LayerView:
    """Of a layer looked at at these steps; of some of them there are pictures of two channels."""
    layer = runs.layer("conv1", 0, channels)
    subject = runs.subject([layer])
    entries = tuple(Entry(step, runs.summary(channels, silent=silent)) for step in steps)
    told = {**subject.statistics, ("conv1", "map/post", Clock.PROBE): entries}
    with tempfile.TemporaryDirectory() as folder:
        path = empty_run(Path(folder) / "run.snellen", subject.name)
        view = layer_view(replace(subject, statistics=told), layer, [], path)
    shown = {
        step: {
            (0, c): Thumbnail(subject.name, "conv1", step, 0, c, 0.0, 1.0, b"")
            for c in range(min(2, channels))
        }
        for step in pictured
    }
    return replace(view, pictures=Pictures(shown))


def exhibit_of(
    *subjects: Subject,
    verdicts: Sequence[Verdict] = (),
    diagnoses: Sequence[Diagnosis] = (),
    file: str = "a.snellen",
    script: str = "train.py",
    pictured: bool = False,
) -> tuple[Document, tuple[Exhibit, ...]]:
    """`pictured`: every layer has a picture of its first channel."""
    contents = runs.contents(*subjects, script=script)
    outcomes = {subject.name: runs.Turned(True, ("it came to nothing",)) for subject in subjects}
    document = document_of(contents, verdicts, outcomes, file=file, diagnoses=diagnoses)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.snellen"
        with RunWriter.create(path, {}) as writer:
            for subject in subjects:
                number = writer.add_subject(subject.name, "torch", {})
                for layer in subject.layers if pictured else ():
                    grey = png(np.eye(4), 0.0, 1.0)
                    writer.add_thumbnail(number, layer.name, runs.STEP, 0, 0, 0.0, 1.0, grey)
        return document, exhibits(contents, document, path)


def page(*subjects: Subject, **options: object) -> str:
    """The whole page; `options` as for `exhibit_of`."""
    return page_of(*exhibit_of(*subjects, **options))  # type: ignore[arg-type]


def empty_run(path: Path, subject: str) -> Path:
    with RunWriter.create(path, {}) as writer:
        writer.add_subject(subject, "torch", {})
    return path
