"""Whether two sets of images can be told apart by their pixels alone."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false
# scikit-learn has no types of its own.

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FEWEST_TOLD_APART = 40
"""Images of each side."""
FOLDS = 5

Floats = npt.NDArray[np.float64]


def pixel_statistics(images: npt.NDArray[Any]) -> Floats:
    """Shape `(images, any)`: of each channel the mean, standard deviation, minimum, maximum,
    quartiles and mean squared difference of neighbours."""
    flat = images.reshape(*images.shape[:2], -1).astype(np.float64)
    flat = np.clip(np.nan_to_num(flat), -1e30, 1e30)
    part = flat.reshape(images.shape)
    steps = [
        np.square(np.diff(part, axis=axis)).reshape(*images.shape[:2], -1).mean(axis=2)
        for axis in range(2, images.ndim)
        if images.shape[axis] > 1
    ]
    quartiles = np.quantile(flat, (0.1, 0.25, 0.5, 0.75, 0.9), axis=2)
    columns = [flat.mean(axis=2), flat.std(axis=2), flat.min(axis=2), flat.max(axis=2)]
    return np.concatenate([*columns, *quartiles, *steps], axis=1)


def told_apart(one: Floats, other: Floats) -> tuple[float, float]:
    """AUC, out of fold, of a logistic regression that tells rows of one from rows of the other, and
    its standard error (Hanley & McNeil 1982); NaN with too few rows."""
    if min(len(one), len(other)) < FEWEST_TOLD_APART:
        return float("nan"), float("nan")
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([one, other])
    rows = rows[:, np.ptp(rows, axis=0) > 0]
    if not rows.shape[1]:
        return 0.5, 0.0
    truth = np.repeat([1, 0], [len(one), len(other)])
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    folds: Any = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    score: Any = cross_val_predict(model, rows, truth, cv=folds, method="decision_function")
    auc = max(float(roc_auc_score(truth, score)), 0.5)
    n, m = len(one), len(other)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n - 1) * (q1 - auc**2) + (m - 1) * (q2 - auc**2)
    return auc, float(np.sqrt(max(variance, 0.0) / (n * m)))
