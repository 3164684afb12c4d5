"""One pass of a model over some images, recorded: in Python, or on JAX as one compiled program."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from snellen.adapters.contract import Array, ModelRefusedError
from snellen.adapters.keras import tensors
from snellen.adapters.keras.functions import recorded
from snellen.adapters.keras.lineage import Softmax
from snellen.adapters.keras.recorder import Part, Recorder, Shown
from snellen.adapters.keras.statistics import batch_statistics
from snellen.adapters.keras.strays import Stray, strays_of
from snellen.adapters.keras.structure import settle
from snellen.core import Layer

LossOf = Callable[[Any, Any, Any], Any]
"""`loss_of(model, labels, output)`: the training's loss as a scalar tensor, or `None`."""

Keep = Callable[[str], bool]


@dataclass(frozen=True)
class Seen:
    """What a pass has shown."""

    layers: tuple[Layer, ...]
    parts: dict[str, Part]
    output: Any
    loss: Any
    softmax: Softmax | None = None
    """That the output left by."""
    strays: tuple[Stray, ...] = ()


def call(model: Any, inputs: Any, recorder: Recorder | None = None) -> Any:
    """The model's output in evaluation mode.

    Raises `ModelRefusedError` where the model itself fails on these inputs; what fails in showing
    its maps to us is raised as it is.
    """
    try:
        if getattr(model, "_call_has_training_arg", False):
            return model(inputs, training=False)
        return model(inputs)
    except Exception as error:
        if recorder is not None and recorder.failed:
            raise
        raise ModelRefusedError(f"{type(error).__name__}: {error}") from error


def eager(
    model: Any,
    inputs: Any,
    labels: Any,
    loss_of: LossOf,
    shown: Shown,
    settled: Mapping[str, Layer],
    keep: Keep,
) -> Seen:
    """Run the model in Python. Every map is shown while it is there, and kept no longer."""
    recorder = Recorder(shown, settled, keep)
    with recorded(recorder):
        recorder.begin(inputs)
        output = call(model, inputs, recorder)
    layers, softmax = _settled(recorder, output)
    return Seen(
        layers,
        recorder.parts,
        output,
        loss_of(model, labels, output),
        softmax,
        strays_of(model, recorder.called),
    )


def maps_of(model: Any, inputs: Any, layer: str) -> tuple[Any, int] | None:
    """Maps of one layer after its activation (`""`: the model's output), and the axis of their
    channels; `None` where there are none of that name, or no single output."""
    if not layer:
        leaves = tensors.leaves(call(model, inputs))
        return (leaves[0], tensors.channel_axis()) if len(leaves) == 1 else None
    found: list[tuple[Any, int]] = []

    def shown(shown: Layer, part: str, maps: Any, axis: int) -> None:
        if shown.name == layer and part in ("pre", "post"):
            # What comes after the activation is shown last.
            found[:] = [(maps, axis)]

    recorder = Recorder(shown, {}, lambda name: name == layer)
    with recorded(recorder):
        recorder.begin(inputs)
        call(model, inputs, recorder)
    return found[0] if found else None


def _no_loss(model: Any, labels: Any, output: Any) -> None:
    del model, labels, output


def _settled(recorder: Recorder, output: Any) -> tuple[tuple[Layer, ...], Softmax | None]:
    leaves = tensors.leaves(output)
    track = recorder.lineage.get(leaves[0]) if leaves else None
    if track is None:
        return settle(recorder.drawn, (), None), None
    return settle(recorder.drawn, track.sources, track.last), track.softmax


@dataclass
class _Program:
    """A pass compiled for inputs of one shape."""

    function: Any
    seen: Seen | None = None
    """What tracing it has shown; its tensors are symbols."""
    maps: list[tuple[Layer, str, int]] = field(default_factory=list[tuple[Layer, str, int]])
    """Layer, part and channel axis of each map that the program returns."""
    axis: int = -1
    """Axis of the channels, of a program that returns one layer's maps."""


class CompiledPasses:
    """Passes on JAX, where Python would have every operation of every shape compiled by itself."""

    def __init__(self, model: Any, keep: Keep) -> None:
        self._variables = list(model.variables)
        self._keep = keep
        self._programs: dict[Any, _Program] = {}

    def fits(self, model: Any) -> bool:
        """Whether the model still has the variables that the programs were made for."""
        own = model.variables
        return len(own) == len(self._variables) and all(
            one is other for one, other in zip(own, self._variables, strict=True)
        )

    def run(
        self,
        model: Any,
        inputs: Any,
        labels: Array | None,
        read: Callable[[Any], Any],
        loss_of: LossOf,
        shown: Shown,
    ) -> Seen:
        """A pass with the variables as `read` gives them. Each map is there until it was shown."""
        program = self._program("look", model, inputs, labels, loss_of, self._forward)
        output, loss, maps = program.function([read(v) for v in self._variables], inputs, labels)
        seen = program.seen
        assert seen is not None
        settled = {layer.name: layer for layer in seen.layers}
        maps.reverse()
        for layer, part, axis in program.maps:
            now = layer if part == "in" else settled.get(layer.name, layer)
            shown(now, part, maps.pop(), axis)
        return replace(seen, output=output, loss=loss)

    def answer(
        self,
        model: Any,
        inputs: Any,
        labels: Array | None,
        read: Callable[[Any], Any],
        loss_of: LossOf,
        *,
        by_batch: bool,
    ) -> tuple[Any, Any]:
        """The model's output and loss; `by_batch`: normalised by the batch's own statistics."""

        def forward(program: _Program, model: Any, loss_of: LossOf) -> Any:
            del program

            def answer(values: Any, inputs: Any, labels: Any) -> Any:
                with batch_statistics(by_batch):
                    output = self._output(model, values, inputs)
                return output, loss_of(model, labels, output)

            return answer

        key = ("answer", by_batch)
        program = self._program(key, model, inputs, labels, loss_of, forward)
        return program.function([read(v) for v in self._variables], inputs, labels)

    def maps(
        self, model: Any, inputs: Any, layer: str, read: Callable[[Any], Any]
    ) -> tuple[Any, int] | None:
        """Maps of one layer, and the axis of their channels."""

        def forward(program: _Program, model: Any, loss_of: LossOf) -> Any:
            del loss_of

            def maps(values: Any, inputs: Any) -> Any:
                import keras

                mapping = list(zip(self._variables, values, strict=True))
                with keras.StatelessScope(state_mapping=mapping):
                    found = maps_of(model, inputs, layer)
                if found is None:
                    return None
                program.axis = found[1]
                return found[0]

            return maps

        program = self._program(("maps", layer), model, inputs, None, _no_loss, forward)
        found = program.function([read(v) for v in self._variables], inputs)
        return None if found is None else (found, program.axis)

    def gradients(
        self,
        model: Any,
        inputs: Any,
        labels: Any,
        read: Callable[[Any], Any],
        loss_of: LossOf,
        kernels: Sequence[Any],
    ) -> list[Any] | None:
        """Gradients of the loss by these variables."""
        places = [
            next(place for place, v in enumerate(self._variables) if v is kernel)
            for kernel in kernels
        ]

        def backward(program: _Program, model: Any, loss_of: LossOf) -> Any:
            def gradients(points: Any, values: Any, inputs: Any, labels: Any) -> Any:
                import jax

                def loss(points: Any) -> Any:
                    changed = list(values)
                    for place, point in zip(places, points, strict=True):
                        changed[place] = point
                    output = self._output(model, changed, inputs)
                    return loss_of(model, labels, output)

                return jax.grad(loss)(points)

            del program
            return gradients

        key = ("gradients", *places)
        program = self._program(key, model, inputs, labels, loss_of, backward)
        values = [read(variable) for variable in self._variables]
        return program.function([values[place] for place in places], values, inputs, labels)

    def _output(self, model: Any, values: Any, inputs: Any) -> Any:
        import keras

        mapping = list(zip(self._variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return call(model, inputs)

    def _program(
        self, kind: Any, model: Any, inputs: Any, labels: Any, loss_of: LossOf, make: Any
    ) -> _Program:
        import jax
        import keras

        leaves = [*keras.tree.flatten(inputs), labels]
        shapes = [None if leaf is None else (leaf.shape, str(leaf.dtype)) for leaf in leaves]
        key = (kind, *shapes)
        program = self._programs.get(key)
        if program is None:
            if len(self._programs) >= MOST_PROGRAMS:
                self._programs.pop(next(iter(self._programs)))
            program = self._programs[key] = _Program(None)
            program.function = jax.jit(make(program, model, loss_of))
        return program

    def _forward(self, program: _Program, model: Any, loss_of: LossOf) -> Any:
        def forward(values: Any, inputs: Any, labels: Any) -> Any:
            import keras

            maps: list[Any] = []
            program.maps = []

            def shown(layer: Layer, part: str, tensor: Any, axis: int) -> None:
                program.maps.append((layer, part, axis))
                maps.append(tensor)

            mapping = list(zip(self._variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                seen = eager(model, inputs, labels, loss_of, shown, {}, self._keep)
            program.seen = replace(seen, output=None, loss=None)
            return seen.output, seen.loss, maps

        return forward


MOST_PROGRAMS = 8
"""Looks come in chunks of a few sizes; one of more programs than this is not needed again."""
