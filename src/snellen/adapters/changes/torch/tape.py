"""What the functions called in one pass of a model made of one another."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from snellen.adapters.torch.operations import NORMS, SUMS, WEIGHTED
from snellen.adapters.torch.outputs import tensors_in

HELD = {
    "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "mv", "addmm", "baddbmm", "einsum",
    "bilinear", "embedding", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh", "rnn_relu",
    "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell",
}  # fmt: skip
"""Functions that are a layer where one of their arguments is a parameter."""
IN_PLACE = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__"}


@dataclass
class Step:
    """A call of a function on tensors of the pass, or of a layer on anything."""

    name: str
    call: Any = None
    """What its caller calls it; see `Tape`."""
    given: tuple[int, ...] = ()
    """The steps that made what it was given."""
    consumers: list[int] = field(default_factory=list[int])
    weights: tuple[int, ...] = ()
    """Ids of its weights, where it is a layer."""
    shape: tuple[int, ...] = ()
    """Of what it made first."""
    given_shape: tuple[int, ...] = ()
    """Of its first argument."""
    returned: bool = False
    """The pass gives out what it made."""

    @property
    def layer(self) -> bool:
        return bool(self.weights)

    @property
    def norm(self) -> bool:
        return self.name in NORMS


class Tape(TorchFunctionMode):
    """Active in one pass. Holds no tensor, but knows them by identity."""

    def __init__(self, name_call: Callable[[str], Any]) -> None:
        """`name_call(name)`, asked before each function is called, gives what to keep as `call`."""
        super().__init__()
        self._name_call = name_call
        self.steps: list[Step] = [Step("input")]
        self._made: dict[int, tuple[weakref.ref[Tensor], int]] = {}

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        call = self._name_call(name)
        tensors = [*tensors_in(args), *tensors_in(tuple(kwargs.values()))]
        given = tuple(dict.fromkeys(i for i in map(self._step_of, tensors) if i is not None))
        shape = tuple(tensors[0].shape) if tensors else ()
        out = func(*args, **kwargs)
        made = tensors_in(out)
        weights = _weights(name, tensors)
        if (given or weights) and (made or name in IN_PLACE):
            step = Step(name, call, given, weights=weights, given_shape=shape)
            if made:
                step.shape = tuple(made[0].shape)
            self._add(step, made)
            if name in IN_PLACE or (name.endswith("_") and not name.endswith("__")):
                self._remember(args[:1])
        return out

    def takes(self, inputs: Iterable[Tensor]) -> None:
        """What the pass begins with."""
        for tensor in inputs:
            self._made[id(tensor)] = weakref.ref(tensor), 0

    def gives(self, output: Any) -> None:
        """What the pass ends with."""
        for tensor in tensors_in(output):
            step = self._step_of(tensor)
            if step is not None:
                self.steps[step].returned = True
        self._made.clear()

    # -- questions ---------------------------------------------------------------------------------

    def behind(self, step: int) -> set[int]:
        """All that it was made of."""
        return self._reached([step], lambda i: self.steps[i].given)

    def ahead(self, step: int) -> set[int]:
        """All that was made of it."""
        return self._reached([step], lambda i: self.steps[i].consumers)

    def until_layers(self, step: int) -> set[int]:
        """What was made of it up to the next layers, those included."""
        steps = self.steps
        return self._reached(
            [step], lambda i: [] if i != step and steps[i].layer else steps[i].consumers
        )

    def layers_behind(self, step: int) -> set[int]:
        """The nearest ones that it was made of."""
        steps = self.steps
        near = self._reached(
            [step], lambda i: [] if i != step and steps[i].layer else steps[i].given
        )
        return {i for i in near if steps[i].layer}

    def makes_output(self, step: int) -> bool:
        """No layer stands between it and what the model gives out, or none is ahead at all."""
        near = self.until_layers(step)
        out = any(self.steps[i].returned and not self.steps[i].layer for i in near)
        return self.steps[step].returned or out or not any(self.steps[i].layer for i in near)

    def normalised(self, step: int) -> bool:
        """Whichever way it goes to the next layers, a normalisation comes first."""
        steps = self.steps
        near = self._reached(
            [step],
            lambda i: [] if i != step and (steps[i].layer or steps[i].norm) else steps[i].consumers,
        )
        return any(steps[i].norm for i in near) and not any(steps[i].layer for i in near)

    def bypassed(self, step: int) -> bool:
        """Maps are added to what was made of it that came from behind it by another way."""
        steps, own = self.steps, self.ahead(step)
        around = self._reached(
            self.behind(step), lambda i: [j for j in steps[i].consumers if j != step]
        ) | self.behind(step)
        rank = len(steps[step].shape)
        sums = (steps[i] for i in own if steps[i].name in SUMS and len(steps[i].shape) == rank)
        return any(
            a != b and (a == step or a in own) and b in around
            for each in sums
            for a in each.given
            for b in each.given
        )

    def _reached(self, start: Iterable[int], ways: Callable[[int], Iterable[int]]) -> set[int]:
        """Without the start, unless a way leads back to it."""
        found: set[int] = set()
        open_ends = list(start)
        while open_ends:
            for i in ways(open_ends.pop()):
                if i not in found:
                    found.add(i)
                    open_ends.append(i)
        return found

    # -- notes -------------------------------------------------------------------------------------

    def _add(self, step: Step, made: Iterable[Tensor]) -> None:
        number = len(self.steps)
        self.steps.append(step)
        for i in step.given:
            self.steps[i].consumers.append(number)
        self._remember(made)

    def _remember(self, made: Iterable[Any]) -> None:
        for tensor in made:
            if isinstance(tensor, Tensor):
                self._made[id(tensor)] = weakref.ref(tensor), len(self.steps) - 1

    def _step_of(self, tensor: Tensor) -> int | None:
        entry = self._made.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None


def _weights(name: str, tensors: list[Tensor]) -> tuple[int, ...]:
    if name in WEIGHTED:
        return (id(tensors[1]),) if len(tensors) > 1 else ()
    held: Iterator[Tensor] = (t for t in tensors if isinstance(t, nn.Parameter))
    return tuple(id(t) for t in held) if name in HELD else ()
