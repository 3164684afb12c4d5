"""What labels say, against counts and entropies by hand."""

from __future__ import annotations

import functools
import math
import operator

import numpy as np
import pytest

from snellen.stats import TargetKind, Targets


def test_loss_of_guessing_by_the_shares_of_the_classes() -> None:
    targets = Targets.of_classes(np.array([0] * 9 + [2]), classes=4)

    assert targets.kind == TargetKind.CLASSES
    assert targets.counts.tolist() == [9, 0, 1, 0]
    assert targets.prior_loss == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))


def test_balanced_classes_cost_the_logarithm_of_their_number() -> None:
    assert Targets.of_classes(np.arange(10)).prior_loss == pytest.approx(math.log(10))


def test_ignored_positions_of_a_segmentation_are_left_out() -> None:
    targets = Targets.of_classes(np.array([[[0, 1], [-100, 1]]]))

    assert targets.kind == TargetKind.SEGMENTATION
    assert (targets.images, targets.units) == (1, 3)
    assert targets.priors == pytest.approx([1 / 3, 2 / 3])


def test_yes_or_no_per_output() -> None:
    targets = Targets.of_indicators(np.array([[1, 0], [1, 1], [0, 0], [0, 0]]))

    quarter = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert targets.priors == pytest.approx([0.5, 0.25])
    assert targets.prior_loss == pytest.approx((math.log(2) + quarter) / 2)


def test_values_cost_their_variance(rng: np.random.Generator) -> None:
    values = rng.normal(loc=1e6, size=(50, 3))
    assert Targets.of_values(values).prior_loss == pytest.approx(values.var(axis=0).mean())


@pytest.mark.parametrize("kind", ["classes", "indicators", "values"])
def test_merging_is_the_same_as_seeing_everything_at_once(
    rng: np.random.Generator, kind: str
) -> None:
    labels = rng.integers(0, 5, size=30) if kind == "classes" else rng.integers(0, 2, (30, 3))
    of = getattr(Targets, f"of_{kind}")
    pieces = [of(piece) for piece in np.split(labels, [4, 5, 20])]

    for order in (pieces, [Targets.none(), *pieces[::-1]]):
        merged = functools.reduce(operator.add, order)
        assert merged.images == 30
        assert merged.prior_loss == pytest.approx(of(labels).prior_loss)


def test_labels_of_two_kinds_do_not_merge() -> None:
    with pytest.raises(ValueError, match="do not merge"):
        Targets.of_classes(np.array([1])) + Targets.of_values(np.array([1.0]))


def test_without_labels_nothing_is_known() -> None:
    assert math.isnan(Targets.none().prior_loss)
