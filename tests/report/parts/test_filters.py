"""Filters as flat pictures, from before the training on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from report import runs
from snellen.record import Clock, Entry, Subject
from snellen.report.parts.filters import filters
from snellen.stats import FilterImage

LAYER = runs.layer("conv1", 0, 4)


def subject_of(*entries: tuple[int, FilterImage]) -> Subject:
    subject = runs.subject([LAYER])
    key = ("conv1", "filters/", Clock.PROBE)
    told = tuple(Entry(step, value) for step, value in entries)
    return replace(subject, statistics={**subject.statistics, key: told})


def image(shape: tuple[int, ...], *, initial: bool = True) -> FilterImage:
    kernel = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return FilterImage(kernel, -kernel if initial else np.zeros(0, np.float32), 0, 0)


def test_the_beginning_comes_first_where_it_was_kept() -> None:
    found = filters(subject_of((5, image((4, 1, 3, 3))), (9, image((4, 1, 3, 3)))), LAYER)
    assert [f.step for f in found] == [0, 5, 9]
    assert (found[0].kernel == -found[1].kernel).all()
    unknown = filters(subject_of((5, image((4, 1, 3, 3), initial=False))), LAYER)
    assert [f.step for f in unknown] == [5]


@pytest.mark.parametrize(
    ("shape", "flat"),
    [((4, 2, 5), (4, 2, 1, 5)), ((4, 2, 3, 5), (4, 2, 3, 5)), ((4, 2, 3, 5, 7), (4, 2, 5, 7))],
)
def test_kernels_of_any_axes_become_pictures(shape: tuple[int, ...], flat: tuple[int, ...]) -> None:
    kernel = filters(subject_of((5, image(shape))), LAYER)[1].kernel
    assert kernel.shape == flat
    if len(shape) == 5:
        assert (kernel == image(shape).kernel[:, :, 1]).all()


def test_other_layers_have_none() -> None:
    assert filters(runs.subject([LAYER]), LAYER) == ()
