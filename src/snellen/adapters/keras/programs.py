"""Trainings inside a `tf.function` of the script's own: Python sees the trace, then the calls."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import inspect
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from snellen.adapters.contract import Guard
from snellen.adapters.keras import data, tensors
from snellen.adapters.keras.model import KerasModel
from snellen.adapters.keras.scope import Scope
from snellen.adapters.keras.subjects import Subjects
from snellen.adapters.keras.untouched import OWN
from snellen.adapters.patches import Patches

if TYPE_CHECKING:
    from snellen.adapters.keras.loops import ModelCall, Update


@dataclass(eq=False)
class Planned:
    """One update that a function makes when it runs, as its trace has shown it."""

    model: weakref.ref[Any]
    optimizer: weakref.ref[Any]
    inputs: Any
    """The model's input with the place of an argument (counting tensors) for every tensor in it;
    `None` where it is not made of arguments."""
    labels: int | None
    symbol: Any
    """The loss in the graph, until the trace is over."""
    value: int | None = None
    """Place of the loss among the tensors that the function returns."""
    training_mode: bool | None = None
    iterations: int = 0
    shows_update: bool = False

    def same(self, other: Planned) -> bool:
        """Whether this is the same model's update by the same optimiser."""
        return self.model() is other.model() and self.optimizer() is other.optimizer()


@dataclass(eq=False)
class Evaluated:
    """One call of a model without gradients that a function makes when it runs."""

    model: weakref.ref[Any]
    inputs: Any
    """As of `Planned`."""
    labels: int | None
    outputs: list[weakref.ref[Any]]
    training_mode: bool | None


@dataclass(eq=False)
class Program:
    """One call of a compiled function under way."""

    arguments: list[Any]
    """The tensors among its arguments, in the order of its parameters."""
    outer: bool
    """Called from Python, with values; others are called while an outer one is traced."""
    prepared: list[Planned] = field(default_factory=list[Planned])
    """Updates known from an earlier call, told of before this one."""
    traced: list[Planned] = field(default_factory=list[Planned])
    """Updates met while the function was traced, at its first call or for new shapes."""
    evaluated: list[Evaluated] = field(default_factory=list[Evaluated])
    """Calls without gradients met while the function was traced."""


class Programs:
    """Patches the call of `tf.function` objects."""

    def __init__(self, subjects: Subjects, guard: Guard, scope: Scope) -> None:
        self._subjects = subjects
        self._observer = subjects.observer
        self._guard = guard
        self._scope = scope
        self._known: weakref.WeakKeyDictionary[Any, list[Planned]] = weakref.WeakKeyDictionary()
        self._evaluated: weakref.WeakKeyDictionary[Any, list[Evaluated]] = (
            weakref.WeakKeyDictionary()
        )

    def patch(self, patches: Patches) -> None:
        if tensors.backend_name() != "tensorflow":
            return
        import tensorflow as tf

        patches.around(type(tf.function(lambda: None)), "__call__", self._function_call)

    def clear(self) -> None:
        self._known.clear()
        self._evaluated.clear()

    def _function_call(self, original: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        scope = self._scope
        if scope.silent or scope.fits or OWN.passes:
            return original(function, *args, **kwargs)
        program = self._guard("keras.function", self._begins, function, args, kwargs)
        if program is None:
            return original(function, *args, **kwargs)
        scope.programs.append(program)
        try:
            result = original(function, *args, **kwargs)
        finally:
            scope.programs.remove(program)
            if program.outer:
                scope.calls = None
        if program.outer:
            self._guard("keras.step", self._ends, function, program, result)
        return result

    def _begins(self, function: Any, args: Any, kwargs: Any) -> Program:
        outer = not self._scope.programs
        program = Program(_tensors_of(function, args, kwargs), outer)
        if outer:
            self._scope.calls = None
            program.prepared = list(self._known.get(function, ()))
            for planned in program.prepared:
                self._before(planned, program)
        return program

    def _before(self, planned: Planned, program: Program) -> None:
        """An update is about to be made by values that are at hand."""
        model, optimizer = planned.model(), planned.optimizer()
        if model is None or optimizer is None:
            return
        subject = self._subjects.of(model)
        planned.iterations = _iterations(optimizer)
        if planned.inputs is not None:
            x = tensors.mapped(lambda place: program.arguments[place], planned.inputs)
            y = None if planned.labels is None else program.arguments[planned.labels]
            self._subjects.show_batch(subject, x, y)
        planned.shows_update = self._observer.wants_update(subject)
        if planned.shows_update:
            self._observer.before_update(subject)

    def _ends(self, function: Any, program: Program, result: Any) -> None:
        if program.traced:
            for planned in program.traced:
                planned.value = _place_of(planned.symbol, result)
                planned.symbol = None
            self._known[function] = program.traced
        if program.evaluated:
            self._evaluated[function] = program.evaluated
        for evaluated in self._evaluated.get(function, ()):
            self._after_evaluation(evaluated, program, self._known.get(function, ()))
        for planned in self._known.get(function, ()):
            model, optimizer = planned.model(), planned.optimizer()
            if model is not None and optimizer is not None:
                self._after(planned, self._subjects.of(model), optimizer, result)

    def _after(self, planned: Planned, subject: KerasModel, optimizer: Any, result: Any) -> None:
        if planned.shows_update:
            planned.shows_update = False
            self._observer.after_update(subject)
        done = _iterations(optimizer) - planned.iterations
        if done <= 0:
            return
        subject.passes.count(training_mode=planned.training_mode, updates=True, times=done)
        if planned.value is not None:
            leaf = tensors.leaves(result)[planned.value]
            self._subjects.show_loss(subject, float(tensors.on_host(leaf)))
        if done > 1 and subject.planned.get("steps_per_execution") != done:
            subject.planned["steps_per_execution"] = done
            self._observer.note(
                "steps-per-execution",
                f"a tf.function makes {done} steps in one call: maps, weights and losses are seen "
                "after the last of them; call it once for each step to see every one",
                subject,
            )
        subject.stamp()
        for _ in range(done):
            self._observer.stepped(subject)

    def _after_evaluation(
        self, evaluated: Evaluated, program: Program, updates: Sequence[Planned]
    ) -> None:
        model = evaluated.model()
        subject = None if model is None else self._subjects.known(model)
        if subject is None:
            return
        subject.passes.count(training_mode=evaluated.training_mode, updates=False)
        trained = [planned.inputs for planned in updates]
        if evaluated.inputs is None or evaluated.inputs in trained:
            return
        if self._observer.wants_held_out(subject):
            x = tensors.mapped(lambda place: program.arguments[place], evaluated.inputs)
            y = None if evaluated.labels is None else program.arguments[evaluated.labels]
            self._subjects.show_held_out(subject, x, y)

    def evaluated(self, call: ModelCall) -> None:
        """A model is called without gradients in a function being traced."""
        if self._scope.programs:
            evaluated = Evaluated(
                call.model, self._places(call.inputs), None, call.outputs, call.training_mode
            )
            self._scope.programs[0].evaluated.append(evaluated)

    def labelled(self, labels: Any, output: Any) -> bool:
        """Whether this output is that of a call met by `evaluated`, whose labels these are."""
        for evaluated in self._scope.programs[0].evaluated:
            if any(reference() is output for reference in evaluated.outputs):
                leaves = tensors.leaves(labels)
                place = self._place(leaves[0]) if len(leaves) == 1 else -1
                evaluated.labels = place if place >= 0 else evaluated.labels
                return True
        return False

    def traced(self, optimizer: Any, updates: Sequence[Update]) -> None:
        """An update is being traced. The weights are still those from before it."""
        import tensorflow as tf

        if not self._scope.programs:
            return
        outermost = self._scope.programs[0]
        for update in updates:
            subject = self._subjects.of(update.model)
            subject.trained_by(optimizer)
            loss = update.loss
            if loss is not None:
                subject.loss = loss.loss
            planned = Planned(
                model=weakref.ref(update.model),
                optimizer=weakref.ref(optimizer),
                inputs=self._places(update.inputs),
                labels=self._labels(update),
                symbol=None if loss is None else loss.value,
                training_mode=update.call.training_mode,
            )
            # TensorFlow traces a function twice that makes variables, as optimisers do.
            earlier = [one for one in outermost.traced if one.same(planned)]
            told = [one for one in (*earlier, *outermost.prepared) if one.same(planned)]
            outermost.traced[:] = [one for one in outermost.traced if one not in earlier]
            outermost.traced.append(planned)
            if told:
                planned.iterations, planned.shows_update = told[0].iterations, told[0].shows_update
                continue
            with tf.init_scope():
                first = self._subjects.begin(subject)
                self._before(planned, outermost)
            if first and planned.inputs is None:
                self._observer.note(
                    "no-probe",
                    f"{subject.name} is called inside a tf.function with a tensor made there, so "
                    "its images can't be seen: pass what the model is called with as an argument",
                    subject,
                )

    def _places(self, inputs: Any) -> Any:
        """For every tensor the place of the argument it is; `None` unless all are arguments."""
        if inputs is None:
            return None
        places = tensors.mapped(lambda leaf: self._place(leaf), inputs)
        return None if any(place < 0 for place in tensors.leaves(places)) else places

    def _labels(self, update: Update) -> int | None:
        arguments = self._scope.programs[0].arguments
        if update.loss is not None and update.loss.labels is not None:
            labels = tensors.leaves(update.loss.labels)
            place = self._place(labels[0]) if len(labels) == 1 else -1
            return place if place >= 0 else None
        # The script's own loss: of two arguments with as many rows the other one is the labels.
        inputs = tensors.leaves(self._places(update.inputs))
        if len(arguments) == 2 and len(inputs) == 1 and data.are_arrays(arguments):
            other = 1 - inputs[0]
            if len(arguments[0]) == len(arguments[1]):
                return other
        return None

    def _place(self, symbol: Any) -> int:
        """Which argument of the outermost function a tensor in the graph is; -1 for none."""
        place = -1
        for program in reversed(self._scope.programs):
            place = _index(_graph_inputs(symbol), symbol)
            if not 0 <= place < len(program.arguments):
                return -1
            symbol = program.arguments[place]
        return place


def _graph_inputs(symbol: Any) -> list[Any]:
    return list(getattr(getattr(symbol, "graph", None), "inputs", ()))


def _index(values: list[Any], wanted: Any) -> int:
    return next((place for place, value in enumerate(values) if value is wanted), -1)


def _tensors_of(function: Any, args: Any, kwargs: Any) -> list[Any]:
    """The arguments that become inputs of the graph, in its order."""
    import numpy as np
    import tensorflow as tf

    if kwargs:
        bound = inspect.signature(function.python_function).bind(*args, **kwargs)
        args, kwargs = bound.args, bound.kwargs
    leaves = tf.nest.flatten((args, kwargs), expand_composites=True)
    return [leaf for leaf in leaves if isinstance(leaf, (tf.Tensor, np.ndarray, np.generic))]


def _iterations(optimizer: Any) -> int:
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return int(tensors.on_host(optimizer.iterations.value))


def _place_of(symbol: Any, result: Any) -> int | None:
    """Place of a tensor of the graph among what the function has returned."""
    outputs = getattr(getattr(symbol, "graph", None), "structured_outputs", None)
    if outputs is None:
        return None
    symbols, values = tensors.leaves(outputs), tensors.leaves(result)
    if len(symbols) != len(values):
        return None
    for place, output in enumerate(symbols):
        # What a function returns is an identity of what it computed.
        operation = getattr(output, "op", None)
        if output is symbol or (
            operation is not None and operation.type == "Identity" and operation.inputs[0] is symbol
        ):
            scalar = tensors.has_value(values[place]) and len(values[place].shape) == 0
            return place if scalar else None
    return None
