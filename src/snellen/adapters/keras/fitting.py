"""Trainings by `fit` and `train_on_batch`."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from snellen.adapters.contract import Guard
from snellen.adapters.keras import data, pulling, tensors
from snellen.adapters.keras.meter import LossMeter, numbers
from snellen.adapters.keras.model import KerasModel
from snellen.adapters.keras.scope import Scope
from snellen.adapters.keras.subjects import Subjects
from snellen.adapters.patches import Patches


@dataclass(eq=False)
class Fit:
    """One call of `fit` under way."""

    model: Any
    subject: KerasModel
    arguments: dict[str, Any]
    meter: LossMeter
    iterations: int
    per_execution: int
    per_update: int
    """Iterations of the optimiser in one update: more than one when it accumulates gradients."""
    eager: bool
    """The optimiser's update runs in Python, where its gradients are seen."""
    opened: bool = False
    awaits_update: bool = False
    """An eager update is to be shown when it comes."""
    shows_update: bool = False
    """`before_update` was called for the execution under way."""
    train_function: Any = None
    """The model's own, while ours stands in for it."""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def put_back(self) -> None:
        """Give the model its own training function back."""
        if self.train_function is not None:
            self.model.__dict__["train_function"] = self.train_function
            self.train_function = None

    def reading(self, state: Any) -> AbstractContextManager[None]:
        """Inside the block variables are read as this state of a step on JAX."""
        return self.subject.state(state)

    def close(self) -> None:
        """However the call ended."""
        self.put_back()
        self.awaits_update = self.shows_update = False
        self.subject.recent = {}


class Fitting:
    """Patches `fit`, `train_on_batch` and the list of callbacks that `fit` talks to."""

    def __init__(self, subjects: Subjects, guard: Guard, scope: Scope) -> None:
        self._subjects = subjects
        self._observer = subjects.observer
        self._guard = guard
        self._scope = scope

    def patch(self, patches: Patches) -> None:
        import keras
        from keras.src.callbacks.callback_list import CallbackList

        trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
        patches.around(trainer, "fit", self._fit)
        patches.around(trainer, "train_on_batch", self._train_on_batch)
        # The list rather than a callback of ours in it: one more callback would make Keras call the
        # user's own callbacks synchronously, and would be seen by them.
        patches.around(CallbackList, "on_epoch_begin", self._after(self._epoch_begins))
        patches.around(CallbackList, "on_train_batch_begin", self._after(self._batch_begins))
        patches.around(CallbackList, "on_train_batch_end", self._before(self._batch_ends))
        patches.around(CallbackList, "on_epoch_end", self._before(self._epoch_ends))
        patches.around(CallbackList, "on_test_end", self._before(self._evaluated))

    def _after(self, ours: Callable[[Any, Any, Any], None]) -> Callable[..., Any]:
        """Ours runs after the user's callbacks: what they change is what the step begins with."""

        def around(original: Any, callbacks: Any, number: Any, logs: Any = None) -> Any:
            result = original(callbacks, number, logs)
            self._guard("keras.step", ours, callbacks, number, logs)
            return result

        return around

    def _before(self, ours: Callable[..., None]) -> Callable[..., Any]:
        """Ours runs before the user's callbacks: what they change belongs to the next step."""
        name = "keras.evaluated" if ours == self._evaluated else "keras.step"

        def around(original: Any, callbacks: Any, *args: Any, **kwargs: Any) -> Any:
            self._guard(name, ours, callbacks, *args, *kwargs.values())
            return original(callbacks, *args, **kwargs)

        return around

    def _fit(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        fit = self._guard("keras.fit", self._opened, original, model, args, kwargs)
        if fit is None:
            return self._scope.silently(original, model, *args, **kwargs)
        self._scope.fits.append(fit)
        try:
            return original(model, *args, **kwargs)
        finally:
            self._scope.fits.remove(fit)
            fit.close()

    def _opened(self, original: Any, model: Any, args: Any, kwargs: Any) -> Fit | None:
        if self._scope.silent or not self._subjects.watched(model) or not model.compiled:
            return None
        bound = inspect.signature(original).bind(model, *args, **kwargs)
        bound.apply_defaults()
        return self._fit_of(model, dict(bound.arguments))

    def _fit_of(self, model: Any, arguments: dict[str, Any]) -> Fit:
        optimizer = _inner(model.optimizer)
        torch = tensors.backend_name() == "torch"
        facts = {
            name: True
            for name in ("class_weight", "sample_weight")
            if arguments.get(name) is not None
        }
        return Fit(
            model=model,
            subject=self._subjects.of(model),
            arguments=arguments,
            meter=LossMeter(model),
            iterations=0 if optimizer is None else int(tensors.on_host(optimizer.iterations.value)),
            per_execution=int(model.steps_per_execution),
            per_update=int(getattr(optimizer, "gradient_accumulation_steps", None) or 1),
            eager=not model.jit_compile
            if torch
            else model.run_eagerly and tensors.backend_name() == "tensorflow",
            facts=facts,
        )

    def _current(self, callbacks: Any) -> Fit | None:
        # `Callback.model` would synchronise the state on JAX.
        return self._scope.fit_of(getattr(callbacks, "_model", None))

    def _epoch_begins(self, callbacks: Any, epoch: int, logs: Any = None) -> None:
        del epoch, logs
        fit = self._current(callbacks)
        if fit is not None:
            fit.meter.restart()

    def _batch_begins(self, callbacks: Any, batch: int, logs: Any = None) -> None:
        del batch, logs
        fit = self._current(callbacks)
        if fit is None:
            return
        fit.close()
        if not fit.opened and fit.model.built:
            fit.opened = True
            self._open(fit, callbacks.params or {})
        if not fit.opened or self._observer.wants_batch(fit.subject):
            self._stand_in(fit, callbacks.params or {})
        if fit.opened:
            self._before_update(fit)

    def _open(self, fit: Fit, params: dict[str, Any]) -> None:
        """The first batch of this `fit` is about to be trained on; the model has its weights."""
        arguments = fit.arguments
        epochs, steps = params.get("epochs"), params.get("steps")
        planned = {
            "planned_epochs": epochs,
            "steps_per_epoch": steps // fit.per_update if steps else None,
            "planned_steps": epochs * steps // fit.per_update if epochs and steps else None,
            "batch_size": arguments.get("batch_size"),
            "steps_per_execution": fit.per_execution,
            "compiled": not fit.eager,
            "jit_compile": bool(fit.model.jit_compile),
        }
        x, y = arguments.get("x"), arguments.get("y")
        arrays = data.are_arrays(x) and (y is None or data.are_arrays(y))
        if arrays and not planned["batch_size"]:
            planned["batch_size"] = 32
        fit.subject.planned = {name: value for name, value in planned.items() if value is not None}
        fit.subject.shows_gradients = fit.eager
        fit.subject.trains_on(x)
        first = self._subjects.begin(fit.subject)
        if first and fit.per_execution > 1:
            self._observer.note(
                "steps-per-execution",
                f"{fit.per_execution} steps run in one execution: maps, weights and losses are "
                "seen after the last of them; compile with steps_per_execution=1 to see every step",
                fit.subject,
            )
        if arrays and self._observer.wants_batch(fit.subject):
            batch, complete = data.training_set(
                x,
                y,
                validation_split=arguments.get("validation_split") or 0.0
                if arguments.get("validation_data") is None
                else 0.0,
                probe_images=int(getattr(self._observer, "probe_images", 256)),
            )
            fit.subject.saw(batch, whole=True)
            self._observer.probe_from(fit.subject, batch, complete=complete)

    def _stand_in(self, fit: Fit, params: dict[str, Any]) -> None:
        def seen(batches: list[Any], specification: Any) -> None:
            if not fit.opened:
                pulling.build_as_traced(fit.model, specification)
                fit.opened = True
                self._open(fit, params)
                self._before_update(fit)
            for batch in batches:
                x, y, _ = data.unpacked(batch)
                self._subjects.show_batch(fit.subject, x, y)

        original = fit.model.train_function
        if original is None:
            return
        fit.train_function = original
        # Past `__setattr__`, which would track it.
        fit.model.__dict__["train_function"] = pulling.standing_in(
            fit, original, lambda *args: self._guard("keras.batch", seen, *args), self._guard
        )

    def _before_update(self, fit: Fit) -> None:
        updates = fit.per_execution == 1 and (fit.iterations + 1) % fit.per_update == 0
        if not updates or not self._observer.wants_update(fit.subject):
            return
        if fit.eager:
            fit.awaits_update = True
        else:
            fit.shows_update = True
            self._observer.before_update(fit.subject)

    def _batch_ends(self, callbacks: Any, batch: int, logs: Any = None) -> None:
        del batch
        fit = self._current(callbacks)
        if fit is None or not fit.opened:
            return
        fit.put_back()
        updates = self._updates(fit)
        if fit.shows_update:
            fit.shows_update = False
            self._observer.after_update(fit.subject)
        facts = dict(fit.facts)
        if fit.per_execution > 1:
            facts["batches"] = fit.per_execution
        self._subjects.show_loss(fit.subject, fit.meter.read(logs), **facts)
        for _ in range(updates):
            self._observer.stepped(fit.subject)

    def _updates(self, fit: Fit) -> int:
        """Updates done in the execution that has just ended."""
        before = fit.iterations
        optimizer = _inner(fit.model.optimizer)
        if fit.per_execution == 1 or optimizer is None:
            fit.iterations += 1
        else:
            fit.iterations = int(fit.subject.read(optimizer.iterations))
        return fit.iterations // fit.per_update - before // fit.per_update

    def _epoch_ends(self, callbacks: Any, epoch: int, logs: Any = None) -> None:
        del epoch
        fit = self._current(callbacks)
        if fit is None or not fit.opened:
            return
        fit.put_back()
        fit.subject.stamp()
        self._observer.logged(fit.subject, numbers(logs))
        fit.subject.epochs += 1
        self._observer.epoch(fit.subject, fit.subject.epochs)

    def _evaluated(self, callbacks: Any, logs: Any = None) -> None:
        """`evaluate` outside `fit`; inside it the values come with the epoch's logs."""
        model = getattr(callbacks, "_model", None)
        subject = None if model is None else self._subjects.known(model)
        if subject is None or self._scope.fit_of(model) is not None:
            return
        values = {f"val_{name}": value for name, value in numbers(logs).items()}
        if values:
            self._observer.logged(subject, values)

    def _train_on_batch(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        fit = self._guard("keras.fit", self._opened, original, model, args, kwargs)
        if fit is None:
            return self._scope.silently(original, model, *args, **kwargs)
        self._scope.fits.append(fit)
        try:
            self._guard("keras.batch", self._one_begins, fit)
            result = original(model, *args, **kwargs)
            self._guard("keras.step", self._one_ends, fit, result)
            return result
        finally:
            self._scope.fits.remove(fit)
            fit.close()

    def _one_begins(self, fit: Fit) -> None:
        x, y = fit.arguments["x"], fit.arguments.get("y")
        if not fit.model.built:
            pulling.build_as_traced(fit.model, pulling.specification_of((x,)))
        fit.subject.shows_gradients = fit.eager
        self._subjects.begin(fit.subject)
        fit.opened = True
        self._subjects.show_batch(fit.subject, x, y)
        self._before_update(fit)

    def _one_ends(self, fit: Fit, result: Any) -> None:
        if fit.shows_update:
            fit.shows_update = False
            self._observer.after_update(fit.subject)
        # The metrics were reset before this batch: the first value is its own loss.
        values = result if isinstance(result, dict) else {"loss": _first(result)}
        value = numbers(values).get("loss")
        self._subjects.show_loss(fit.subject, value, **fit.facts)
        fit.subject.stamp()
        for _ in range(self._updates(fit)):
            self._observer.stepped(fit.subject)


def _first(result: Any) -> Any:
    return result[0] if isinstance(result, (list, tuple)) else result


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)
