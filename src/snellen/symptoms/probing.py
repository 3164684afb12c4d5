"""What a simple reader can tell from a layer: linear probes, out of fold, and what chance gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STRENGTH = 0.1
"""Inverse strength of the L2 penalty of a probe: of 0.01 to 1, what read 64 components of 320
images best."""
PASSES = 200
"""Iterations after which a fit that has not settled is taken as it is."""


def out_of_fold(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    balanced: bool = False,
    folds: int = 5,
    seed: int = 0,
) -> Floats:
    """Probability of each class for each image, from a probe that has not seen the image.

    The probe is a multinomial logistic regression with an L2 penalty on features `(images, any)`,
    which are centred and scaled by one number, so that the weight of main components stays as it
    is. `labels` `(images,)` are classes from 0, −1 where not known. `balanced`: each class weighs
    the same.

    The result has the shape `(images, largest label + 1)`. Rows are NaN for images of a class with
    fewer than `folds` images, for those without a label, and for those with a feature that is not
    finite; so are all rows when fewer than two classes are left or the features are constant. The
    same arguments give the same result.
    """
    x, y = np.asarray(features, np.float64), np.asarray(labels, np.int64)
    if len(x) != len(y):
        raise ValueError(f"features of {len(x)} images and {len(y)} labels; they must be the same")
    x = x.reshape(len(x), int(np.prod(x.shape[1:])))
    found = np.full((len(y), int(y.max(initial=-1)) + 1), np.nan)
    known = (y >= 0) & np.isfinite(x).all(axis=1)
    counts = np.bincount(y[known], minlength=found.shape[1])
    known &= np.where(y >= 0, counts[y] >= folds, False) if len(counts) else known
    scaled = _scaled(x[known])
    if scaled is None or len(np.unique(y[known])) < 2:
        return found
    found[known] = _folded(scaled, y[known], found.shape[1], balanced, folds, seed)
    return found


def _folded(x: Floats, y: Ints, classes: int, balanced: bool, folds: int, seed: int) -> Floats:
    # Imported here: it takes a second, and most runs need no probe.
    linear: Any = import_module("sklearn.linear_model")
    selection: Any = import_module("sklearn.model_selection")
    exceptions: Any = import_module("sklearn.exceptions")
    found = np.zeros((len(y), classes))
    splits = selection.StratifiedKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A probe need not be the best one: where it has not settled it reads well enough.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        for seen, unseen in splits.split(x, y):
            probe = linear.LogisticRegression(
                C=STRENGTH,
                class_weight="balanced" if balanced else None,
                tol=1e-3,
                max_iter=PASSES,
            ).fit(x[seen], y[seen])
            found[np.ix_(unseen, probe.classes_)] = probe.predict_proba(x[unseen])
    return found


def _scaled(x: Floats) -> Floats | None:
    """Centred, and scaled as a whole to a mean variance of 1; `None` for constant features."""
    largest = float(np.abs(x).max(initial=0.0))
    if not largest > 0:
        return None
    # Divided first: squares of the largest floats would overflow.
    centred = x / largest - (x / largest).mean(axis=0)
    moving = centred[:, centred.std(axis=0) > 1e-12]
    return moving / moving.std() if moving.size else None


def chosen(probabilities: Floats) -> Ints:
    """The likeliest class of each row of `(images, classes)`; −1 where the row is NaN."""
    if not probabilities.size:
        return np.full(len(probabilities), -1, np.int64)
    known = np.isfinite(probabilities).all(axis=1)
    return np.where(known, np.nan_to_num(probabilities).argmax(axis=1), -1).astype(np.int64)


@dataclass(frozen=True)
class Gain:
    """How much better one reader answers the same images than another."""

    images: int
    """Images that both answered."""
    before: float
    """Share (0 to 1) that the first one answered rightly; NaN without images."""
    after: float
    standard_error: float
    """Of `gain`, over images; NaN with fewer than two."""
    p_value: float
    """Of a gain as large as this if both were equally good: exact McNemar test, one-sided; 1
    without images."""

    @property
    def gain(self) -> float:
        return self.after - self.before


def accuracy_gain(before: npt.NDArray[Any], after: npt.NDArray[Any], labels: Ints) -> Gain:
    """The answers `after` (classes, −1 for none) against those `before`, image by image.

    Images are compared in pairs, so what makes an image hard for both does not blur the result.
    """
    both = (before >= 0) & (after >= 0) & (labels >= 0)
    was, now = (before == labels)[both], (after == labels)[both]
    n = len(was)
    if not n:
        return Gain(0, float("nan"), float("nan"), float("nan"), 1.0)
    difference = now.astype(np.float64) - was
    error = float(difference.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    won, lost = int((difference > 0).sum()), int((difference < 0).sum())
    return Gain(n, float(was.mean()), float(now.mean()), error, _at_least(won, won + lost))


def _at_least(successes: int, trials: int) -> float:
    """Probability of at least so many heads of a fair coin."""
    special: Any = import_module("scipy.special")
    return float(special.bdtrc(successes - 1, trials, 0.5)) if successes > 0 else 1.0


def permuted(
    statistic: Callable[[Ints], Any], labels: npt.NDArray[Any], rounds: int = 200, seed: int = 0
) -> Floats:
    """What the statistic comes to when the labels have nothing to do with the images.

    `statistic` takes labels `(images,)` in another order and gives a number or an array of fixed
    shape; the result has the shape `(rounds, *that shape)`.
    """
    rng = np.random.default_rng(seed)
    order = np.asarray(labels, np.int64)
    return np.array([statistic(rng.permutation(order)) for _ in range(rounds)], np.float64)


def above_null(observed: float, null: Floats) -> float:
    """p-value of a number as large as the observed one, against those of permuted labels.

    The observed order of the labels counts as one of the permutations, so it is never zero; NaN
    when a number is not finite or there are none.
    """
    if not len(null) or not np.isfinite(observed) or not np.isfinite(null).all():
        return float("nan")
    return float((1 + (null >= observed).sum()) / (1 + len(null)))
