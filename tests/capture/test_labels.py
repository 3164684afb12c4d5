"""What labels and outputs mean, for every loss and form of label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.capture.labels import answers_of, predictions_of, strata, targets_of
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


CLASSES = {"name": "cross_entropy", "expects": "logits", "labels": "integers", "units": 3}


def test_answers_of_logits_and_of_probabilities_are_the_same() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.5]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([1, 1])
    for output in (logits, shares, np.log(shares)):
        found = answers_of(output, labels, CLASSES, 1)
        assert found is not None
        assert found.chosen.tolist() == [0, 1]
        assert found.probability == pytest.approx(shares[:, 1], rel=1e-5)
        assert found.runner_up == pytest.approx([shares[0, 0], shares[1, 2]], rel=1e-5)


@pytest.mark.parametrize("expects", ["logits", "probabilities"])
def test_yes_or_no_is_an_answer_of_two(expects: str) -> None:
    output = np.array([[0.9], [0.2]]) if expects == "probabilities" else np.array([[2.0], [-1.0]])
    loss = {"name": "binary_cross_entropy", "expects": expects}
    found = answers_of(output, np.array([[1.0], [1.0]]), loss, 1)
    assert found is not None
    assert (found.chosen.tolist(), found.label.tolist()) == ([1, 0], [1, 1])
    assert found.probability + found.runner_up == pytest.approx([1.0, 1.0])
    assert found.probability[0] > 0.85


@pytest.mark.parametrize(
    ("output", "labels", "loss"),
    [
        (np.zeros((2, 3, 4, 4)), np.zeros((2, 4, 4), int), CLASSES),
        (np.zeros((2, 3)), np.zeros((2, 3)), {"name": "binary_cross_entropy_with_logits"}),
        (np.zeros((2, 1)), np.zeros((2, 1)), {"name": "mse"}),
        (np.zeros((2, 3)), None, {}),
    ],
)
def test_other_tasks_have_no_one_answer(output: Any, labels: Any, loss: Any) -> None:
    assert answers_of(output, labels, loss, 1) is None


@pytest.mark.parametrize("form", ["one-hot", "probabilities"])
def test_sums_of_labels_that_are_shares(form: str) -> None:
    loss = {"name": "cross_entropy", "labels": form}
    several = np.array([[1.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 0.0]])
    found = targets_of(several, loss, 1)
    assert (found.sum_low, found.sum_high) == (0.0, 2.0)
    first, last = (targets_of(part, loss, 1) for part in (several[:1], several[1:]))
    assert ((first + last).sum_low, (last + first).sum_high) == (0.0, 2.0)


def test_numbers_of_classes_have_no_sums() -> None:
    found = targets_of(np.array([2, 1]), {"name": "cross_entropy", "labels": "integers"}, 1)
    assert np.isnan([found.sum_low, found.sum_high]).all()
    both = found + found
    assert np.isnan([both.sum_low, both.sum_high]).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_what_a_cross_entropy_of_shares_can_not_fall_below(smoothing: float) -> None:
    mixed = np.array([[1.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 0.0]])
    loss = {"name": "cross_entropy", "labels": "probabilities", "label_smoothing": smoothing}
    smooth = (1 - smoothing) * mixed[:3] + smoothing / 3
    # The best answer to each is its own shares.
    least = [-sum(q * np.log(q) for q in row if q > 0) for row in smooth]
    assert targets_of(mixed, loss, 1).blur == pytest.approx(np.mean(least))


def test_one_hot_labels_are_sharp_and_merge() -> None:
    loss = {"name": "cross_entropy", "labels": "one-hot"}
    sharp = targets_of(np.eye(4), loss, 1)
    blurred = targets_of(np.full((2, 4), 0.25), loss, 1)
    assert sharp.blur == 0.0
    assert (sharp + blurred).blur == pytest.approx(2 / 6 * np.log(4))
    assert (blurred + sharp).blur == pytest.approx(2 / 6 * np.log(4))
    assert np.isnan(targets_of(np.full((2, 4), 0.5), loss, 1).blur)


def test_one_hot_labels_of_positions() -> None:
    masks = np.moveaxis(np.eye(3)[np.array([[[0, 1], [2, 2]]])], -1, 1)
    assert targets_of(masks, {"name": "cross_entropy", "labels": "one-hot"}, 1).blur == 0.0
