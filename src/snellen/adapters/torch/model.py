"""One PyTorch model being trained."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from snellen.adapters.batch_sizes import BatchSizes
from snellen.adapters.contract import (
    Array,
    Glimpse,
    ModelRefusedError,
    Normalisation,
    Pass,
    Weights,
)
from snellen.adapters.torch.batch_norm import (
    batch_norms,
    normalisation_of,
    use_batch_statistics,
)
from snellen.adapters.torch.facts import (
    dropout_modules,
    image_shape,
    optimizer_facts,
    parameter_facts,
)
from snellen.adapters.torch.inputs import (
    Inputs,
    copied,
    image_tensor,
    replaced,
    selected,
    tensors_of,
)
from snellen.adapters.torch.kernels import Kernel, shifted
from snellen.adapters.torch.outputs import first_tensor, outputs_in
from snellen.adapters.torch.recorder import Recorder
from snellen.adapters.torch.strangers import stranger_facts
from snellen.adapters.torch.tables import host
from snellen.adapters.torch.undisturbed import asked
from snellen.core import Layer

LossFunction = Callable[[Tensor, Tensor], Tensor]
"""The script's own loss, given what it was fed and the labels; keywords already bound."""


class TorchModel:
    """Implements `contract.Model`. Holds the module; what it keeps besides is dropped with
    `release`."""

    framework = "torch"
    shows_gradients = True

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
        self.batch_sizes = BatchSizes()
        self.more_facts: Callable[[], Mapping[str, Any]] = dict[str, Any]
        """Facts that change from step to step, as the adapter counts them."""
        self.settle: Callable[[], None] = lambda: None
        """Tells what the adapter still holds back."""
        self.names: dict[int, str] = {}
        self.module_names: dict[int, str] = {}
        self.name_parts()
        self.dropouts = dropout_modules(module)
        self._kernels: dict[str, Kernel] = {}
        self._gains: dict[str, Tensor] = {}
        self._norms: dict[str, _BatchNorm] = {}
        self._initial: dict[str, Tensor] | None = None
        self._substitute: dict[str, Tensor] | None = None
        self._stamp: list[tuple[int, int, torch.dtype]] = []
        self._told: list[nn.Parameter] | None = None

    def facts(self) -> dict[str, Any]:
        facts = {
            **parameter_facts(self.module),
            **self.batch_sizes.facts(),
            **self.facts_seen,
            **self.more_facts(),
        }
        if self.optimizer is not None:
            facts.update(optimizer_facts(self.optimizer))
        return facts

    # -- asking the model --------------------------------------------------------------------------

    def look(self, inputs: Inputs, labels: Array | None, see: Callable[[Glimpse], None]) -> Pass:
        with asked(self.module, inputs):
            recorder, output = self._watched(inputs, see, self.keep)
            tensor = self.pick(output)
            layers = recorder.finish(tensor, ends=not self.feeds_another)
            if self._substitute is None:
                self.learn(recorder, layers)
                self._learn_facts(recorder, layers, inputs)
            return Pass(layers, _kept(tensor), self._loss(tensor, labels, output))

    def answer(
        self, inputs: Inputs, labels: Array | None, *, batch_statistics: bool = False
    ) -> tuple[Array | None, float]:
        with asked(self.module, inputs):
            if batch_statistics:
                use_batch_statistics(self.module)
            output = self._call(copied(inputs))
            tensor = self.pick(output)
            return _kept(tensor), self._loss(tensor, labels, output)

    def gradients(self, inputs: Inputs, labels: Array | None) -> Mapping[str, Array] | None:
        kernels = {n: k for n, k in self._kernels.items() if k.weight.requires_grad}
        if not kernels:
            return None
        with asked(self.module, inputs, gradients=True), self._differentiable():
            output = self._call(copied(inputs))
            loss = self._objective(self.pick(output), labels, output)
            weights = [self._standing_for(kernel.weight) for kernel in kernels.values()]
            if loss is None:
                return None
            found = _differentiated(loss, weights, None)
            if found is None:
                return None
            # A kernel that the loss does not depend on has a gradient of zero.
            return {
                name: kernel.canonical(g if g is not None else torch.zeros_like(kernel.weight))
                for (name, kernel), g in zip(kernels.items(), found, strict=True)
            }

    def input_gradients(
        self,
        inputs: Inputs,
        pull: Callable[[Array], Array] | None = None,
        *,
        layer: str = "",
    ) -> Array | None:
        images = image_tensor(inputs)
        if images is None:
            return None
        with asked(self.module, inputs, gradients=True):
            leaf = images.detach().clone().requires_grad_()
            maps = self._maps(replaced(inputs, images, leaf), layer)
            if maps is None or not maps.is_floating_point():
                return None
            if pull is None:
                weights = torch.ones_like(maps)
            else:
                pulled = np.array(pull(host(maps.detach()).copy()))
                weights = torch.from_numpy(pulled).to(maps.device, maps.dtype)
            found = _differentiated(maps, [leaf], weights)
            gradient = found[0] if found is not None else None
            return host(gradient).copy() if gradient is not None else None

    def images_of(self, inputs: Inputs) -> Array | None:
        images = image_tensor(inputs)
        return host(images.detach()).copy() if images is not None else None

    def with_images(self, inputs: Inputs, images: Array) -> Inputs:
        """Raises `ValueError` where the inputs hold no image tensor."""
        old = image_tensor(inputs)
        if old is None:
            raise ValueError("these inputs hold no images of floating point")
        given = torch.from_numpy(np.array(images))
        if given.shape == old.shape:
            new = torch.empty_like(old.detach())
            new.copy_(given)
        else:
            new = given.to(old.device, old.dtype)
        return replaced(inputs, old, new)

    def shifted(self, changes: Mapping[str, Array]) -> AbstractContextManager[None]:
        return shifted(self._kernels, changes)

    def pick(self, output: Any) -> Tensor | None:
        """Of what the model returned, the tensor that the loss is fed with."""
        if self.output_index is None:
            return first_tensor(output)
        tensors = outputs_in(output)
        # In evaluation mode fewer may be returned.
        return (
            tensors[self.output_index] if self.output_index < len(tensors) else first_tensor(output)
        )

    # -- its parameters ----------------------------------------------------------------------------

    def name_parts(self) -> None:
        """Note what its modules and parameters are called: a script may exchange them."""
        self.names = {
            id(p): n.rpartition(".")[0] or n
            for n, p in self.module.named_parameters(remove_duplicate=False)
        }
        self.module_names = {id(m): n for n, m in self.module.named_modules()}

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
        groups = {layer.name: layer.groups for layer in layers}
        for name, (weight, bias, transposed) in recorder.weights.items():
            self._kernels[name] = Kernel(weight, bias, transposed, groups.get(name, 1))
        self._gains.update(recorder.gains)
        self.dropouts.update(recorder.dropouts)
        known = batch_norms(self.module)
        for name, running in recorder.running_means.items():
            if id(running) in known:
                self._norms[name] = known[id(running)]

    def weights(self) -> Mapping[str, Weights]:
        found: dict[str, Weights] = {}
        for name, kernel in self._kernels.items():
            gain, gradient = self._gains.get(name), kernel.weight.grad
            dense = gradient is not None and gradient.layout is torch.strided
            found[name] = Weights(
                kernel=kernel.canonical(kernel.weight),
                bias=host(kernel.bias.detach()) if kernel.bias is not None else None,
                gain=host(gain.detach()) if gain is not None else None,
                gradient=kernel.canonical(gradient) if gradient is not None and dense else None,
                trainable=kernel.weight.requires_grad,
            )
        return found

    def normalisations(self) -> Mapping[str, Normalisation]:
        found = {name: normalisation_of(norm) for name, norm in self._norms.items()}
        return {name: state for name, state in found.items() if state is not None}

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

    def stamp(self) -> None:
        """A step has just ended."""
        # Walking through a large model costs more than the rest of a step's watching.
        if self._told is None:
            self._told = _telling(self.module)
        self._stamp = [(id(p), p._version, p.dtype) for p in self._told]

    def as_trained(self) -> bool:
        """Asked once the training has ended, before the last look."""
        self.settle()
        return self._stamp == [(id(p), p._version, p.dtype) for p in _telling(self.module)]

    def select(self, batches: Sequence[Inputs], index: npt.NDArray[np.int64]) -> Inputs:
        return selected(batches, index)

    def release(self) -> None:
        """Let go of every copy."""
        self._initial = self._substitute = None
        self.loss_function = None
        self.more_facts, self.settle = dict[str, Any], lambda: None

    # -- inside ------------------------------------------------------------------------------------

    def _watched(
        self,
        inputs: Inputs,
        see: Callable[[Glimpse], None],
        keep: Callable[[str], bool],
        hold: Callable[[str, str, Tensor], None] | None = None,
    ) -> tuple[Recorder, Any]:
        """One forward pass under a recorder, and what the model returned."""
        stack: list[str] = []
        learning = {
            name.rpartition(".")[0] for name, p in self.module.named_parameters() if p.requires_grad
        }
        self.name_parts()
        recorder = Recorder(self.names, stack, see, keep, learning, hold=hold)
        with module_stack(self.module_names, stack):
            inputs = copied(inputs)
            first = first_tensor(tensors_of(inputs))
            if first is not None:
                recorder.starts_with(first)
            with recorder:
                return recorder, self._call(inputs, recorder)

    def _learn_facts(self, recorder: Recorder, layers: Sequence[Layer], inputs: Inputs) -> None:
        self.facts_seen |= stranger_facts(self.module, recorder.strangers)
        first = first_tensor(tensors_of(inputs))
        shape = image_shape(layers, tuple(first.shape)) if first is not None else None
        if shape is not None:
            self.facts_seen["image_shape"] = list(shape)
        if recorder.output_softmax is not None:
            over, units = recorder.output_softmax
            self.facts_seen["output_softmax"] = {"over": over, "units": units}

    def _maps(self, inputs: Inputs, layer: str) -> Tensor | None:
        """The maps of a layer with their graph; of `""` the model's output."""
        if not layer:
            return self.pick(self._call(copied(inputs)))
        held: dict[str, Tensor] = {}

        def hold(name: str, part: str, maps: Tensor) -> None:
            if name == layer:
                # A copy: the model may write on its maps later on.
                held[part] = maps.clone()

        self._watched(inputs, lambda _: None, lambda _: False, hold)
        return held.get("post", held.get("pre"))

    def _call(self, inputs: Inputs, recorder: Recorder | None = None) -> Any:
        """What the model returns. It may write on its inputs: they are to be copies."""
        args, kwargs = inputs
        try:
            if self._substitute is None:
                return self.module(*args, **kwargs)
            return functional_call(self.module, self._substitute, args, kwargs)
        except Exception as error:
            if recorder is not None and recorder.failure is not None:
                raise
            raise ModelRefusedError(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def _differentiable(self) -> Generator[None]:
        """Inside the block the substituted weights take gradients as the model's own do."""
        before = self._substitute
        if before is not None:
            own = dict(self.module.named_parameters())
            self._substitute = {
                name: tensor.detach().requires_grad_(name in own and own[name].requires_grad)
                for name, tensor in before.items()
            }
        try:
            yield
        finally:
            self._substitute = before

    def _standing_for(self, weight: Tensor) -> Tensor:
        """The tensor that the model runs with in place of a parameter."""
        if self._substitute is None:
            return weight
        named = (n for n, p in self.module.named_parameters() if p is weight)
        return self._substitute.get(next(named, ""), weight)

    def _loss(self, output: Tensor | None, labels: Array | None, returned: Any) -> float:
        loss = self._objective(output, labels, returned)
        return float(loss) if loss is not None else float("nan")

    def _objective(
        self, output: Tensor | None, labels: Array | None, returned: Any
    ) -> Tensor | None:
        own = returned.get("loss") if isinstance(returned, Mapping) else None
        if isinstance(own, Tensor) and own.numel() == 1:
            return own
        if self.loss_function is None or output is None or labels is None:
            return None
        try:
            return self.loss_function(output, torch.from_numpy(labels).to(output.device))
        except (RuntimeError, ValueError, IndexError):
            # The model answers otherwise in evaluation mode: these labels do not fit what it
            # returned.
            self.loss_function = None
            return None


def unwrapped(module: nn.Module) -> nn.Module:
    """The model inside a wrapper that spreads its batches over devices or processes: a look of one
    process must not wait for the others."""
    inner = getattr(module, "module", None)
    spread = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return inner if isinstance(module, spread) and isinstance(inner, nn.Module) else module


def _kept(output: Tensor | None) -> Array | None:
    return host(output).copy() if output is not None and output.is_floating_point() else None


def _differentiated(
    result: Tensor, by: Sequence[Tensor], weights: Tensor | None
) -> tuple[Tensor | None, ...] | None:
    """Gradients of `Σ weights · result`; `None` where the graph does not allow it (parts that run
    backwards in training mode alone, re-entrant checkpoints, no graph at all)."""
    if not result.requires_grad:
        return None
    try:
        return torch.autograd.grad(result, by, weights, allow_unused=True)
    except RuntimeError:
        return None


def _telling(module: nn.Module) -> list[nn.Parameter]:
    """Every in-place change of a tensor raises its version; a few parameters tell for all."""
    parameters = list(module.parameters())
    return parameters[:2] + parameters[-2:]


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
