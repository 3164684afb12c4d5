"""What labels and outputs mean, for every loss and form of label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.capture.labels import predictions_of, strata, targets_of
from snellen.stats import TargetKind

RNG = np.random.default_rng(0)
CE = {"name": "cross_entropy", "expects": "logits", "units": 3, "labels": "integers"}
SOFT = {**CE, "labels": "probabilities"}
BCE = {"name": "binary_cross_entropy_with_logits", "expects": "logits", "units": 1}
PROBABLE = {"name": "binary_cross_entropy", "expects": "probabilities", "units": 1}
MSE = {"name": "mse", "expects": "values", "units": 1}

FORMS: dict[str, tuple[dict[str, Any], Any, TargetKind, Any]] = {
    "classes": (CE, np.array([0, 2, 1, 2]), TargetKind.CLASSES, [0, 2, 1, 2]),
    "classes in a column": (CE, np.array([[0], [2]]), TargetKind.CLASSES, [0, 2]),
    "soft labels": (SOFT, np.array([[0.1, 0.9, 0], [0.6, 0.2, 0.2]]), TargetKind.CLASSES, [1, 0]),
    "yes or no": (BCE, np.array([0.0, 1.0, 1.0]), TargetKind.MULTI_LABEL, [0, 1, 1]),
    "yes or no in a column": (BCE, np.array([[0.0], [1.0]]), TargetKind.MULTI_LABEL, [0, 1]),
    "several yes or no": (BCE, np.array([[0.0, 1.0], [1.0, 1.0]]), TargetKind.MULTI_LABEL, None),
    "values": (MSE, np.array([[0.5], [2.5]]), TargetKind.REGRESSION, None),
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_read_by_their_loss(form: str) -> None:
    loss, labels, kind, classes = FORMS[form]
    targets = targets_of(labels, loss, 1)
    assert targets.kind == kind
    assert targets.images == len(labels)
    found = strata(labels, loss, 1)
    assert (None if found is None else found.ravel().tolist()) == classes


@pytest.mark.parametrize("labels", [None, np.array(3), np.zeros((0,), np.int64)])
def test_no_labels_are_no_targets(labels: Any) -> None:
    assert targets_of(labels, CE, 1).images == 0


def test_class_answers_are_counted() -> None:
    output = RNG.normal(size=(50, 3)).astype(np.float32)
    labels = RNG.integers(0, 3, 50)
    found = predictions_of(output, labels, CE, 1, 0.7)
    for k in range(3):
        chosen = [int(np.argmax(row)) for row in output]
        assert found.chosen[k] == sum(c == k for c in chosen)
        assert found.present[k] == sum(y == k for y in labels)
        assert found.right[k] == sum(c == y == k for c, y in zip(chosen, labels, strict=True))
    assert (found.images, found.loss) == (50, 0.7)
    assert found.maximum == output.max()


def test_ignored_labels_are_left_out() -> None:
    output = np.eye(3)[[0, 1, 2, 2]]
    found = predictions_of(output, np.array([0, -100, 2, 1]), CE, 1, 0.0)
    assert found.present.tolist() == [1, 1, 1]
    assert found.right.tolist() == [1, 0, 1]


def test_segmentation_counts_positions() -> None:
    output = RNG.normal(size=(4, 3, 5, 6))
    labels = RNG.integers(0, 3, (4, 5, 6))
    found = predictions_of(output, labels, CE, 1, 0.0)
    answers = output.argmax(axis=1)
    assert found.present.sum() == 4 * 5 * 6
    assert found.right.tolist() == [int(((answers == k) & (labels == k)).sum()) for k in range(3)]


@pytest.mark.parametrize(("loss", "threshold"), [(BCE, 0.0), (PROBABLE, 0.5)])
def test_a_yes_or_no_unit_is_two_classes(loss: dict[str, Any], threshold: float) -> None:
    output = np.array([[threshold - 0.1], [threshold + 0.1], [threshold + 0.2]])
    found = predictions_of(output, np.array([0.0, 0.0, 1.0]), loss, 1, 0.0)
    assert found.chosen.tolist() == [1, 2]
    assert found.right.tolist() == [1, 1]
    assert found.present.tolist() == [2, 1]


@pytest.mark.parametrize(("loss", "outputs"), [(MSE, 1), (BCE, 4)])
def test_values_and_several_labels_have_no_classes(loss: dict[str, Any], outputs: int) -> None:
    labels = RNG.integers(0, 2, (6, outputs)).astype(float)
    found = predictions_of(RNG.normal(size=(6, outputs)), labels, loss, 1, 0.0)
    assert (found.chosen.size, found.right.size, found.present.size) == (0, 0, 0)


def test_answers_that_are_not_finite_do_not_stop_it() -> None:
    found = predictions_of(np.full((3, 3), np.nan), np.array([0, 1, 2]), CE, 1, float("nan"))
    assert found.images == 3
    assert np.isnan(found.loss)
