"""One forward pass, watched function by function: which layers there are and what maps they
make."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from snellen.adapters.contract import Glimpse, Guard
from snellen.adapters.torch.operations import (
    DROPOUTS,
    GATES,
    JOINING,
    NORMS,
    PASSING,
    PRODUCTS,
    SUMS,
    WEIGHTED,
    activation,
)
from snellen.adapters.torch.outputs import tensors_in
from snellen.adapters.torch.strangers import Stranger
from snellen.adapters.torch.tables import host, table
from snellen.adapters.torch.trace import Draft, Gate, Trace, softmax_over, way_behind
from snellen.adapters.torch.ways import (
    INPUT,
    Way,
    fold_padding,
    read_by_convolution,
    read_by_dense,
)
from snellen.adapters.torch.windows import Call, convolution
from snellen.core import Layer, LayerKind, Window

SOFTMAXES = ("softmax", "log_softmax")
INPUT_MEAN_IMAGES = 16
"""Images over which a layer's mean input is taken: with their positions, means within a few
percent."""


def leave(mode: Recorder) -> bool:
    """Take a mode off the stack if it lies on top; `False` while others, or its own call, are
    above it."""
    depth = torch._C._len_torch_function_stack()
    for i in range(depth):
        if torch._C._get_function_stack_at(i) is mode:
            if i < depth - 1:
                return False
            mode.__exit__(None, None, None)
            return True
    return not mode.handling


class Recorder(TorchFunctionMode):
    """Active during one forward pass; shows each map to `see` as soon as it is made.

    It holds no tensor: tensors are known by identity through weak references, so maps are freed
    when the model lets go of them.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        stack: list[str],
        see: Callable[[Glimpse], None],
        keep: Callable[[str], bool],
        learning: Set[str] = frozenset(),
        guard: Guard | None = None,
        hold: Callable[[str, str, Tensor], None] | None = None,
    ) -> None:
        """`names`: parameter id → its module's name. `stack`: names of the modules being called,
        innermost last. `keep`: whether maps of the layer so named are wanted. `learning`: names of
        modules with parameters that take gradients. `guard` stands around all that is done besides
        the model's own work. `hold(layer, part, maps)` gets all maps with the graph that made
        them."""
        super().__init__()
        self._hold = hold
        self._guard, self._learning = guard or self._noting_failure, learning
        self.failure: Exception | None = None
        """What our own notes raised, where no guard was given: none of the model's doing."""
        self.handling = False
        """A function is being called under this mode."""
        self._names, self._stack, self._see, self._keep = names, stack, see, keep
        self._drafts: list[Draft] = []
        self._traces: dict[int, tuple[weakref.ref[Tensor], Trace]] = {}
        self._calls: dict[str, int] = {}
        self._gate: Gate | None = None
        self.output_softmax: tuple[str, int] | None = None
        """What the softmax at the model's output runs over, and how many of them; see `Trace`."""
        self.gains: dict[str, Tensor] = {}
        """Scale (γ) of the normalisation that follows a layer, by the layer's name."""
        self.strangers: list[Stranger] = []
        """Weights that could learn and are none of the model's parameters."""
        self.dropouts: dict[str, float] = {}
        """Rates of dropout, by the module that drops."""
        self.running_means: dict[str, Tensor] = {}
        """Of the batch normalisation that follows a layer, by the layer's name."""
        self.weights: dict[str, tuple[Tensor, Tensor | None, bool]] = {}
        """`(kernel, bias, transposed)` by layer name. A kernel that is computed anew at each call
        (by a parametrisation) is none of the model's parameters and is left out."""

    def _noting_failure(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            self.failure = error
            raise

    def starts_with(self, images: Tensor) -> None:
        """What the model is about to be called with."""
        self._remember(images, Trace(way=Way.of(INPUT, tuple(images.shape))))
        if images.ndim >= 2 and images.is_floating_point():
            layer = Layer(
                "", -1, LayerKind.ACTIVATION, "input", images.shape[1], tuple(images.shape[2:])
            )
            self._show(layer, "input", images)

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """The function is called once, with what it was given, whatever happens to our notes of
        it."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":
            return func(*args, **kwargs)
        # While it handles a call the mode is off the stack, and comes back when the call is over.
        self.handling = True
        try:
            traces = self._guard("torch.maps", self._before, name, args, kwargs)
            out = func(*args, **kwargs)
            if traces is not None:
                self._guard("torch.maps", self._after, name, args, kwargs, traces, out)
        finally:
            self.handling = False
        return out

    def _before(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Trace]:
        self._settle_gate(name, args)
        if name in WEIGHTED:
            # Before the call: what it reads may be overwritten in place by what follows.
            self._show_layer_input(args, kwargs)
        return self._traces_of(args, kwargs)

    def _after(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        traces: list[Trace],
        out: Any,
    ) -> None:
        kind = WEIGHTED.get(name)
        act = activation(name, args, kwargs)
        if name in DROPOUTS:
            rate = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
            if isinstance(rate, (int, float)) and rate > 0:
                self.dropouts[self._here(name)] = float(rate)
        if kind is not None and isinstance(out, Tensor):
            self._weighted(LayerKind(kind), name, args, kwargs, out)
        elif act is not None and isinstance(out, Tensor):
            given = args[0] if args else kwargs.get("input")
            trace = traces[0] if traces else Trace()
            way = way_behind(name, args, kwargs, traces[:1], out, self._here(""))
            over = softmax_over(args, kwargs, trace) if act in SOFTMAXES else None
            self._activated(act, name, replace(trace, way=way, softmax=over), out, given)
        elif self._gate is not None and isinstance(out, Tensor):
            self._gated(self._gate, out, way_behind(name, args, kwargs, traces, out, ""))
        elif traces and tensors_in(out):
            self._passed(name, args, kwargs, traces, out)

    def finish(self, output: Tensor | None, *, ends: bool = True) -> tuple[Layer, ...]:
        """The layers in the order of execution, settled, given what the model returned.

        `ends`: the output is what the training is about; else other modules read it, and what they
        do to it is unknown here.
        """
        self._settle_gate("", ())
        trace = self._trace(output) if output is not None else None
        read = [i for draft in self._drafts if draft.layer.weighted for i in draft.inputs]
        heads = self._weighted_behind(trace.sources if trace else ()) - self._weighted_behind(read)
        layers: list[Layer] = []
        for i, draft in enumerate(self._drafts):
            head = ends and i in heads
            layer = replace(
                draft.layer,
                head=head,
                inputs=tuple(self._drafts[j].layer.name for j in sorted(draft.inputs)),
                paths=draft.paths(),
                output_activation=trace.activation if head and trace else None,
            )
            if i in heads and not ends and not draft.settled and layer.weighted:
                layer = replace(layer, activation=None)
            layers.append(layer)
        if trace is not None and trace.activation in SOFTMAXES:
            self.output_softmax = trace.softmax
        self._traces.clear()
        return tuple(layers)

    def _trainable(self, weight: Tensor, module: str) -> bool:
        """Whether the kernel learns; one that stands in for a parameter learns if the parameter
        does."""
        return bool(weight.requires_grad) or module in self._learning

    def _weighted_behind(self, drafts: Iterable[int]) -> set[int]:
        """The weight layers among these, and those right behind the free-standing activations."""
        found: set[int] = set()
        ahead = list(drafts)
        seen: set[int] = set()
        while ahead:
            i = ahead.pop()
            if i in seen:
                continue
            seen.add(i)
            if self._drafts[i].layer.weighted:
                found.add(i)
            else:
                ahead.extend(self._drafts[i].inputs)
        return found

    def _weighted(
        self, kind: LayerKind, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Tensor
    ) -> None:
        weight: Tensor = kwargs["weight"] if "weight" in kwargs else args[1]
        bias = kwargs.get("bias", args[2] if len(args) > 2 else None)
        transposed = "transpose" in name
        # Both conv and conv_transpose take the groups as their seventh argument.
        groups = kwargs.get("groups", args[6] if kind is LayerKind.CONV and len(args) > 6 else 1)
        spatial = weight.ndim - 2 if kind is LayerKind.CONV else None
        maps, channel_last = self._channels_second(out, spatial)
        shape = tuple(weight.shape)
        if transposed:
            shape = (shape[1] * groups, shape[0] // groups, *shape[2:])
        images: Tensor = args[0] if args else kwargs["input"]
        read = self._trace(images)
        inputs = read.sources if read else frozenset[int]()
        if read is not None and read.normed:
            self._normalise(read)
        call = Call(name, args, kwargs, tuple(images.shape), tuple(out.shape))
        way, window = self._read(read, call, tuple(weight.shape[2:]), spatial)
        layer = Layer(
            name=self._unique(self._names.get(id(weight)) or self._here(name)),
            index=len(self._drafts),
            kind=kind,
            type_name=name,
            channels=maps.shape[1],
            positions=tuple(maps.shape[2:]),
            groups=int(groups),
            transposed=transposed,
            trainable=self._trainable(weight, self._here("")),
            weight_shape=shape,
            window=window,
        )
        self._drafts.append(Draft(layer, channel_last, inputs=inputs, way=way))
        if isinstance(weight, nn.Parameter) and id(weight) not in self._names:
            # Held by nobody here: whether it outlives the pass tells what it is.
            if weight.requires_grad:
                self.strangers.append((self._here(name), weakref.ref(weight)))
        elif isinstance(weight, nn.Parameter):
            offset = bias if isinstance(bias, nn.Parameter) else None
            self.weights[layer.name] = (weight, offset, transposed)
        self._remember(out, self._made(layer.index, out, spatial, open=True))
        self._show(layer, "pre", maps)

    def _read(
        self, read: Trace | None, call: Call, taps: tuple[int, ...], spatial: int | None
    ) -> tuple[Way | None, Window | None]:
        """The way that leads to weights with so many spatial axes, and their own window."""
        way = read.way if read is not None else None
        if spatial is None:
            return (read_by_dense(way, call) if way is not None else None), None
        window = convolution(call, taps)
        if way is None or window is None:
            return None, window
        way = read_by_convolution(way, call, spatial)
        return fold_padding(way, window, self._here(""))

    def _made(self, index: int, out: Tensor, spatial: int | None, *, open: bool) -> Trace:
        """The trace of what layer `index` put out."""
        axes = range(1, out.ndim - 1) if spatial is None else range(out.ndim - spatial, out.ndim)
        way = Way.of(index, tuple(out.shape), tuple(axes))
        return Trace(frozenset({index}), index if open else None, way=way)

    def _settle_gate(self, name: str, args: tuple[Any, ...]) -> None:
        """The call that comes after `sigmoid(x)`: it makes it a swish, or shows that it is none."""
        gate, self._gate = self._gate, None
        if gate is None:
            return
        given = gate.input()
        factors = [id(a) for a in args[:2]]
        pair = given is not None and {id(given), id(gate.output)} == set(factors)
        if (name in PRODUCTS and pair) or name in ("size", "dim"):
            self._gate = gate
        else:
            draft = self._drafts[gate.draft]
            self._show(draft.layer, "post", self._as_drawn(gate.output, draft.channel_last))

    def _gated(self, gate: Gate, out: Tensor, way: Way | None) -> None:
        self._gate = None
        draft = self._drafts[gate.draft]
        swish = GATES[str(draft.layer.activation)]
        draft.layer = replace(draft.layer, activation=swish)
        self._remember(out, Trace(frozenset({gate.draft}), activation=swish, way=way))
        self._show(draft.layer, "post", self._as_drawn(out, draft.channel_last))

    def _activated(self, act: str, name: str, trace: Trace, out: Tensor, given: Any) -> None:
        if trace.open is not None:
            draft = self._drafts[trace.open]
            draft.layer = replace(draft.layer, activation=act, normalised=trace.normed)
            draft.settled = True
            self._remember(out, replace(trace, open=None, normed=False, activation=act))
            if act in GATES and isinstance(given, Tensor) and given is not out:
                self._gate = Gate(trace.open, weakref.ref(given), out)
                return
            self._show(draft.layer, "post", self._as_drawn(out, draft.channel_last))
            return
        if act in SOFTMAXES or not trace.sources:
            self._remember(out, replace(trace, activation=act))
            return
        last = any(self._drafts[i].channel_last for i in trace.sources)
        maps = self._as_drawn(out, last)
        layer = Layer(
            name=self._unique(self._here(name)),
            index=len(self._drafts),
            kind=LayerKind.ACTIVATION,
            type_name=name,
            channels=maps.shape[1] if maps.ndim > 1 else 1,
            positions=tuple(maps.shape[2:]),
            activation=act,
            normalised=trace.normed,
        )
        self._drafts.append(Draft(layer, last, settled=True, inputs=trace.sources, way=trace.way))
        axes = trace.way.axes if trace.way is not None else None
        way = Way.of(layer.index, tuple(out.shape), axes)
        self._remember(out, Trace(frozenset({layer.index}), activation=act, way=way))
        self._show(layer, "post", maps)

    def _passed(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        traces: list[Trace],
        out: Any,
    ) -> None:
        if len(traces) == 1 or name in NORMS:
            trace = traces[0]
            if name in NORMS:
                trace = replace(trace, normed=True)
                self._note_norm(name, trace, args, kwargs)
            elif name not in PASSING:
                trace = self._bent(trace)
        else:
            for t in traces:
                if name in SUMS and t.open is not None:
                    self._settle(t, residual=all(u.sources for u in traces))
                elif name not in JOINING:
                    self._bent(t)
            trace = Trace(frozenset[int]().union(*(t.sources for t in traces)))
        way = way_behind(name, args, kwargs, traces, out, self._here(""))
        for tensor in tensors_in(out):
            self._remember(tensor, replace(trace, way=way))

    def _normalise(self, trace: Trace) -> None:
        """Weights follow with nothing but a norm between."""
        if trace.open is not None and not self._drafts[trace.open].settled:
            draft = self._drafts[trace.open]
            draft.layer = replace(draft.layer, normalised=True)

    def _settle(self, trace: Trace, *, residual: bool) -> None:
        """Nothing but a norm stands between these weights and a sum."""
        if trace.open is not None and not self._drafts[trace.open].settled:
            draft = self._drafts[trace.open]
            draft.layer = replace(draft.layer, residual=residual, normalised=trace.normed)
            draft.settled = True

    def _bent(self, trace: Trace) -> Trace:
        """A function that is no known activation was applied: what follows the weights is unknown.

        So too where an activation's output meets its own input, as in `x * sigmoid(x)`.
        """
        if trace.open is not None:
            draft = self._drafts[trace.open]
            draft.layer = replace(draft.layer, activation=None, normalised=trace.normed)
            draft.settled = True
        return replace(trace, open=None)

    def _note_norm(
        self, name: str, trace: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Remember the running mean, and γ: `weight` is the only 1-D parameter that normalisations
        take first."""
        if trace.open is None:
            return
        layer = self._drafts[trace.open].layer
        running = kwargs.get("running_mean", args[1] if len(args) > 1 else None)
        if name == "batch_norm" and isinstance(running, Tensor):
            self.running_means.setdefault(layer.name, running)
        for value in (kwargs.get("weight"), *args[1:]):
            if isinstance(value, nn.Parameter) and value.shape == (layer.channels,):
                self.gains.setdefault(layer.name, value)
                return

    def _show_layer_input(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        images: Tensor = args[0] if args else kwargs["input"]
        weight: Tensor = kwargs["weight"] if "weight" in kwargs else args[1]
        convolves = weight.ndim > 2
        maps, _ = self._channels_second(images, weight.ndim - 2 if convolves else None)
        label = self._names.get(id(weight)) or self._here("")
        layer = Layer(label, len(self._drafts), LayerKind.CONV, "", maps.shape[1])
        self._show(layer, "in", maps[:INPUT_MEAN_IMAGES])

    def _show(self, layer: Layer, part: str, maps: Tensor) -> None:
        if maps.ndim < 2 or not maps.is_floating_point():
            return
        if self._hold is not None and part in ("pre", "post"):
            self._hold(layer.name, part, maps)
        if not self._keep(layer.name):
            return
        # Detached: an observer that kept the graph would keep the whole batch alive.
        seen = maps.detach()
        self._see(
            Glimpse(
                layer,
                part,
                lambda low, high: table(seen, low, high),
                positions=seen[0, 0].numel() if seen.shape[0] and seen.shape[1] else 0,
                host=lambda: host(seen),
            )
        )

    def _channels_second(self, out: Tensor, spatial: int | None) -> tuple[Tensor, bool]:
        """Maps as `(images, channels, *positions)`, and whether channels came last."""
        if spatial is None:
            if out.ndim == 1:
                return out.unsqueeze(0), False
            return (out, False) if out.ndim == 2 else (out.movedim(-1, 1), True)
        return (out if out.ndim == spatial + 2 else out.unsqueeze(0)), False

    def _as_drawn(self, out: Tensor, channel_last: bool) -> Tensor:
        return out.movedim(-1, 1) if channel_last and out.ndim > 2 else out

    def _here(self, function: str) -> str:
        """The module being called, and the function where the module is not one function's own."""
        return self._stack[-1] if self._stack else function

    def _unique(self, name: str) -> str:
        self._calls[name] = self._calls.get(name, 0) + 1
        return name if self._calls[name] == 1 else f"{name}#{self._calls[name]}"

    def _remember(self, tensor: Tensor, trace: Trace) -> None:
        noted = replace(trace, shape=tuple(tensor.shape))
        self._traces[id(tensor)] = (weakref.ref(tensor), noted)

    def _trace(self, tensor: Any) -> Trace | None:
        entry = self._traces.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def _traces_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Trace]:
        found = (self._trace(t) for t in (*tensors_in(args), *tensors_in(tuple(kwargs.values()))))
        return [trace for trace in found if trace is not None]
