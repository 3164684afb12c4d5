"""Receptive fields, as they are drawn against the image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from report import runs
from snellen.core import Layer, Window, WindowKind
from snellen.record import Clock, Entry, Subject
from snellen.report.parts.geometry import geometry_card
from snellen.stats import EffectiveField


def window(kernel: int, side: int, *, stride: int = 1) -> Window:
    twice = (kernel, kernel)
    pad = (kernel // 2,) * 2
    return Window(WindowKind.CONV, twice, (stride,) * 2, (1, 1), pad, pad, (side, side))


def conv(name: str, place: int, reads: tuple[str, ...], kernel: int, side: int, out: int) -> Layer:
    return replace(
        runs.layer(name, place, 2),
        inputs=reads,
        positions=(out, out),
        window=window(kernel, side, stride=side // out),
        paths=((),),
    )


LAYERS = [conv("a", 0, (), 3, 16, 8), conv("b", 1, ("a",), 5, 8, 8)]


def subject_of(layers: list[Layer], image: list[int] | None) -> Subject:
    return replace(runs.subject(layers), facts={"image_shape": image} if image else {})


def test_fields_grow_by_the_rule_and_keep_what_was_measured() -> None:
    subject = subject_of(LAYERS, [1, 16, 16])
    measured = EffectiveField(4, np.eye(4), 2.0)
    key = ("b", "effective-field/", Clock.PROBE)
    told = replace(subject, statistics={**subject.statistics, key: (Entry(1, measured),)})
    found = geometry_card(told)
    assert found is not None
    assert found.image == (16, 16)
    # 3, then 3 + (5 - 1) times the stride of 2 before it.
    assert [(f.layer, f.theoretical, f.jump) for f in found.fields] == [("a", 3, 2), ("b", 11, 2)]
    assert [f.effective for f in found.fields] == [None, 4.0]


def test_there_is_no_card_without_an_image_of_two_axes() -> None:
    assert geometry_card(subject_of([runs.layer("a", 0, 2)], [2, 128])) is None
    unknown = [replace(LAYERS[0], paths=(), window=None)]
    assert geometry_card(subject_of(unknown, None)) is None
    assert geometry_card(subject_of(unknown, [1, 16, 16])) is None
