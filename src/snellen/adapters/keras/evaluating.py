"""Images that a script holds out: what it gives `evaluate`, and `fit` to validate on."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from snellen.adapters.contract import Guard
from snellen.adapters.keras import data, pulling
from snellen.adapters.keras.model import KerasModel
from snellen.adapters.keras.scope import Scope
from snellen.adapters.keras.subjects import Subjects
from snellen.adapters.patches import Patches


@dataclass(eq=False)
class Evaluation:
    """One evaluation under way, on data that come batch by batch."""

    model: Any
    subject: KerasModel
    per_execution: int
    test_function: Any = None
    """The model's own, while ours stands in for it."""

    def put_back(self) -> None:
        """Give the model its own function back."""
        if self.test_function is not None:
            self.model.__dict__["test_function"] = self.test_function
            self.test_function = None

    def reading(self, state: Any) -> AbstractContextManager[None]:
        """Nothing is asked of the model before an execution of an evaluation."""
        del state
        return contextlib.nullcontext()


class Evaluating:
    """Patches `evaluate`, `test_on_batch`, and the list of callbacks that `evaluate` talks to."""

    def __init__(self, subjects: Subjects, guard: Guard, scope: Scope) -> None:
        self._subjects = subjects
        self._observer = subjects.observer
        self._guard = guard
        self._scope = scope

    def patch(self, patches: Patches) -> None:
        import keras
        from keras.src.callbacks.callback_list import CallbackList

        trainer = next(base for base in keras.Model.__mro__ if "evaluate" in vars(base))
        patches.around(trainer, "evaluate", self._evaluate)
        patches.around(trainer, "test_on_batch", self._evaluate)
        # Their calls of the model are no loop of the script's own.
        patches.around(trainer, "predict", self._scope.silently)
        patches.around(trainer, "predict_on_batch", self._scope.silently)
        patches.around(CallbackList, "on_test_batch_begin", self._batch_begins)

    def close(self) -> None:
        """However the watching ends."""
        for evaluation in self._scope.evaluations:
            evaluation.put_back()

    def _evaluate(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        evaluation = self._guard("keras.held-out", self._opened, original, model, args, kwargs)
        if evaluation is None:
            return self._scope.silently(original, model, *args, **kwargs)
        self._scope.evaluations.append(evaluation)
        try:
            return self._scope.silently(original, model, *args, **kwargs)
        finally:
            self._scope.evaluations.remove(evaluation)
            evaluation.put_back()

    def _opened(self, original: Any, model: Any, args: Any, kwargs: Any) -> Evaluation | None:
        """The evaluation to follow, or `None`: arrays are shown at once."""
        subject = None if self._scope.silent else self._subjects.known(model)
        if subject is None or not self._observer.wants_held_out(subject):
            return None
        bound = inspect.signature(original).bind(model, *args, **kwargs)
        x, y = bound.arguments.get("x"), bound.arguments.get("y")
        fit = self._scope.fit_of(model)
        # What `fit` was given to validate on is held out, whatever it is.
        if not subject.meets(x, given_to_validate=fit is not None):
            return None
        if data.are_arrays(x):
            batch = data.even_sample(x, y if data.are_arrays(y) else None)
            self._observer.held_out(subject, batch)
            return None
        return Evaluation(model, subject, int(model.steps_per_execution))

    def _batch_begins(self, original: Any, callbacks: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(callbacks, *args, **kwargs)
        if self._scope.evaluations:
            self._guard("keras.held-out", self._stand_in, callbacks)
        return result

    def _stand_in(self, callbacks: Any) -> None:
        evaluation = self._scope.evaluations[-1]
        model = evaluation.model
        evaluation.put_back()
        original = model.test_function
        wanted = getattr(callbacks, "_model", None) is model and original is not None
        if not wanted or not self._observer.wants_held_out(evaluation.subject):
            return

        def seen(batches: list[Any], specification: Any) -> None:
            del specification
            for batch in batches:
                x, y, _ = data.unpacked(batch)
                self._subjects.show_held_out(evaluation.subject, x, y)

        evaluation.test_function = original
        guarded: Callable[..., Any] = lambda *args: self._guard("keras.held-out", seen, *args)  # noqa: E731
        # Past `__setattr__`, which would track it.
        model.__dict__["test_function"] = pulling.standing_in(
            evaluation, original, guarded, self._guard
        )
