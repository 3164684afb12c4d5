"""One PyTorch model being trained."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from snellen.adapters.contract import Array, Glimpse, ModelRefusedError, Pass, Weights
from snellen.adapters.torch.outputs import first_tensor, outputs_in, tensors_in
from snellen.adapters.torch.recorder import Recorder
from snellen.adapters.torch.tables import host
from snellen.adapters.torch.undisturbed import undisturbed
from snellen.core import Layer

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
"""What the model is called with: positional and keyword arguments."""

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""The script's own loss, given what it was fed and the labels; keywords already bound."""


class TorchModel:
    """Implements `contract.Model`. Holds the module; what it keeps besides is dropped with
    `release`."""

    framework = "torch"

    def __init__(self, module: nn.Module, name: str, keep: Callable[[str], bool]) -> None:
        """`keep` says of a layer's name whether its maps are wanted."""
        self.module = module
        self.name = name
        self.keep = keep
        self.optimizer: torch.optim.Optimizer | None = None
        self.loss_function: LossFunction | None = None
        self.output_index: int | None = None
        """Which of the tensors it returns the loss was fed with, where that was seen."""
        self.feeds_another = False
        """Another module of the training reads what it returns."""
        self.facts_seen: dict[str, Any] = {}
        """Plain JSON values the adapter learnt elsewhere (planned epochs, batch size)."""
        self.names = {
            id(p): n.rpartition(".")[0] or n
            for n, p in module.named_parameters(remove_duplicate=False)
        }
        self.module_names = {id(m): n for n, m in module.named_modules()}
        self._kernels: dict[str, tuple[Tensor, Tensor | None, bool]] = {}
        self._gains: dict[str, Tensor] = {}
        self._groups: dict[str, int] = {}
        self._initial: dict[str, Tensor] | None = None
        self._substitute: dict[str, Tensor] | None = None
        self._stamp: list[tuple[int, int, torch.dtype]] = []
        self._told: list[nn.Parameter] | None = None

    def facts(self) -> dict[str, Any]:
        parameters = list(self.module.parameters())
        facts: dict[str, Any] = {
            "model": type(self.module).__name__,
            "parameters": sum(p.numel() for p in parameters),
            "parameter_bytes": sum(p.numel() * p.element_size() for p in parameters),
            **self.facts_seen,
        }
        if self.optimizer is not None:
            facts.update(optimizer_facts(self.optimizer))
        return facts

    def look(self, inputs: Inputs, labels: Array | None, see: Callable[[Glimpse], None]) -> Pass:
        stack: list[str] = []
        learning = {
            name.rpartition(".")[0] for name, p in self.module.named_parameters() if p.requires_grad
        }
        recorder = Recorder(self.names, stack, see, self.keep, learning)
        with ExitStack() as around:
            around.enter_context(torch.no_grad())
            around.enter_context(undisturbed(self.module))
            if "torch._dynamo" in sys.modules:
                # Compiled functions inside run as they were written, lest they be compiled for
                # our look.
                around.enter_context(torch.compiler.set_stance("force_eager"))
            around.enter_context(module_stack(self.module_names, stack))
            for device in {t.device.type for t in _tensors(inputs)}:
                around.enter_context(torch.autocast(device, enabled=False))
            self.module.eval()
            first = first_tensor(_tensors(inputs))
            if first is not None:
                recorder.starts_with(first)
            with recorder:
                try:
                    output = self._call(inputs)
                except Exception as error:
                    if recorder.failure is not None:
                        raise
                    raise ModelRefusedError(f"{type(error).__name__}: {error}") from error
            tensor = self.pick(output)
            layers = recorder.finish(tensor, ends=not self.feeds_another)
            if self._substitute is None:
                self.learn(recorder, layers)
            loss = self._loss(tensor, labels, output)
            kept = (
                host(tensor).copy() if tensor is not None and tensor.is_floating_point() else None
            )
        return Pass(layers, kept, loss)

    def pick(self, output: Any) -> Tensor | None:
        """Of what the model returned, the tensor that the loss is fed with."""
        if self.output_index is None:
            return first_tensor(output)
        tensors = outputs_in(output)
        # In evaluation mode fewer may be returned.
        return (
            tensors[self.output_index] if self.output_index < len(tensors) else first_tensor(output)
        )

    def computed_kernels(self) -> list[str]:
        """Modules whose weight is no parameter but computed from others at each call."""
        return [
            name or type(module).__name__
            for name, module in self.module.named_modules()
            if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd))
            and module._parameters.get("weight") is None
        ]

    def learn(self, recorder: Recorder, layers: Sequence[Layer]) -> None:
        """Remember which parameters belong to which layer."""
        self._kernels.update(recorder.weights)
        self._gains.update(recorder.gains)
        self._groups.update({layer.name: layer.groups for layer in layers})

    def keep_initial(self) -> None:
        state = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        self._initial = {name: tensor.detach().clone() for name, tensor in state.items()}

    def drop_initial(self) -> None:
        self._initial = None

    @contextmanager
    def initial(self) -> Generator[None]:
        if self._initial is None:
            raise RuntimeError("the initial weights were not kept")
        self._substitute = self._initial
        try:
            yield
        finally:
            self._substitute = None

    def weights(self) -> Mapping[str, Weights]:
        found: dict[str, Weights] = {}
        for name, (weight, bias, transposed) in self._kernels.items():
            kernel, offset = weight, bias
            groups = self._groups.get(name, 1)
            gain = self._gains.get(name)
            gradient = weight.grad
            found[name] = Weights(
                kernel=_canonical(kernel, transposed, groups),
                bias=host(offset.detach()) if offset is not None else None,
                gain=host(gain.detach()) if gain is not None else None,
                gradient=_canonical(gradient, transposed, groups)
                if gradient is not None and gradient.layout is torch.strided
                else None,
                trainable=weight.requires_grad,
            )
        return found

    def gradients(self, inputs: Inputs, labels: Array | None) -> Mapping[str, Array] | None:
        """`None`: PyTorch shows the training's own gradients."""
        return None

    def stamp(self) -> None:
        """A step has just ended."""
        # Walking through a large model costs more than the rest of a step's watching.
        if self._told is None:
            self._told = _telling(self.module)
        self._stamp = [(id(p), p._version, p.dtype) for p in self._told]

    def as_trained(self) -> bool:
        return self._stamp == [(id(p), p._version, p.dtype) for p in _telling(self.module)]

    def select(self, batches: Sequence[Inputs], index: npt.NDArray[np.int64]) -> Inputs:
        sizes = [images_in(batch) for batch in batches]
        starts = np.cumsum([0, *sizes])
        args = tuple(
            _gather([batch[0][i] for batch in batches], sizes, starts, index)
            for i in range(len(batches[0][0]))
        )
        kwargs = {
            key: _gather([batch[1][key] for batch in batches], sizes, starts, index)
            for key in batches[0][1]
        }
        return args, kwargs

    def release(self) -> None:
        """Let go of every copy."""
        self._initial = self._substitute = None
        self.loss_function = None

    def _call(self, inputs: Inputs) -> Any:
        args, kwargs = inputs
        if self._substitute is None:
            return self.module(*args, **kwargs)
        return functional_call(self.module, self._substitute, args, kwargs)

    def _loss(self, output: Tensor | None, labels: Array | None, returned: Any) -> float:
        own = returned.get("loss") if isinstance(returned, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(own, Tensor) and own.numel() == 1:
            return float(own)
        if self.loss_function is None or output is None or labels is None:
            return float("nan")
        try:
            return float(self.loss_function(output, torch.from_numpy(labels).to(output.device)))
        except (RuntimeError, ValueError, IndexError):
            # The model answers otherwise in evaluation mode: these labels do not fit what it
            # returned.
            self.loss_function = None
            return float("nan")


def unwrapped(module: nn.Module) -> nn.Module:
    """The model inside a wrapper that spreads its batches over devices or processes: a look of one
    process must not wait for the others."""
    inner = getattr(module, "module", None)
    spread = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return inner if isinstance(module, spread) and isinstance(inner, nn.Module) else module


def _telling(module: nn.Module) -> list[nn.Parameter]:
    """Every in-place change of a tensor raises its version; a few parameters tell for all."""
    parameters = list(module.parameters())
    return parameters[:2] + parameters[-2:]


def optimizer_facts(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Class and plain hyperparameters of the first parameter group; the largest rate of all
    groups."""
    group = optimizer.param_groups[0]
    facts: dict[str, Any] = {"optimizer": type(optimizer).__name__}
    rename = {"lr": "learning_rate", "eps": "epsilon"}
    for key in ("lr", "momentum", "betas", "eps", "weight_decay", "nesterov", "alpha"):
        if key in group:
            value = group[key]
            value = float(value) if isinstance(value, Tensor) else value
            facts[rename.get(key, key)] = list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]
    facts["learning_rate"] = max(float(g["lr"]) for g in optimizer.param_groups if "lr" in g)
    return facts


def images_in(inputs: Inputs) -> int:
    """Images in a batch: the length of the first tensor's first axis; 0 without a tensor."""
    tensors = _tensors(inputs)
    return int(tensors[0].shape[0]) if tensors and tensors[0].ndim else 0


def shapes_of(inputs: Inputs) -> tuple[tuple[int, ...], ...]:
    """The shapes of one image's tensors; those without an axis of images in full."""
    images = images_in(inputs)
    return tuple(
        tuple(t.shape[1:]) if t.ndim and t.shape[0] == images else (-1, *t.shape)
        for t in _tensors(inputs)
    )


def _tensors(inputs: Inputs) -> list[Tensor]:
    return tensors_in((*inputs[0], *inputs[1].values()))


def _gather(
    values: Sequence[Any],
    sizes: Sequence[int],
    starts: npt.NDArray[np.int64],
    index: npt.NDArray[np.int64],
) -> Any:
    """The images `index` of one argument over several batches; what is not per image stays as it
    is."""
    first = values[0]
    if isinstance(first, Mapping):
        keys: list[Any] = list(first)  # pyright: ignore[reportUnknownArgumentType]
        return {
            key: _gather([value[key] for value in values], sizes, starts, index) for key in keys
        }
    if isinstance(first, (tuple, list)):
        columns = [
            _gather([value[i] for value in values], sizes, starts, index)
            for i in range(len(first))  # pyright: ignore[reportUnknownArgumentType]
        ]
        kind: Any = type(first)  # pyright: ignore[reportUnknownVariableType]
        return kind(*columns) if hasattr(kind, "_fields") else kind(columns)
    per_image = isinstance(first, Tensor) and first.ndim and first.shape[0] == sizes[0]
    if not per_image:
        return first
    pieces: list[Tensor] = []
    for k, value in enumerate(values):
        inside = index[(index >= starts[k]) & (index < starts[k + 1])] - starts[k]
        if len(inside):
            pieces.append(value.detach()[torch.from_numpy(inside).to(value.device)])
    return torch.cat(pieces) if pieces else first.detach()[:0].clone()


def _canonical(weight: Tensor, transposed: bool, groups: int) -> npt.NDArray[Any]:
    """The kernel as `(outputs, inputs per group, *kernel)`."""
    array = host(weight.detach())
    if not transposed:
        return array
    # A transposed convolution keeps (inputs, outputs per group, *kernel).
    inputs, outputs = array.shape[:2]
    split = array.reshape(groups, inputs // groups, outputs, *array.shape[2:])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(
        groups * outputs, inputs // groups, *array.shape[2:]
    )


@contextmanager
def module_stack(names: Mapping[int, str], stack: list[str]) -> Generator[None]:
    """Inside the block `stack` holds the names of the modules being called, innermost last."""

    def enter(module: nn.Module, _args: Any) -> None:
        stack.append(names.get(id(module)) or type(module).__name__)

    def leave(_module: nn.Module, _args: Any, _output: Any) -> None:
        if stack:
            stack.pop()

    before = register_module_forward_pre_hook(enter)
    after = register_module_forward_hook(leave, always_call=True)
    try:
        yield
    finally:
        before.remove()
        after.remove()
        stack.clear()
