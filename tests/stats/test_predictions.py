"""Recall, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.stats import Predictions


def answers(right: list[int], present: list[int]) -> Predictions:
    counts = np.array(right, np.int64), np.array(present, np.int64)
    nothing = np.zeros(0)
    return Predictions(
        sum(present), 0.0, 1.0, 1.0, 1.0, nothing, nothing, counts[0], *counts, loss=0.5
    )


def test_macro_recall_weighs_classes_alike_and_leaves_absent_ones_out() -> None:
    predictions = answers(right=[90, 0, 0], present=[90, 10, 0])

    assert predictions.recall[:2].tolist() == [1.0, 0.0]
    assert np.isnan(predictions.recall[2])
    assert predictions.macro_recall == 0.5


def test_without_labels_there_is_no_recall() -> None:
    assert answers([], []).macro_recall == pytest.approx(np.nan, nan_ok=True)
