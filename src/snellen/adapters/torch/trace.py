"""What is noted of tensors and layers while a forward pass goes on."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from snellen.adapters.torch import ways
from snellen.adapters.torch.operations import NORMS
from snellen.adapters.torch.outputs import tensors_in
from snellen.adapters.torch.ways import INPUT, Way
from snellen.adapters.torch.windows import Call
from snellen.core import Layer, Window


@dataclass(frozen=True)
class Trace:
    """Where a tensor came from: what is needed to know whose activation comes next."""

    sources: frozenset[int] = frozenset()
    """Layers it was made of since the last weights; empty for what comes from the input."""
    open: int | None = None
    """The layer whose activation is not known yet, where there is just one."""
    normed: bool = False
    activation: str | None = None
    """What was applied last, since the last weights."""
    softmax: tuple[str, int] | None = None
    """What the softmax that was applied last ran over (`batch`, `units`, `positions`), and how many
    of them."""
    way: Way | None = None
    """Windows since the last weights; `None`: not known."""
    shape: tuple[int, ...] = ()
    """Of the tensor."""


@dataclass(frozen=True)
class Gate:
    """An activation whose output may yet be multiplied with its own input: `x * sigmoid(x)`."""

    draft: int
    input: weakref.ref[Tensor]
    output: Tensor
    """Held until the next function is called, not longer."""


@dataclass
class Draft:
    """A layer while the pass is still going on."""

    layer: Layer
    channel_last: bool = False
    settled: bool = False
    """What follows its weights is known."""
    inputs: frozenset[int] = field(default_factory=frozenset[int])
    way: Way | None = None
    """To what it reads."""

    def paths(self) -> tuple[tuple[Window, ...], ...]:
        """The windows from each of its inputs, in their order; empty where one is not known."""
        ahead = sorted(self.inputs) or [INPUT]
        if self.way is None:
            return ()
        known = self.way.paths
        if any(number not in known for number in ahead):
            return ()
        return tuple(known[number] for number in ahead)


def way_behind(
    name: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    traces: Sequence[Trace],
    out: Any,
    module: str,
) -> Way | None:
    """The way behind a call that was given tensors with these traces. `module`: the one being
    called."""
    known = [trace for trace in traces if trace.way is not None]
    made = tensors_in(out)
    if not known or known[0].way is None or not made:
        return None
    call = Call(name, args, kwargs, known[0].shape, tuple(made[0].shape))
    if len(known) == 1 or name in NORMS:
        return ways.through(known[0].way, call, module)
    return ways.joined([trace.way for trace in known if trace.way is not None], call)


def softmax_over(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], trace: Trace
) -> tuple[str, int] | None:
    """What a softmax of a tensor with this trace runs over, and how many of them."""
    rank = len(trace.shape)
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    if not rank or (dim is not None and not isinstance(dim, int)):
        return None
    # Without `dim` PyTorch takes the first axis of these, and the second of others.
    axis = (0 if rank in (1, 3) else 1) if dim is None else dim % rank
    if axis == 0 and rank > 1:
        return "batch", trace.shape[0]
    where = "positions" if trace.way is not None and axis in trace.way.axes else "units"
    return where, trace.shape[axis]
