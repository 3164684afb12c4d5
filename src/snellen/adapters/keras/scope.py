"""What the thread is doing, as far as the adapter must know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snellen.adapters.keras.evaluating import Evaluation
    from snellen.adapters.keras.fitting import Fit
    from snellen.adapters.keras.loops import Calls
    from snellen.adapters.keras.programs import Program


class Scope(threading.local):
    """One for each thread: a look from one thread must not hide another's training."""

    def __init__(self) -> None:
        self.fits: list[Fit] = []
        """The `fit` calls under way, the innermost last."""
        self.evaluations: list[Evaluation] = []
        """Evaluations under way whose batches are to be seen, the innermost last."""
        self.silent = 0
        """Above zero while nothing of what is called is of interest."""
        self.calls: Calls | None = None
        """Models and losses called since the last update, in a loop of the script's own."""
        self.programs: list[Program] = []
        """Calls of compiled functions under way, the innermost last."""
        self.updating = False
        """Inside an optimiser's update."""

    def silently(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call something of which nothing is of interest."""
        self.silent += 1
        try:
            return call(*args, **kwargs)
        finally:
            self.silent -= 1

    def fit_of(self, model: Any) -> Fit | None:
        """The innermost `fit` of a model."""
        return next((fit for fit in reversed(self.fits) if fit.model is model), None)
