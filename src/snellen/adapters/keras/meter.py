"""The loss of each batch, out of the running mean that Keras keeps over the epoch."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import math
from typing import Any

from snellen.adapters.keras import tensors


class LossMeter:
    """Reads the metric `loss` after each execution and takes the difference to the last reading.

    Exact up to the rounding of the metric's float32 sum: about 1e-7 of the loss for every batch of
    the epoch so far.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._total = 0.0
        self._count = 0.0
        self._tracker = _tracker(model)
        self._places: tuple[int, int] | None = None

    def restart(self) -> None:
        """The metric was reset: a new epoch."""
        self._total = self._count = 0.0

    def read(self, logs: Any) -> float | None:
        """The mean loss since the last reading; `None` where it can't be told.

        Once a loss was not finite the rest of the epoch can't be told: the sum stays so.
        """
        if self._tracker is None:
            return _logged(logs)
        total, count = self._values()
        if count < self._count:
            self._total = self._count = 0.0
        images, change = count - self._count, total - self._total
        known = math.isfinite(self._total)
        self._total, self._count = total, count
        if images <= 0:
            # A training step of the user's own that keeps no running mean.
            return _logged(logs)
        return change / images if known else None

    def _values(self) -> tuple[float, float]:
        model, tracker = self._model, self._tracker
        state = getattr(model, "_jax_state", None)
        if state and not model._jax_state_synced:
            if self._places is None:
                known = [id(variable) for variable in model.metrics_variables]
                self._places = known.index(id(tracker.total)), known.index(id(tracker.count))
            values = [state["metrics_variables"][place] for place in self._places]
        else:
            values = [tracker.total.value, tracker.count.value]
        return float(tensors.on_host(values[0])), float(tensors.on_host(values[1]))


def _tracker(model: Any) -> Any:
    for metric in model.metrics:
        if metric.name == "loss" and hasattr(metric, "total") and hasattr(metric, "count"):
            return metric
    return None


def _logged(logs: Any) -> float | None:
    values = numbers(logs)
    return values.get("loss")


def numbers(logs: Any) -> dict[str, float]:
    """The scalars of Keras' logs, on the host."""
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        if isinstance(value, int | float):
            found[str(name)] = float(value)
        elif getattr(value, "shape", None) == ():
            found[str(name)] = float(tensors.on_host(value))
    return found
