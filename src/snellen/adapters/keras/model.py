"""A Keras model as `capture` holds it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import contextlib
import math
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.adapters.batch_sizes import BatchSizes
from snellen.adapters.contract import Array, Batch, Glimpse, Normalisation, Pass, Weights
from snellen.adapters.keras import data, facts, images, statistics, tensors
from snellen.adapters.keras.glimpses import glimpse_of
from snellen.adapters.keras.gradients import Pull, kernel_gradients, pulled_gradients
from snellen.adapters.keras.images import with_images
from snellen.adapters.keras.losses import UNKNOWN, LossKind, compiled_loss, has_one_loss, kind_of
from snellen.adapters.keras.modes import Leftovers, Passes
from snellen.adapters.keras.passes import CompiledPasses, Seen, call, eager, maps_of
from snellen.adapters.keras.recorder import Part
from snellen.adapters.keras.statistics import normalisation_of
from snellen.adapters.keras.untouched import Values, current_values, paired, untouched
from snellen.adapters.keras.weights import as_kept, canonical, kernel_variable
from snellen.core import Layer, SnellenError

STAMP_VALUES = 4096
"""Variables of up to so many values are compared to tell whether the weights have changed."""


class ModelGoneError(SnellenError):
    """The script has dropped the model; nothing can be asked of it any more."""


class KerasModel:
    """Implements `contract.Model`. Keeps the user's model alive from `hold` to `release`."""

    framework = "keras"

    def __init__(self, model: Any, keep: Callable[[str], bool] = lambda layer: True) -> None:
        """`keep` says of a layer's name whether its maps are wanted."""
        kind = type(model)
        ours = kind.__module__.split(".")[0] == "keras"
        self.name: str = str(model.name) if ours else kind.__name__
        self.planned: dict[str, Any] = {}
        """What is known of the training under way: `planned_epochs`, `batch_size`."""
        self.epochs = 0
        """Epochs done, over all calls of `fit`."""
        self.training: Any = None
        """The optimiser, where the script holds it outside the model."""
        self.loaded_weights = False
        """Its weights were given to it before its first step."""
        self.passes = Passes()
        self.leftovers = Leftovers()
        self.loss: Any = None
        """The loss, where the script calls it outside the model."""
        self.recent: dict[int, Any] = {}
        """Gradients by the id of their variable; filled only around an update."""
        self.shows_gradients = False
        """The updates run in Python, where their gradients are seen."""
        self._keep = keep
        self._model = weakref.ref(model)
        self._held: Any = None
        self._passes: CompiledPasses | None = None
        self._kind: tuple[tuple[Any, ...], LossKind] | None = None
        self._stamp: list[tuple[weakref.ref[Any], Array]] = []
        self._layers: tuple[Layer, ...] = ()
        self._parts: dict[str, Part] = {}
        self._seen: Seen | None = None
        self._kept: list[tuple[weakref.ref[Any], Array]] | None = None
        self._as_initial = False
        self._state: Sequence[Any] | None = None
        self._changed: list[tuple[Any, Any]] = []
        self._optimizers: list[weakref.ref[Any]] = []
        self._image_shape: tuple[int, ...] | None = None
        self._sizes = BatchSizes()
        self._trained_on: list[weakref.ref[Any]] = []
        self._met: list[weakref.ref[Any]] = []
        self.last_trained_on: weakref.ref[Any] | None = None
        """The first tensor of the batch that the last step was made of."""

    @property
    def user_model(self) -> Any:
        """The user's model. Raises `ModelGoneError` when it is no more."""
        model = self._model()
        if model is None:
            raise ModelGoneError(
                f"the model {self.name} was dropped by the script; keep it while it is watched"
            )
        return model

    def hold(self) -> None:
        """Keep the model alive: it is to be looked at once more when its training is over."""
        self._held = self._model()

    def release(self) -> None:
        """Let go of the model and of every copy."""
        self._held = self._kept = self._passes = self._kind = self.training = self.loss = None
        self._stamp, self.recent = [], {}

    def trained_by(self, optimizer: Any) -> None:
        """A loop of the script's own is about to update the model by this optimiser."""
        if optimizer is self.training:
            return
        self.training = optimizer
        if all(reference() is not optimizer for reference in self._optimizers):
            self._optimizers.append(weakref.ref(optimizer))

    def saw(self, batch: Batch, *, whole: bool = False) -> None:
        """A batch that the model is trained on; `whole`: images of the whole training set."""
        if not whole:
            self._sizes.add(batch.images)
        if self._image_shape is None and batch.first_input is not None:
            self._image_shape = tuple(int(size) for size in batch.first_input.shape[1:])

    def just_trained_on(self, tensor: Any) -> bool:
        """Whether the last step was made of the batch that this is the first tensor of."""
        last = self.last_trained_on
        return last is not None and tensor is not None and last() is tensor

    def trains_on(self, x: Any) -> None:
        """Remember, without keeping it alive, what `fit` was given."""
        self._trained_on = [reference for one in _handles(x) if (reference := tensors.weakly(one))]

    def meets(self, x: Any, *, given_to_validate: bool) -> bool:
        """Whether data of an evaluation are held out and met for the first time."""
        handles = _handles(x)

        def among(known: list[weakref.ref[Any]]) -> bool:
            return any(data.same_memory(one, other()) for one in handles for other in known)

        if among(self._met) or (not given_to_validate and among(self._trained_on)):
            return False
        self._met += [reference for one in handles if (reference := tensors.weakly(one))]
        return True

    def stamp(self) -> None:
        """Remember a little of the weights that a step has left, for `as_trained`."""
        host = self._reader()
        small = [
            variable
            for variable in self.user_model.trainable_variables
            if 0 < math.prod(variable.shape) <= STAMP_VALUES
        ]
        self._stamp = [
            (
                weakref.ref(variable),
                np.array(host(variable)),
            )
            for variable in [*small[:1], *small[-1:]]
        ]

    def as_trained(self) -> bool:
        for reference, value in self._stamp:
            variable = reference()
            if variable is None or not np.array_equal(self.read(variable), value, equal_nan=True):
                return False
        return True

    @contextlib.contextmanager
    def state(self, state: Sequence[Any] | None) -> Generator[None]:
        """Inside the block the variables are read as this state of a training step on JAX."""
        self._state = state
        try:
            yield
        finally:
            self._state = None

    def values(self) -> Values:
        """What the variables are to be read as, where that is not what they hold."""
        values = self._initial_values() if self._as_initial else self._present()
        return [*values, *self._changed] if self._changed else values

    def _present(self) -> Values:
        model = self.user_model
        if self._state is not None:
            return paired(model, self._state)
        return current_values(model)

    def facts(self) -> dict[str, Any]:
        model = self.user_model
        optimizer = (
            self.training if self.training is not None else getattr(model, "optimizer", None)
        )
        known = {**facts.facts_of_model(model), **self._sizes.facts(), **self.planned}
        if optimizer is not None:
            known.update(facts.facts_of_optimizer(optimizer, self.learning_rate(optimizer)))
        kind = self.loss_kind()
        held = [one for reference in self._optimizers if (one := reference()) is not None]
        known |= facts.facts_of_training(model, held, self._layer_names())
        if self._seen is not None:
            known |= facts.facts_of_output(self._seen.softmax, self._seen.strays)
        if facts.has_modes(model):
            known |= self.passes.facts()
        known |= self.leftovers.facts()
        if self._image_shape is not None:
            known["image_shape"] = list(self._image_shape)
        if self.loaded_weights:
            known["loaded_weights"] = True
        if kind.facts:
            known["loss"] = {"name": kind.name, "expects": kind.expects, **kind.facts}
        return known

    def _layer_names(self) -> dict[int, str]:
        """The layer of each variable, by the name that looks give it."""
        names: dict[int, str] = {}
        for name, part in self._parts.items():
            for reference in (part.layer, part.norm):
                owner = None if reference is None else reference()
                for variable in () if owner is None else owner.trainable_variables:
                    names.setdefault(id(variable), name)
        return names

    def learning_rate(self, optimizer: Any) -> float | None:
        """The learning rate now, schedules included; `None` where it can't be read."""
        import keras

        if hasattr(optimizer, "param_groups"):
            return float(optimizer.param_groups[0]["lr"])
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        with keras.StatelessScope(state_mapping=self._present()):
            rate = optimizer.learning_rate
            if tensors.is_symbolic(rate):
                return None
            return float(np.asarray(keras.ops.convert_to_numpy(rate)))

    def read(self, variable: Any) -> Array:
        """The value of a variable now, on the host."""
        return self._reader()(variable)

    def _reader(self) -> Callable[[Any], Array]:
        """Reads variables as they are now, on the host."""
        read = _reader(self.values())
        return lambda variable: tensors.on_host(read(variable))

    def loss_kind(self) -> LossKind:
        """What the loss of the training computes, and what its head feeds it."""
        compiled = getattr(self.user_model, "_compile_loss", None)
        # Asked at every step; the parts are kept with it, so that an `is` can't be mistaken.
        parts = (self.loss, compiled, self._layers)
        if self._kind is None or any(a is not b for a, b in zip(self._kind[0], parts, strict=True)):
            self._kind = parts, self._find_loss_kind()
        return self._kind[1]

    def _find_loss_kind(self) -> LossKind:
        loss = self.loss if self.loss is not None else self._compiled()
        kind = UNKNOWN if loss is None else kind_of(loss)
        known = dict(kind.facts)
        shape = getattr(self.user_model, "output_shape", None)
        if isinstance(shape, tuple) and len(shape) > 1 and isinstance(shape[-1], int):
            known["units"] = shape[1 if tensors.channel_axis() == 1 else -1]
        head = next((layer for layer in self._layers if layer.head), None)
        if head is not None:
            known |= {"fed": head.output_activation, "units": head.channels}
        return LossKind(kind.name, kind.expects, known)

    def _compiled(self) -> Any:
        model = self.user_model
        loss = getattr(getattr(model, "_compile_loss", None), "_user_loss", None)
        # Which kind "crossentropy" is depends on the labels, which are not at hand here.
        if loss is None or str(loss).lower() in ("crossentropy", "ce"):
            return None
        return compiled_loss(model, None, None)

    def look(self, inputs: Any, labels: Array | None, see: Callable[[Glimpse], None]) -> Pass:
        import keras

        model = self.user_model

        def shown(layer: Layer, part: str, maps: Any, axis: int) -> None:
            see(glimpse_of(layer, part, maps, axis))

        values = self.values()
        with untouched(model, values):
            given = tensors.mapped(keras.ops.convert_to_tensor, inputs)
            if tensors.backend_name() == "jax":
                passes = self._compiled_passes(model)
                seen = passes.run(model, given, labels, _reader(values), self._loss_of, shown)
            else:
                settled = self._structure(model, given)
                seen = eager(model, given, labels, self._loss_of, shown, settled, self._keep)
            self._learn(seen)
            loss = float("nan") if seen.loss is None else float(tensors.on_host(seen.loss))
            return Pass(seen.layers, _output(seen.output), loss)

    def _learn(self, seen: Seen) -> None:
        self._layers, self._parts, self._seen = seen.layers, seen.parts, seen

    def answer(
        self, inputs: Any, labels: Array | None, *, batch_statistics: bool = False
    ) -> tuple[Array | None, float]:
        import keras

        model = self.user_model
        values = self.values()
        with untouched(model, values):
            given = tensors.mapped(keras.ops.convert_to_tensor, inputs)
            if tensors.backend_name() == "jax":
                output, loss = self._compiled_passes(model).answer(
                    *(model, given, labels, _reader(values), self._loss_of),
                    by_batch=batch_statistics,
                )
            else:
                with statistics.batch_statistics(batch_statistics):
                    output = call(model, given)
                loss = self._loss_of(model, labels, output)
            value = float("nan") if loss is None else float(tensors.on_host(loss))
            return _output(output), value

    def _structure(self, model: Any, inputs: Any) -> Mapping[str, Layer]:
        """The layers by name, settled: by an earlier look, or by a first one at a single image."""
        if not self._layers:
            few = _first_images(inputs, model)
            seen = eager(model, few, None, self._loss_of, _unshown, {}, self._keep)
            self._learn(seen)
        return {layer.name: layer for layer in self._layers}

    def _compiled_passes(self, model: Any) -> CompiledPasses:
        if self._passes is None or not self._passes.fits(model):
            self._passes = CompiledPasses(model, self._keep)
        return self._passes

    def _loss_of(self, model: Any, labels: Any, output: Any) -> Any:
        """The training's loss, averaged; `None` when it is not known."""
        import keras

        if labels is None or len(tensors.leaves(output)) != 1:
            return None
        loss = self.loss if self.loss is not None else compiled_loss(model, labels, output)
        if loss is None:
            return None
        value = loss(keras.ops.convert_to_tensor(labels), output)
        return keras.ops.mean(keras.ops.cast(value, "float32"))

    @contextlib.contextmanager
    def initial(self) -> Generator[None]:
        if self._kept is None:
            raise RuntimeError(
                f"the initial weights of {self.name} were not kept; call keep_initial first"
            )
        self._as_initial = True
        try:
            yield
        finally:
            self._as_initial = False

    def keep_initial(self) -> None:
        host = self._reader()
        self._kept = [
            (weakref.ref(variable), np.array(host(variable)))
            for variable in self.user_model.variables
        ]

    def drop_initial(self) -> None:
        self._kept = None

    def _initial_values(self) -> Values:
        known = ((reference(), value) for reference, value in self._kept or ())
        return [(variable, value) for variable, value in known if variable is not None]

    def weights(self) -> Mapping[str, Weights]:
        host = self._reader()
        found: dict[str, Weights] = {}
        for name, part in self._parts.items():
            layer: Any = part.layer()
            kernel = None if layer is None else kernel_variable(layer)
            if kernel is None:
                continue
            norm = None if part.norm is None else part.norm()
            gamma = getattr(norm, "gamma", None)
            bias = getattr(layer, "bias", None)
            # An optimiser of torch's own knows a variable by the parameter it holds.
            gradient = self.recent.get(id(kernel), self.recent.get(id(kernel._value)))
            found[name] = Weights(
                kernel=canonical(layer, host(kernel)),
                bias=None if bias is None else host(bias),
                gain=None if gamma is None else host(gamma),
                gradient=None if gradient is None else canonical(layer, tensors.on_host(gradient)),
                trainable=bool(kernel.trainable),
            )
        return found

    def normalisations(self) -> Mapping[str, Normalisation]:
        host = self._reader()
        found: dict[str, Normalisation] = {}
        for name, part in self._parts.items():
            norm = None if part.norm is None else normalisation_of(part.norm(), host)
            if norm is not None:
                found[name] = norm
        return found

    def gradients(self, inputs: Any, labels: Array | None) -> Mapping[str, Array] | None:
        import keras

        model = self.user_model
        kernels = self._kernels()
        if labels is None or not kernels or not self._has_loss(model):
            return None
        values = self.values()
        variables = [kernel for _, kernel in kernels.values()]
        with untouched(model, values, differentiable=True):
            given = tensors.mapped(keras.ops.convert_to_tensor, inputs)
            if tensors.backend_name() == "jax":
                found = self._compiled_passes(model).gradients(
                    model, given, labels, _reader(values), self._loss_of, variables
                )
            else:
                found = kernel_gradients(
                    lambda: self._loss_of(model, labels, call(model, given)), variables, values
                )
        if found is None:
            return None
        return {
            name: canonical(layer, tensors.as_float(tensors.on_host(gradient)))
            for (name, (layer, _)), gradient in zip(kernels.items(), found, strict=True)
            if gradient is not None
        }

    def _kernels(self) -> dict[str, tuple[Any, Any]]:
        """Layer and kernel variable by name; one called twice by the name of its first call."""
        found: dict[str, tuple[Any, Any]] = {}
        known: set[int] = set()
        for name, part in self._parts.items():
            layer = part.layer()
            kernel = None if layer is None else kernel_variable(layer)
            if kernel is not None and id(kernel) not in known:
                known.add(id(kernel))
                found[name] = layer, kernel
        return found

    def input_gradients(
        self, inputs: Any, pull: Pull | None = None, *, layer: str = ""
    ) -> Array | None:
        import keras

        model = self.user_model
        place = images.place_of_images(inputs)
        if place is None:
            return None
        values = self.values()
        with untouched(model, values, differentiable=True):
            given = tensors.mapped(keras.ops.convert_to_tensor, inputs)

            def maps_at(tensor: Any) -> tuple[Any, int] | None:
                changed = images.replaced(given, place, tensor)
                if tensors.backend_name() == "jax":
                    passes = self._compiled_passes(model)
                    return passes.maps(model, changed, layer, _reader(values))
                return maps_of(model, changed, layer)

            found = pulled_gradients(maps_at, tensors.leaves(given)[place], pull)
        if found is None:
            return None
        host = tensors.as_float(tensors.on_host(found))
        return tensors.channels_second(host, tensors.channel_axis())

    def images_of(self, inputs: Any) -> Array | None:
        return images.images_of(inputs)

    def with_images(self, inputs: Any, images: Array) -> Any:
        return with_images(inputs, images)

    @contextlib.contextmanager
    def shifted(self, changes: Mapping[str, Array]) -> Generator[None]:
        # The variables themselves stay as they are: our passes read them as other values.
        read = self._reader()
        before = self._changed
        self._changed = [
            *before,
            *(
                (kernel, (read(kernel) + as_kept(layer, changes[name])).astype(read(kernel).dtype))
                for name, (layer, kernel) in self._kernels().items()
                if name in changes
            ),
        ]
        try:
            yield
        finally:
            self._changed = before

    def _has_loss(self, model: Any) -> bool:
        several = len(getattr(model, "outputs", None) or ()) > 1
        return not several and (self.loss is not None or has_one_loss(model))

    def select(self, batches: Sequence[Any], index: npt.NDArray[np.int64]) -> Any:
        return data.select(batches, index)


def _reader(values: Values) -> Callable[[Any], Any]:
    """Reads variables as these values, others as they are."""
    known = {id(variable): value for variable, value in values}

    def read(variable: Any) -> Any:
        # An empty variable has no value to fall back on.
        found = known.get(id(variable))
        return variable.value if found is None else found

    return read


def _handles(x: Any) -> list[Any]:
    """What data are known again by: their arrays, or the data set."""
    return tensors.leaves(x) if data.are_arrays(x) else [] if x is None else [x]


def _unshown(layer: Layer, part: str, maps: Any, axis: int) -> None:
    del layer, part, maps, axis


def _first_images(inputs: Any, model: Any) -> Any:
    """Enough of the inputs to see the structure; all of them where the batch size is fixed."""
    shape = getattr(model, "input_shape", None)
    fixed = isinstance(shape, tuple) and bool(shape) and isinstance(shape[0], int)
    return inputs if fixed else tensors.mapped(lambda leaf: leaf[:1], inputs)


def _output(output: Any) -> Array | None:
    if not tensors.has_value(output) or len(output.shape) < 1:
        return None
    return tensors.as_float(
        tensors.channels_second(tensors.on_host(output), tensors.channel_axis())
    )
