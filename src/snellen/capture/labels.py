"""What labels and outputs mean, given the loss that received them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.stats import ImageAnswers, Predictions, TargetKind, Targets

CLASS_LOSSES = {"cross_entropy", "nll"}
YES_NO_LOSSES = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}
MOST_CLASSES = 100_000
"""Integers beyond this are no class numbers."""


def targets_of(
    labels: npt.NDArray[Any] | None, loss: Mapping[str, Any], class_axis: int
) -> Targets:
    """The labels of one batch, counted. `loss` holds a `LossCall`'s name and facts (it may be
    empty); `class_axis` is where a one-hot label has its classes."""
    if labels is None or labels.ndim == 0 or len(labels) == 0:
        return Targets.none()
    name = loss.get("name", "")
    classes = int(loss.get("units", 0) or 0)
    if name in CLASS_LOSSES:
        counted = Targets.of_classes(class_numbers(labels, loss, class_axis), classes)
        if not _are_shares(labels, loss):
            return counted
        shares = np.moveaxis(labels, class_axis, -1).astype(np.float64)
        return _with_shares(counted, shares, float(loss.get("label_smoothing") or 0.0))
    if name in YES_NO_LOSSES:
        if labels.ndim > 2:
            return Targets.of_classes((labels > 0.5).astype(np.int64), 2)
        return Targets.of_indicators(labels)
    if (
        np.issubdtype(labels.dtype, np.integer)
        and labels.ndim == 1
        and name in ("", "other", "objective")
    ):
        if labels.min() >= 0 and labels.max() < MOST_CLASSES:
            return Targets.of_classes(labels, classes)
        return Targets.none()
    return Targets.of_values(labels)


def class_numbers(
    labels: npt.NDArray[Any], loss: Mapping[str, Any], class_axis: int
) -> npt.NDArray[np.int64]:
    """Labels of a class loss as integers `(images,)` or `(images, *positions)`."""
    if _are_shares(labels, loss):
        return labels.argmax(axis=class_axis).astype(np.int64)
    if labels.ndim > 1 and labels.shape[class_axis] == 1:
        labels = labels.squeeze(class_axis)
    return labels.astype(np.int64)


def _with_shares(counted: Targets, shares: npt.NDArray[np.float64], smoothing: float) -> Targets:
    """`shares` `(images, ..., classes)`, which the loss then smooths towards uniform."""
    sums = shares.sum(axis=-1)
    # What has no class at all, as positions to be ignored, says nothing.
    kept = shares[sums != 0]
    proper = bool(np.abs(kept.sum(axis=-1) - 1).max(initial=0.0) < 1e-3) and bool(kept.size)
    smooth = (1 - smoothing) * kept + smoothing / shares.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        blur = -(smooth * np.log(np.where(smooth > 0, smooth, 1.0))).sum() / max(len(kept), 1)
    return replace(
        counted,
        sum_low=float(sums.min(initial=np.inf)),
        sum_high=float(sums.max(initial=-np.inf)),
        blur=float(blur) if proper and kept.min(initial=0.0) >= 0 else float("nan"),
    )


def _are_shares(labels: npt.NDArray[Any], loss: Mapping[str, Any]) -> bool:
    """Whether each class has a label of its own, one-hot or otherwise."""
    return loss.get("labels") in ("one-hot", "probabilities") and labels.ndim > 1


def strata(
    labels: npt.NDArray[Any] | None, loss: Mapping[str, Any], class_axis: int
) -> npt.NDArray[np.int64] | None:
    """One class per image, to balance the probe by; `None` where images have no single class."""
    if labels is None or labels.ndim == 0:
        return None
    targets = targets_of(labels, loss, class_axis)
    if targets.kind == TargetKind.CLASSES:
        return class_numbers(labels, loss, class_axis)
    flat = labels.reshape(len(labels), -1)
    if targets.kind == TargetKind.MULTI_LABEL and flat.shape[1] == 1:
        return (flat[:, 0] > 0.5).astype(np.int64)
    return None


def predictions_of(
    output: npt.NDArray[Any],
    labels: npt.NDArray[Any] | None,
    loss: Mapping[str, Any],
    class_axis: int,
    value: float,
) -> Predictions:
    """The model's `output` `(images, outputs, ...)` on the probe, channels second, judged by its
    labels.

    A single yes-or-no unit counts as two classes; its threshold is 0 for logits and 0.5 otherwise.
    """
    images = len(output)
    units = output.reshape(images, output.shape[1] if output.ndim > 1 else 1, -1).astype(np.float64)
    sums = units.sum(axis=1)
    chosen, right, present = _answers(units, output, labels, loss, class_axis)
    with np.errstate(invalid="ignore"):
        return Predictions(
            images=images,
            minimum=float(units.min(initial=np.inf)),
            maximum=float(units.max(initial=-np.inf)),
            row_sum_low=float(sums.min(initial=np.inf)),
            row_sum_high=float(sums.max(initial=-np.inf)),
            output_mean=units.mean(axis=(0, 2)),
            output_std=units.std(axis=0).mean(axis=1),
            chosen=chosen,
            right=right,
            present=present,
            loss=value,
        )


def _answers(
    units: npt.NDArray[np.float64],
    output: npt.NDArray[Any],
    labels: npt.NDArray[Any] | None,
    loss: Mapping[str, Any],
    class_axis: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    none = np.zeros(0, np.int64)
    name = loss.get("name", "")
    outputs = units.shape[1]
    if name in YES_NO_LOSSES and outputs == 1:
        threshold = 0.5 if loss.get("expects") == "probabilities" else 0.0
        answer, classes = (units[:, 0] > threshold).astype(np.int64), 2
        truth = None if labels is None else (labels.reshape(len(labels), -1) > 0.5).astype(np.int64)
    elif (
        name in CLASS_LOSSES or (labels is not None and _are_classes(labels, loss))
    ) and outputs > 1:
        answer, classes = units.argmax(axis=1), outputs
        truth = None
        if labels is not None:
            truth = class_numbers(labels, loss, class_axis).reshape(len(labels), -1)
    else:
        return none, none, none
    chosen = np.bincount(answer.ravel(), minlength=classes)
    if truth is None or truth.shape != answer.shape:
        return chosen, none, none
    known = (truth >= 0) & (truth < classes)
    present = np.bincount(truth[known], minlength=classes)
    right = np.bincount(truth[known & (truth == answer)], minlength=classes)
    return chosen, right, present


def shares_of(
    output: npt.NDArray[Any],
    labels: npt.NDArray[Any] | None,
    loss: Mapping[str, Any],
    class_axis: int,
) -> npt.NDArray[np.float64] | None:
    """Probabilities `(images, classes)` of the model's `output` `(images, outputs)`; `None` where
    an image has not one answer of several, or yes or no."""
    name = loss.get("name", "")
    flat = output.reshape(len(output), -1).astype(np.float64)
    if output.ndim > 2 and flat.shape[1] != output.shape[1]:
        return None
    if name in YES_NO_LOSSES and flat.shape[1] == 1:
        yes = _yes(flat[:, 0], loss.get("expects") == "probabilities")
        return np.stack([1 - yes, yes], axis=1)
    classes = name in CLASS_LOSSES or (labels is not None and _are_classes(labels, loss))
    return _shares(flat) if classes and flat.shape[1] > 1 else None


def answers_of(
    output: npt.NDArray[Any],
    labels: npt.NDArray[Any] | None,
    loss: Mapping[str, Any],
    class_axis: int,
) -> ImageAnswers | None:
    """What the model's `output` answers for each image; `None` as in `shares_of`."""
    shares = shares_of(output, labels, loss, class_axis)
    if shares is None:
        return None
    truth = None if labels is None else strata(labels, loss, class_axis)
    if truth is not None and truth.shape != (len(shares),):
        truth = truth.reshape(-1) if truth.size == len(shares) else None
    return ImageAnswers.of(shares, shares.argmax(axis=1), truth)


def _yes(values: npt.NDArray[np.float64], probabilities: bool) -> npt.NDArray[np.float64]:
    if probabilities and values.size and values.min() >= 0 and values.max() <= 1:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return 1.0 / (1.0 + np.exp(-values))


def _shares(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Softmax, which log-probabilities take too; the values themselves where each row is a
    distribution already."""
    sums = values.sum(axis=1, keepdims=True)
    if values.size and values.min() >= 0 and values.max() <= 1 and np.abs(sums - 1).max() < 1e-3:
        return values / sums
    with np.errstate(invalid="ignore"):
        shifted = np.exp(values - values.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)


def _are_classes(labels: npt.NDArray[Any], loss: Mapping[str, Any]) -> bool:
    return targets_of(labels, loss, 1).kind == TargetKind.CLASSES
