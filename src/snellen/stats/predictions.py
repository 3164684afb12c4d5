"""What the model answers for the probe images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from snellen.stats.statistic import Statistic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions(Statistic):
    """The model's outputs on the probe in evaluation mode. Probe-only: does not merge."""

    name = "predictions"

    images: int
    minimum: float
    """Smallest output; NaN if one is not finite."""
    maximum: float
    row_sum_low: float
    """Smallest and (`row_sum_high`) largest sum of one image's outputs: both 1 after a softmax."""
    row_sum_high: float
    output_mean: Floats
    """Shape `(outputs,)`."""
    output_std: Floats
    """Standard deviation over images, shape `(outputs,)`; 0 for a constant answer."""
    chosen: npt.NDArray[np.int64]
    """Shape `(classes,)`: images for which each class was chosen; empty when there are no
    classes."""
    right: npt.NDArray[np.int64]
    """Images of each class answered rightly; empty without labels."""
    present: npt.NDArray[np.int64]
    """Images of each class in the probe; empty without labels."""
    loss: float
    """The script's own loss on the probe; NaN when it could not be computed."""

    @property
    def recall(self) -> Floats:
        """Share of each class answered rightly; NaN for a class that the probe has not."""
        return np.divide(
            self.right, self.present, out=np.full(len(self.right), np.nan), where=self.present > 0
        )

    @property
    def macro_recall(self) -> float:
        """Mean recall of the classes present; NaN without labels."""
        known = self.recall[self.present > 0]
        return float(known.mean()) if len(known) else float("nan")
