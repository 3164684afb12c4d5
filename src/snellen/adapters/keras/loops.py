"""Trainings by a loop of the script's own: models, losses and optimisers called from Python."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from snellen.adapters.contract import Guard
from snellen.adapters.keras import tensors
from snellen.adapters.keras.model import KerasModel
from snellen.adapters.keras.modes import takes_gradients, training_mode
from snellen.adapters.keras.programs import Programs
from snellen.adapters.keras.scope import Scope
from snellen.adapters.keras.subjects import Subjects
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches


@dataclass(eq=False)
class ModelCall:
    """One call of a model by the script."""

    model: weakref.ref[Any]
    inputs: Any
    """What it was called with, or `None` when nobody wants it."""
    outputs: list[weakref.ref[Any]]
    differentiable: bool | None
    """Gradients can be taken of the outputs; `None`: not known."""
    training_mode: bool | None
    first: weakref.ref[Any] | None = None
    """The first tensor it was called with."""


@dataclass(eq=False)
class LossSeen:
    """One call of a loss by the script."""

    loss: Any
    labels: Any
    output: weakref.ref[Any] | None
    value: Any


@dataclass(eq=False)
class Calls:
    """What the script has called since its last update."""

    models: dict[int, ModelCall] = field(default_factory=dict[int, ModelCall])
    loss: LossSeen | None = None
    evaluation: ModelCall | None = None
    """The last call without gradients, until its labels were seen or something else came."""


@dataclass(frozen=True, eq=False)
class Update:
    """One model and what its coming update follows from."""

    model: Any
    inputs: Any
    loss: LossSeen | None
    call: ModelCall


class Loops:
    """Patches `Model.__call__`, `Loss.__call__` and the optimisers' `apply`."""

    def __init__(self, subjects: Subjects, guard: Guard, scope: Scope, programs: Programs) -> None:
        self._subjects = subjects
        self._observer = subjects.observer
        self._guard = guard
        self._scope = scope
        self._programs = programs
        self._trained: list[KerasModel] = []
        """Updated since the last backward pass of torch's."""

    def patch(self, patches: Patches) -> None:
        import keras
        from keras.src.optimizers.base_optimizer import BaseOptimizer
        from keras.src.optimizers.loss_scale_optimizer import LossScaleOptimizer

        patches.around(keras.Model, "__call__", self._model_call)
        patches.around(keras.losses.Loss, "__call__", self._loss_call)
        patches.around(keras.metrics.MeanMetricWrapper, "update_state", self._metric_call)
        patches.around(BaseOptimizer, "apply", self._apply)
        patches.around(LossScaleOptimizer, "apply", self._apply)
        if tensors.backend_name() == "torch":
            self._hook_torch(patches)

    def _hook_torch(self, patches: Patches) -> None:
        """Optimisers of torch's own can update a Keras model too."""
        from torch.optim.optimizer import (
            register_optimizer_step_post_hook,
            register_optimizer_step_pre_hook,
        )

        pending: list[Any] = []

        def before(optimizer: Any, args: Any, kwargs: Any) -> None:
            del args, kwargs
            pending.clear()
            if not self._idle():
                pending.append(self._guard("keras.update", self._torch_before, optimizer))

        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            del optimizer, args, kwargs
            if pending and (shown := pending.pop()) is not None:
                self._guard("keras.step", shown)

        import torch

        patches.around(torch.Tensor, "backward", self._backward)
        patches.hook(register_optimizer_step_pre_hook(before))
        patches.hook(register_optimizer_step_post_hook(after))

    def _torch_before(self, optimizer: Any) -> Any:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        return self._before(optimizer, [p.grad for p in parameters], parameters)

    def _idle(self) -> bool:
        scope = self._scope
        return bool(scope.silent or scope.fits or scope.updating or OWN.passes)

    def _model_call(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        if self._idle():
            return original(model, *args, **kwargs)
        out = self._scope.silently(original, model, *args, **kwargs)
        self._guard("keras.call", self._called, model, args, kwargs, out)
        return out

    def _called(self, model: Any, args: Any, kwargs: Any, out: Any) -> None:
        leaves = tensors.leaves(out)
        if not leaves or any(type(leaf).__name__ == "KerasTensor" for leaf in leaves):
            return
        if not self._subjects.watched(model):
            return
        calls = self._calls()
        self._flush(calls)
        subject = self._subjects.known(model)
        symbolic = any(type(leaf).__name__ == "SymbolicTensor" for leaf in leaves)
        differentiable = takes_gradients(leaves[0])
        evaluates = differentiable is False and subject is not None
        if evaluates:
            wanted = self._observer.wants_held_out(subject)
        else:
            wanted = subject is None or self._observer.wants_batch(subject)
        given = _only_input(args, kwargs)
        first = next(iter(tensors.leaves(given)), None)
        call = ModelCall(
            model=weakref.ref(model),
            inputs=given if wanted or symbolic else None,
            outputs=[weakref.ref(leaf) for leaf in leaves],
            differentiable=differentiable,
            training_mode=training_mode(model, args, kwargs),
            first=None if first is None else tensors.weakly(first),
        )
        earlier = calls.models.get(id(model))
        if differentiable or earlier is None or not earlier.differentiable:
            calls.models[id(model)] = call
        if differentiable is False and symbolic:
            self._programs.evaluated(call)
        elif evaluates and subject is not None:
            subject.passes.count(training_mode=call.training_mode, updates=False)
            if call.inputs is not None and not subject.just_trained_on(first):
                calls.evaluation = call

    def _flush(self, calls: Calls, labels: Any = None) -> None:
        """Show the batch of the last call without gradients, with its labels if they were seen."""
        call, calls.evaluation = calls.evaluation, None
        model = None if call is None else call.model()
        if call is not None and model is not None:
            self._subjects.show_held_out(self._subjects.of(model), call.inputs, labels)

    def _calls(self) -> Calls:
        if self._scope.calls is None:
            self._scope.calls = Calls()
        return self._scope.calls

    def _loss_call(self, original: Any, loss: Any, *args: Any, **kwargs: Any) -> Any:
        if self._idle():
            return original(loss, *args, **kwargs)
        value = self._scope.silently(original, loss, *args, **kwargs)
        self._guard("keras.loss", self._loss_seen, loss, args, kwargs, value)
        return value

    def _loss_seen(self, loss: Any, args: Any, kwargs: Any, value: Any) -> None:
        calls = self._calls()
        if not calls.models:
            return
        named = dict(zip(("y_true", "y_pred"), args, strict=False)) | kwargs
        output = named.get("y_pred")
        if output is not None and self._labelled(calls, named.get("y_true"), output):
            return
        # Detached: the value alone would keep the whole graph of the batch alive.
        value = value.detach() if hasattr(value, "detach") else value
        calls.loss = LossSeen(
            loss=loss,
            labels=named.get("y_true"),
            output=None if output is None else weakref.ref(output),
            value=value,
        )

    def _metric_call(self, original: Any, metric: Any, *args: Any, **kwargs: Any) -> Any:
        if not self._idle() and self._scope.calls is not None:
            self._guard("keras.loss", self._metric_seen, args, kwargs)
        return original(metric, *args, **kwargs)

    def _metric_seen(self, args: Any, kwargs: Any) -> None:
        named = dict(zip(("y_true", "y_pred"), args, strict=False)) | kwargs
        output, labels = named.get("y_pred"), named.get("y_true")
        if output is not None and labels is not None:
            self._labelled(self._calls(), labels, output)

    def _labelled(self, calls: Calls, labels: Any, output: Any) -> bool:
        """Whether this output is that of a call without gradients, whose labels these are."""
        if self._scope.programs and self._programs.labelled(labels, output):
            return True
        call = calls.evaluation
        if call is None or not any(reference() is output for reference in call.outputs):
            return False
        self._flush(calls, labels)
        return True

    def _backward(self, original: Any, tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if self._trained and not self._idle():
            self._guard("keras.backward", self._backward_begins)
        return original(tensor, *args, **kwargs)

    def _backward_begins(self) -> None:
        trained, self._trained = self._trained, []
        for subject in trained:
            subject.leftovers.backward()

    def _apply(
        self, original: Any, optimizer: Any, grads: Any, trainable_variables: Any = None
    ) -> Any:
        scope = self._scope
        if scope.silent or scope.updating:
            return original(optimizer, grads, trainable_variables)
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
        shown = self._guard("keras.update", self._before, optimizer, grads, trainable_variables)
        scope.updating = True
        try:
            result = original(optimizer, grads, trainable_variables)
        finally:
            scope.updating = False
        if shown is not None:
            self._guard("keras.step", shown)
        return result

    def _before(self, optimizer: Any, grads: Any, variables: Any) -> Any:
        """What to do after the update, or `None`."""
        if self._scope.fits and not self._scope.fits[-1].awaits_update:
            return None
        known = variables if variables is not None else optimizer._trainable_variables
        pairs = [
            (variable, grad)
            for variable, grad in zip(known, grads, strict=False)
            if grad is not None
        ]
        if not pairs:
            return None
        symbolic = tensors.is_symbolic(_dense(pairs[0][1]))
        if self._scope.fits:
            fit = self._scope.fits[-1]
            if symbolic or optimizer is not fit.model.optimizer:
                return None
            fit.awaits_update = False
            return self._shown([fit.subject], pairs)
        if self._scope.calls is not None:
            self._flush(self._scope.calls)
        updates = self._updates([variable for variable, _ in pairs])
        self._scope.calls = None
        if not updates:
            return None
        if symbolic:
            self._programs.traced(optimizer, updates)
            return None
        return self._eager(optimizer, updates, pairs)

    def _eager(self, optimizer: Any, updates: Sequence[Update], pairs: Any) -> Any:
        wanted: list[KerasModel] = []
        for update in updates:
            subject = self._subjects.of(update.model)
            subject.trained_by(optimizer)
            subject.shows_gradients = True
            if update.loss is not None:
                subject.loss = update.loss.loss
            self._subjects.begin(subject)
            if update.inputs is not None:
                labels = None if update.loss is None else update.loss.labels
                self._subjects.show_batch(subject, update.inputs, labels)
            if self._observer.wants_update(subject):
                wanted.append(subject)
        after_update = self._shown(wanted, pairs) if wanted else None

        torch = tensors.backend_name() == "torch"
        parameters = [getattr(variable, "_value", variable) for variable, _ in pairs[:1]]

        def after() -> None:
            if after_update is not None:
                after_update()
            for update in updates:
                subject = self._subjects.of(update.model)
                subject.passes.count(training_mode=update.call.training_mode, updates=True)
                subject.last_trained_on = update.call.first
                if torch:
                    subject.leftovers.updated(parameters)
                    self._trained.append(subject)
                self._subjects.show_loss(subject, _value(update.loss))
                subject.stamp()
                self._observer.stepped(subject)

        return after

    def _shown(self, subjects: Sequence[KerasModel], pairs: Any) -> Any:
        """Show the gradients before the update; what is returned shows the weights after it."""
        gradients = {id(variable): _dense(grad) for variable, grad in pairs}
        for subject in subjects:
            subject.recent = gradients
            self._observer.before_update(subject)

        def after() -> None:
            for subject in subjects:
                subject.recent = {}
                self._observer.after_update(subject)

        return after

    def _updates(self, variables: Sequence[Any]) -> list[Update]:
        """The models called last that own these variables, without models inside one another."""
        calls = self._scope.calls
        if calls is None:
            return []
        changed = {id(variable) for variable in variables}
        owners: list[tuple[ModelCall, Any, set[int]]] = []
        for call in calls.models.values():
            model = call.model()
            if model is None or not model.built:
                continue
            own = {id(variable) for variable in model.trainable_variables}
            own |= {id(variable.value) for variable in model.trainable_variables}
            if own & changed:
                owners.append((call, model, own))
        outer = [
            (call, model)
            for call, model, own in owners
            if not any(own < other for _, _, other in owners)
        ]
        return [
            Update(model, call.inputs, _loss_of(call, calls.loss, alone=len(outer) == 1), call)
            for call, model in outer
        ]


def _only_input(args: Any, kwargs: Any) -> Any:
    """What the model was called with if it is one argument, else `None`: it can't be replayed."""
    if len(args) == 1:
        return args[0]
    others = [name for name in kwargs if name not in ("training", "mask")]
    return kwargs[others[0]] if not args and len(others) == 1 else None


def _loss_of(call: ModelCall, loss: LossSeen | None, *, alone: bool) -> LossSeen | None:
    if loss is None:
        return None
    output = None if loss.output is None else loss.output()
    own = output is not None and any(reference() is output for reference in call.outputs)
    return loss if own or alone else None


def _value(loss: LossSeen | None) -> float | None:
    if loss is None or not tensors.has_value(loss.value) or len(loss.value.shape) != 0:
        return None
    return float(tensors.on_host(loss.value))


def _dense(gradient: Any) -> Any:
    """A gradient as one tensor: TensorFlow gives an embedding's as rows and their indices."""
    if hasattr(gradient, "indices") and hasattr(gradient, "values"):
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)
    return gradient
