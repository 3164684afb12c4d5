"""The probe is drawn balanced, without duplicates, and knows when it has seen everything."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from snellen.capture.draw import SEARCHED, ProbeDraw

Labels = npt.NDArray[np.int64]


def images(count: int, seed: int = 0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).random((count, 1, 3, 3))


def drawn(draw: ProbeDraw, x: npt.NDArray[np.float64], y: Labels | None) -> list[int]:
    """Indices taken from batches until the draw is complete."""
    found: list[int] = []
    size = 10
    for i in range(0, len(x), size):
        if draw.complete:
            break
        part = slice(i, i + size)
        take, _ = draw.offer(x[part], None if y is None else y[part], len(x[part]))
        found += (take + i).tolist()
    return found


def test_classes_are_balanced() -> None:
    y = np.arange(400) % 4
    chosen = drawn(ProbeDraw(40, classes=4), images(400), y)
    assert Counter(y[chosen]) == {0: 10, 1: 10, 2: 10, 3: 10}


def test_a_rare_class_is_waited_for_and_others_do_not_take_its_share() -> None:
    y = np.zeros(300, np.int64)
    y[[150, 200, 250]] = 1
    chosen = drawn(ProbeDraw(10, classes=2), images(300), y)
    # Eight times the wanted images are looked through: 80.
    assert Counter(y[chosen]) == {0: 5}
    y[[20, 30, 40]] = 1
    chosen = drawn(ProbeDraw(10, classes=2), images(300), y)
    assert Counter(y[chosen]) == {0: 5, 1: 3}


def test_the_search_is_bounded() -> None:
    draw = ProbeDraw(10, classes=2)
    drawn(draw, images(1000), np.zeros(1000, np.int64))
    assert draw.seen == SEARCHED * 10


def test_spare_images_are_offered_to_fill_up() -> None:
    draw = ProbeDraw(10, classes=2)
    take, spare = draw.offer(images(20), np.zeros(20, np.int64), 20)
    assert (len(take), len(spare)) == (5, 10)


def test_identical_images_are_taken_once() -> None:
    x = np.repeat(images(5), 4, axis=0)
    draw = ProbeDraw(20)
    take, spare = draw.offer(x, None, 20)
    assert take.tolist() == [0, 4, 8, 12, 16]
    assert len(spare) == 0
    assert draw.distinct == 5


def test_without_labels_the_first_images_are_taken() -> None:
    assert drawn(ProbeDraw(12), images(50), None) == list(range(12))


def test_an_empty_batch_takes_nothing() -> None:
    take, spare = ProbeDraw(5).offer(images(0), None, 0)
    assert (len(take), len(spare)) == (0, 0)


@pytest.mark.parametrize("replacement", [True, False])
def test_the_whole_set_is_recognised(replacement: bool) -> None:
    x = images(60)
    rng = np.random.default_rng(0)
    draw = ProbeDraw(500)
    for _ in range(100):
        index = rng.integers(0, 60, 20) if replacement else rng.permutation(60)[:20]
        draw.offer(x[index], None, 20)
        if draw.whole_set_seen:
            break
    assert draw.whole_set_seen
    # With replacement a rare one may be left: were it a tenth, that would show.
    assert draw.distinct > 54 if replacement else draw.distinct == 60


def test_a_known_population_settles_it_at_once() -> None:
    draw = ProbeDraw(500, population=30)
    draw.offer(images(29), None, 29)
    assert not draw.whole_set_seen
    draw.offer(images(31)[29:30], None, 1)
    assert draw.whole_set_seen
