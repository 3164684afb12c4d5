"""PyTorch's boundary: which model is trained, when a step is over, what went through it."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.data import DataLoader

from snellen.adapters.contract import Batch, Guard, LossCall, Observer
from snellen.adapters.torch.losses import (
    LOSSES,
    Heard,
    LossEars,
    as_function,
    facts_of,
    labels_of,
)
from snellen.adapters.torch.model import Inputs, TorchModel, images_in
from snellen.adapters.torch.recorder import Recorder, first_tensor, tensors_in
from snellen.adapters.torch.tables import host

BOUNDARIES = (
    "torch.enter",
    "torch.maps",
    "torch.leave",
    "torch.loss",
    "torch.backward",
    "torch.before-update",
    "torch.after-update",
    "torch.optimizer",
    "torch.loader",
    "torch.compile",
)
"""Every place where snellen's code runs inside a training, by the name given to the guard."""


@dataclass
class Call:
    """One call of a model under gradients, until the step it belongs to is over."""

    inputs: Inputs
    images: int
    target: Tensor | None = None
    """Labels as the loss received them."""
    output: weakref.ref[Tensor] | None = None
    told: bool = False


@dataclass
class Watched:
    """A module called by the script itself, and its subject once an optimizer has stepped it."""

    module: nn.Module
    model: TorchModel
    begun: bool = False
    fed_by_another: bool = False
    """Its input came with a gradient: it is one piece of a model that is called in pieces."""
    calls: list[Call] = field(default_factory=list[Call])
    primary: weakref.ref[torch.optim.Optimizer] | None = None
    """The optimizer whose updates are counted as this subject's steps."""
    losses: list[LossCall] = field(default_factory=list[LossCall])
    """Heard before the subject had begun."""
    updating: bool = False
    round: tuple[Any, int] | None = None
    """The loader that feeds it, and the round it is in."""
    inner_target: Tensor | None = None
    """Labels met by a loss inside the model's own forward, until it returns."""


class TorchAdapter:
    """Arm it right after `import torch`; `disarm` puts everything back."""

    def __init__(self, observer: Observer, guard: Guard, keep: Callable[[str], bool]) -> None:
        """`keep` says of a layer's name whether its maps are wanted."""
        self._observer, self._guard, self._keep = observer, guard, keep
        self._watched: dict[int, Watched] = {}
        self._stack: list[str] = []
        self._roots: list[nn.Module] = []
        self._recorder: Recorder | None = None
        self._undo: list[Callable[[], None]] = []
        self._hooks: list[Any] = []
        self._compiled = False
        self._fresh = True
        """No optimizer has stepped yet."""
        self._unstepped: weakref.WeakSet[Any] = weakref.WeakSet()
        """Optimizers that have yet to step: their models may still have to be found."""
        self._inside = False
        self._last: Watched | None = None
        self._loader: tuple[Any, int] | None = None
        self._rounds: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    # -- arming ------------------------------------------------------------------------------------

    def arm(self) -> None:
        before = register_optimizer_step_pre_hook(self._pre_step)
        after = register_optimizer_step_post_hook(self._post_step)
        self._undo += [before.remove, after.remove]
        ears = LossEars(lambda heard: self._enter("torch.loss", self._heard, heard))
        self._undo.append(ears.close)
        self._patch(Tensor, "backward", self._telling_backward(Tensor.backward))
        self._patch(torch.autograd, "backward", self._telling_backward(torch.autograd.backward))
        self._patch(DataLoader, "__iter__", self._telling_iter(DataLoader.__iter__))
        self._patch(
            torch.optim.Optimizer, "__init__", self._telling_optimizer(torch.optim.Optimizer.__init__)
        )
        self._patch(torch, "compile", self._telling_compile(torch.compile))
        self._patch(nn.Module, "compile", self._telling_module_compile(nn.Module.compile))
        self._hook()

    def disarm(self) -> None:
        self._unhook()
        while self._undo:
            self._undo.pop()()
        for watched in self._watched.values():
            watched.calls.clear()
        self._recorder = None
        self._roots.clear()
        self._stack.clear()
        self._loader = None

    def forget(self) -> None:
        """Let go of the models too; after the last look."""
        for watched in self._watched.values():
            watched.model.release()
        self._watched.clear()
        self._last = None

    def release(self, key: Any) -> None:
        """Let go of one model that trains no more."""
        watched = self._watched.pop(key, None)
        if watched is not None:
            watched.model.release()
        if self._last is watched:
            self._last = None

    def adopt(self, model: nn.Module) -> None:
        """A model named by its user. One that was compiled before is watched through the probe."""
        original = getattr(model, "_orig_mod", None)
        if isinstance(original, nn.Module):
            self._watch_compiled(model, original)

    def _patch(self, owner: Any, name: str, replacement: Any) -> None:
        original = owner.__dict__[name]
        setattr(owner, name, replacement)
        self._undo.append(lambda: setattr(owner, name, original))

    def _hook(self) -> None:
        if self._hooks or self._compiled:
            return
        # Global hooks cost a few microseconds a module, so they are there only while needed.
        self._hooks = [
            register_module_forward_pre_hook(self._pre_forward),
            register_module_forward_hook(self._post_forward, with_kwargs=True, always_call=True),
        ]

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _enter(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Cross the boundary, unless it is our own look that got us here."""
        if self._inside:
            return None
        self._inside = True
        try:
            return self._guard(name, function, *args)
        finally:
            self._inside = False

    # -- forward -----------------------------------------------------------------------------------

    def _pre_forward(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if not self._inside and torch.is_grad_enabled():
            self._enter("torch.enter", self._entered, module, args)

    def _post_forward(self, module: nn.Module, args: Any, *rest: Any) -> None:
        # `rest` is `(kwargs, output)`, or `(None,)` alone where the forward raised.
        kwargs, output = rest if len(rest) == 2 else ({}, None)
        if not self._inside and self._roots:
            if self._roots[0] is module and len(self._stack) == 1 and self._recorder is not None:
                # Outside the guard: the mode must leave its stack whatever happens.
                self._recorder.__exit__(None, None, None)
            self._enter("torch.leave", self._left, module, args, kwargs, output)

    def _entered(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if self._roots:
            watched = self._watched[id(self._roots[0])]
            self._stack.append(watched.model.module_names.get(id(module)) or type(module).__name__)
            return
        if is_keras(module) or not any(p.requires_grad for p in module.parameters()):
            return
        watched = self._watch(module)
        self._roots.append(module)
        self._stack.append(type(module).__name__)
        if watched.begun and self._observer.wants_maps(id(module)):
            recorder = Recorder(
                watched.model.names,
                self._stack,
                functools.partial(self._observer.glimpse, id(module)),
                self._keep,
                guard=self._guard,
            )
            first = first_tensor(tensors_in(args))
            if first is not None:
                recorder.starts_with(first)
            recorder.__enter__()
            self._recorder = recorder

    def _left(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        self._stack.pop()
        if self._stack:
            return
        self._roots.clear()
        recorder, self._recorder = self._recorder, None
        if output is None:
            return
        self._called(self._watched[id(module)], (args, kwargs), output)
        if recorder is not None:
            layers = recorder.finish(output)
            self._watched[id(module)].model.learn(recorder, layers)
            self._observer.maps_done(id(module), layers)

    def _watch(self, module: nn.Module) -> Watched:
        known = self._watched.get(id(module))
        if known is None or known.module is not module:
            taken = [w.model.name for w in self._watched.values()]
            base = name = type(module).__name__
            count = 1
            while name in taken:
                count += 1
                name = f"{base}#{count}"
            known = Watched(module, TorchModel(module, name, self._keep))
            self._watched[id(module)] = known
        return known

    def _called(self, watched: Watched, inputs: Inputs, output: Any) -> None:
        """A model returned under gradients: its inputs are a training batch."""
        tensors = tensors_in((*inputs[0], *inputs[1].values()))
        watched.fed_by_another = any(t.requires_grad for t in tensors)
        result = first_tensor(output)
        output_seen = weakref.ref(result) if result is not None else None
        watched.calls.append(Call(inputs, images_in(inputs), watched.inner_target, output_seen))
        watched.inner_target = None
        self._last = watched

    # -- loss --------------------------------------------------------------------------------------

    def _heard(self, heard: Heard) -> None:
        inner = self._watched.get(id(self._roots[0])) if self._roots else None
        watched = inner or self._last
        if watched is None or heard.value.is_meta:
            return
        name, expects = LOSSES[heard.function]
        value = float(heard.value.detach().float().mean()) if heard.value.numel() else float("nan")
        call = LossCall(name, expects, value, heard.training, facts_of(heard))
        if heard.training and heard.target is not None:
            self._label(watched, heard, inside=inner is not None)
        if watched.begun:
            self._observer.loss(id(watched.module), call)
        else:
            watched.losses.append(call)

    def _label(self, watched: Watched, heard: Heard, *, inside: bool) -> None:
        if inside:
            watched.inner_target = heard.target
            return
        if not watched.calls or heard.target is None or not heard.target.ndim:
            return
        call = watched.calls[-1]
        if call.target is not None or heard.target.shape[0] != call.images:
            return
        call.target = heard.target
        output = call.output() if call.output is not None else None
        if output is not None:
            watched.model.loss_function = as_function(heard, output) or watched.model.loss_function

    def _telling_backward(self, original: Any) -> Any:
        @functools.wraps(original)
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(tensors, Tensor) and tensors.numel() == 1 and not torch.compiler.is_compiling():
                self._enter("torch.backward", self._backward, tensors)
            return original(tensors, *args, **kwargs)

        return backward

    def _backward(self, loss: Tensor) -> None:
        """The scalar that gradients are taken of: the training loss where no known function made it."""
        watched = self._last
        if watched is None:
            return
        call = LossCall("objective", "values", float(loss.detach().float()), True)
        if watched.begun:
            self._observer.loss(id(watched.module), call)
        else:
            watched.losses.append(call)

    # -- steps -------------------------------------------------------------------------------------

    def _pre_step(self, optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        self._enter("torch.before-update", self._before_update, optimizer)

    def _post_step(self, optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        self._enter("torch.after-update", self._after_update, optimizer)

    def _stepped_by(self, optimizer: torch.optim.Optimizer) -> list[Watched]:
        found: list[Watched] = []
        held: set[int] | None = None
        for watched in self._watched.values():
            primary = watched.primary() if watched.primary is not None else None
            if primary is optimizer:
                found.append(watched)
            elif primary is None and watched.calls:
                if held is None:
                    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
                if any(id(p) in held for p in watched.module.parameters()):
                    watched.primary = weakref.ref(optimizer)
                    watched.model.optimizer = optimizer
                    found.append(watched)
        return found

    def _before_update(self, optimizer: torch.optim.Optimizer) -> None:
        for watched in self._stepped_by(optimizer):
            key = id(watched.module)
            if not watched.begun:
                self._know_loader(watched)
                self._observer.begin(key, watched.model)
                watched.begun = True
                for loss in watched.losses:
                    self._observer.loss(key, loss)
                watched.losses.clear()
            if self._observer.wants_batch(key):
                for call in watched.calls:
                    self._tell_batch(watched, call)
            watched.updating = bool(self._observer.wants_update(key))
            if watched.updating:
                self._observer.before_update(key)

    def _after_update(self, optimizer: torch.optim.Optimizer) -> None:
        self._unstepped.discard(optimizer)
        self._fresh = False
        for watched in self._stepped_by(optimizer):
            key = id(watched.module)
            if watched.updating:
                watched.updating = False
                self._observer.after_update(key)
            watched.calls.clear()
            watched.model.stamp()
            self._know_epoch(watched)
            self._observer.stepped(key)
        if self._wants_hooks():
            self._hook()
        else:
            self._unhook()

    def _wants_hooks(self) -> bool:
        """Someone wants to see the coming step, or a model may still have to be found."""
        return (
            self._fresh
            or len(self._unstepped) > 0
            or any(
                self._observer.wants_maps(key) or self._observer.wants_batch(key)
                for key, watched in self._watched.items()
                if watched.begun
            )
        )

    def _tell_batch(self, watched: Watched, call: Call) -> None:
        if call.told or not call.images:
            return
        call.told = True
        if watched.fed_by_another:
            self._observer.note(
                "no-probe",
                f"{watched.model.name} is fed by another module of the training, so it is watched on its "
                "training batches alone; call the whole model as one module to have it probed",
                id(watched.module),
            )
            return
        first = first_tensor(tensors_in((*call.inputs[0], *call.inputs[1].values())))
        numbers = first is not None and first.is_floating_point() and first.ndim >= 2
        seen = host(first.detach()) if first is not None and numbers else None
        labels = labels_of(call.target) if call.target is not None else None
        self._observer.batch(id(watched.module), Batch(call.inputs, call.images, labels, seen))

    def _telling_optimizer(self, original: Any) -> Any:
        @functools.wraps(original)
        def __init__(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            self._enter("torch.optimizer", self._made, optimizer)

        return __init__

    def _made(self, optimizer: torch.optim.Optimizer) -> None:
        self._unstepped.add(optimizer)
        self._hook()

    # -- epochs ------------------------------------------------------------------------------------

    def _telling_iter(self, original: Any) -> Any:
        @functools.wraps(original)
        def __iter__(loader: Any) -> Any:
            self._enter("torch.loader", self._iterated, loader)
            return original(loader)

        return __iter__

    def _iterated(self, loader: Any) -> None:
        self._rounds[loader] = self._rounds.get(loader, 0) + 1
        self._loader = (weakref.ref(loader), self._rounds[loader])
        for key, watched in self._watched.items():
            # The training's own loader begins anew: an epoch is over.
            if watched.begun and watched.round is not None and watched.round[0]() is loader:
                self._observer.epoch(key, self._rounds[loader] - 1)

    def _know_epoch(self, watched: Watched) -> None:
        """The loader that was begun last before a step is the one that feeds the training."""
        watched.round = self._loader

    def _know_loader(self, watched: Watched) -> None:
        loader = self._loader[0]() if self._loader is not None else None
        if loader is None:
            return
        facts = watched.model.facts_seen
        if loader.batch_size:
            facts["batch_size"] = int(loader.batch_size)
        if hasattr(loader.dataset, "__len__"):
            facts["training_images"] = len(loader.dataset)
            facts["steps_per_epoch"] = len(loader)

    # -- compiled models ---------------------------------------------------------------------------

    def _telling_compile(self, original: Any) -> Any:
        @functools.wraps(original)
        def compile(model: Any = None, *args: Any, **kwargs: Any) -> Any:  # noqa: A001
            # Compiled code would trace our hooks into its graph: they go before it is compiled.
            self._enter("torch.compile", self._stand_aside)
            compiled = original(model, *args, **kwargs)
            if isinstance(model, nn.Module):
                self._enter("torch.compile", self._watch_compiled, compiled, model)
            elif model is not None:
                self._enter("torch.compile", self._note_compiled_function, model)
            return compiled

        return compile

    def _telling_module_compile(self, original: Any) -> Any:
        @functools.wraps(original)
        def compile(module: nn.Module, *args: Any, **kwargs: Any) -> Any:  # noqa: A001
            self._enter("torch.compile", self._stand_aside)
            result = original(module, *args, **kwargs)
            self._enter("torch.compile", self._watch_compiled_in_place, module)
            return result

        return compile

    def _note_compiled_function(self, function: Any) -> None:
        name = getattr(function, "__name__", "a function")
        self._observer.note(
            "compiled-function",
            f"{name} is compiled, so what it calls can't be seen; to have a model in it watched, compile "
            "the model instead of the function",
        )

    def _stand_aside(self) -> None:
        self._compiled = True
        self._unhook()
        self._roots.clear()
        self._stack.clear()

    def _watch_compiled(self, compiled: nn.Module, module: nn.Module) -> None:
        """Its calls are seen at the wrapper, outside the compiled code; its maps by the probe alone."""
        self._stand_aside()
        watched = self._watch(module)

        def seen(_module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            if torch.is_grad_enabled() and not self._inside:
                self._enter("torch.leave", self._called, watched, (args, kwargs), output)

        handle = compiled.register_forward_hook(seen, with_kwargs=True)
        self._undo.append(handle.remove)

    def _watch_compiled_in_place(self, module: nn.Module) -> None:
        watched = self._watch(module)
        compiled = module._compiled_call_impl
        if compiled is None:
            return

        @functools.wraps(compiled)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                # Our own look runs the module as it was before it was compiled.
                return module._call_impl(*args, **kwargs)
            output = compiled(*args, **kwargs)
            if torch.is_grad_enabled():
                self._enter("torch.leave", self._called, watched, (args, kwargs), output)
            return output

        module._compiled_call_impl = call
        self._undo.append(lambda: setattr(module, "_compiled_call_impl", compiled))


def is_keras(module: nn.Module) -> bool:
    """A Keras layer on the torch backend: its own adapter watches it."""
    return any(cls.__module__.partition(".")[0] == "keras" for cls in type(module).__mro__)
