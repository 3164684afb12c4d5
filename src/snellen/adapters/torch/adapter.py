"""PyTorch's boundary: which model is trained, when a step is over, what went through it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# torch leaves many of its own types open, and has no public names for these states.

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter

from snellen.adapters.contract import Guard, Observer
from snellen.adapters.torch.batches import tell_batches
from snellen.adapters.torch.clipping import Clip, ClipEars
from snellen.adapters.torch.compiled import CompileEars
from snellen.adapters.torch.evaluations import Evaluations, evaluation_facts
from snellen.adapters.torch.facts import answers_by_mode
from snellen.adapters.torch.forwards import Forwards
from snellen.adapters.torch.hidden import (
    note_compiled_function,
    note_no_model,
    note_what_is_hidden,
)
from snellen.adapters.torch.inputs import images_in
from snellen.adapters.torch.loaders import Loaders
from snellen.adapters.torch.loading import Loaded
from snellen.adapters.torch.losses import Heard, LossEars
from snellen.adapters.torch.model import TorchModel, unwrapped
from snellen.adapters.torch.objectives import Objectives
from snellen.adapters.torch.optimizers import Optimizers, listed
from snellen.adapters.torch.outputs import Output, outputs_in, tensors_in
from snellen.adapters.torch.owners import stepped_by
from snellen.adapters.torch.replacing import replaced
from snellen.adapters.torch.roots import RootEars
from snellen.adapters.torch.undisturbed import asking
from snellen.adapters.torch.watched import Call, Watched

BOUNDARIES = (
    "torch.enter",
    "torch.maps",
    "torch.leave",
    "torch.loss",
    "torch.backward",
    "torch.clip",
    "torch.before-update",
    "torch.after-update",
    "torch.optimizer",
    "torch.loader",
    "torch.compile",
    "torch.evaluated",
    "torch.load",
)
"""Every place where snellen's code runs inside a training, by the name given to the guard."""

FOLLOWED_STEPS = 20
"""First updates around which gradients are followed, besides those that are captured."""
KEPT_CLIPS = 64
"""Calls that clip gradients, kept until the update they are made for."""


class TorchAdapter:
    """Arm it right after `import torch`; `disarm` puts everything back."""

    def __init__(self, observer: Observer, guard: Guard, keep: Callable[[str], bool]) -> None:
        """`keep` says of a layer's name whether its maps are wanted."""
        self._observer, self._guard, self._keep = observer, guard, keep
        self._forwards = Forwards(
            observer, guard, self._enter, keep, self._watch, self._called, self._closed
        )
        self._watched: dict[int, Watched] = {}
        self._names: Counter[str] = Counter()
        self._undo: list[Callable[[], None]] = []
        self._armed = False
        self._found: list[Watched] = []
        self._compiled_model = self._compiled_function = False
        self._optimizers = Optimizers()
        self._stepping: Optimizer | None = None
        """It runs a closure, and its update waits for the closure's first gradients."""
        self._inside = False
        self._last: Watched | None = None
        self._since: list[Watched] = []
        """Modules called since the last backward pass."""
        self._clips: deque[Clip] = deque(maxlen=KEPT_CLIPS)
        """Since the last update."""
        self._loaders = Loaders()
        self._loaded = Loaded()
        self._objectives = Objectives(observer)
        self._evaluations = Evaluations(observer, self._loaders, self._enter)
        self._ears = RootEars(self._root_called)
        self._inner: dict[int, Watched] = {}
        """Watched models by what is inside a wrapper that spreads their batches."""

    # -- arming ------------------------------------------------------------------------------------

    def arm(self) -> None:
        self._armed = True
        before = register_optimizer_step_pre_hook(self._pre_step)
        after = register_optimizer_step_post_hook(self._post_step)
        self._undo += [before.remove, after.remove]
        ears = LossEars(lambda heard: self._enter("torch.loss", self._heard, heard))
        self._undo.append(ears.close)
        self._undo.append(ClipEars(self._enter, self._clips.append).close)
        # `Tensor.backward` calls this one too.
        self._patch(torch.autograd, "backward", self._telling_backward(torch.autograd.backward))
        self._patch(DataLoader, "__iter__", self._telling_iter(DataLoader.__iter__))
        fetch = _BaseDataLoaderIter.__next__
        self._patch(_BaseDataLoaderIter, "__next__", self._telling_next(fetch))
        self._patch(nn.Module, "load_state_dict", self._telling_load(nn.Module.load_state_dict))
        self._patch(Optimizer, "__init__", self._telling_optimizer(Optimizer.__init__))
        self._compiling = CompileEars(
            self._enter,
            self._stand_aside,
            self._called_compiled,
            self._met_compiled_function,
            self._closed,
        )
        self._undo.append(self._compiling.close)
        self._hook()

    def disarm(self) -> None:
        self._armed = False
        self._forwards.end()
        while self._undo:
            self._undo.pop()()
        self._ears.close()
        for watched in self._watched.values():
            watched.calls.clear()
            watched.candidate = None
        self._since.clear()
        self._clips.clear()
        self._loaders.forget()
        self._evaluations.over()

    def forget(self) -> None:
        """Let go of the models too; after the last look."""
        for watched in self._watched.values():
            watched.model.release()
        self._watched.clear()
        self._inner.clear()
        self._last = None
        self._objectives.forget()

    def release(self, key: Any) -> None:
        """Let go of one model that trains no more."""
        watched = self._watched.pop(key, None)
        if watched is None:
            return
        self._ears.release(watched.module, watched.model.module)
        self._inner.pop(id(watched.model.module), None)
        watched.model.release()
        self._objectives.release(watched)
        if self._last is watched:
            self._last = None

    def adopt(self, model: nn.Module) -> None:
        """A model named by its user. One that was compiled before is watched through the probe."""
        # Its optimizer was most likely built before.
        self._optimizers.find_all()
        original = getattr(model, "_orig_mod", None)
        if isinstance(original, nn.Module):
            self._compiling.watch(model, original)

    def _patch(self, owner: Any, name: str, replacement: Any) -> None:
        self._undo.append(replaced(owner, name, replacement))

    def _hook(self) -> None:
        if self._armed and not self._compiled_model:
            self._forwards.hook()

    def _closed(self) -> bool:
        """Our own code is running: nothing that happens now is the script's doing."""
        return self._inside or asking()

    def _enter(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Cross the boundary, unless it is our own look that got us here."""
        # Disarmed, we are still called where someone has put a function of theirs over ours.
        if not self._armed or self._closed():
            return None
        self._inside = True
        try:
            return self._guard(name, function, *args)
        finally:
            self._inside = False

    # -- calls of models ---------------------------------------------------------------------------

    def _watch(self, module: nn.Module) -> Watched:
        known = self._watched.get(id(module))
        if known is None:
            inner = unwrapped(module)
            base = type(inner).__name__
            self._names[base] += 1
            # A name is given once in a run, whatever became of its model.
            name = base if self._names[base] == 1 else f"{base}#{self._names[base]}"
            known = Watched(module, TorchModel(inner, name, self._keep))
            self._watched[id(module)] = known
        return known

    def _called(self, watched: Watched, inputs: Any, output: Any) -> None:
        """A model returned under gradients: its inputs are a training batch."""
        key = id(watched.module)
        fed = any(t.requires_grad for t in tensors_in((*inputs[0], *inputs[1].values())))
        if fed:
            for before in self._since:
                before.model.feeds_another = before is not watched
        if watched not in self._since:
            self._since.append(watched)
        wanted = not watched.begun or self._observer.wants_batch(key)
        call = Call(
            inputs if wanted else None,
            images_in(inputs),
            watched.module.training,
            fed,
            outputs=tuple(Output.of(t) for t in outputs_in(output)),
        )
        if watched.inner_target is not None:
            call.target, watched.inner_target = watched.inner_target, None
        watched.calls.append(call)
        self._last = watched
        self._evaluations.over()
        if watched.module.training:
            self._evaluations.trained(watched, inputs)

    def _root_called(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        """A watched model returned: at every step, so with as little work as can be."""
        if self._closed() or not self._forwards.here:
            return
        watched = self._watched.get(id(module)) or self._inner.get(id(module))
        if watched is None:
            return
        graph, training_mode = torch.is_grad_enabled(), watched.model.module.training
        if graph and training_mode and watched.candidate is None and not watched.listening:
            watched.passes.called(graph=True, training_mode=True)
            self._evaluations.over()
            self._loaders.fresh = False
        else:
            self._enter("torch.evaluated", self._passed, watched, (args, kwargs), output)

    def _passed(self, watched: Watched, inputs: Any, output: Any) -> None:
        if torch._C._current_graph_task_id() != -1 or torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
            return
        graph, training_mode = torch.is_grad_enabled(), watched.model.module.training
        self._evaluations.called(watched, inputs, output, graph=graph, training_mode=training_mode)
        if graph and training_mode:
            self._evaluations.trained(watched, inputs)

    # -- loss --------------------------------------------------------------------------------------

    def _heard(self, heard: Heard) -> None:
        inner = self._forwards.root
        if inner is None and self._ears.depth and not heard.training:
            self._evaluations.inner = heard
        evaluated = self._evaluations.last if inner is None else None
        if evaluated is not None:
            self._evaluations.heard(heard)
        # Without hooks it is not known which model was called last for its training.
        known = self._last if self._forwards.hooked or self._compiled_model else None
        self._objectives.heard(heard, inner or evaluated or known, inside=inner is not None)

    def _telling_backward(self, original: Any) -> Any:
        @functools.wraps(original)
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling():
                return original(tensors, *args, **kwargs)
            if isinstance(tensors, Tensor) and tensors.numel() == 1:
                self._enter("torch.backward", self._backward, tensors)
            result = original(tensors, *args, **kwargs)
            if self._stepping is not None:
                self._enter("torch.before-update", self._prepare, self._stepping)
                self._stepping = None
            return result

        return backward

    def _backward(self, loss: Tensor) -> None:
        self._since.clear()
        self._evaluations.backward(w for w in self._watched.values() if w.begun)
        for watched in self._watched.values():
            watched.leftovers.backward()
        self._objectives.differentiated(loss)

    # -- steps -------------------------------------------------------------------------------------

    def _pre_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        closure = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
        if callable(closure):
            self._stepping = optimizer
        else:
            self._enter("torch.before-update", self._prepare, optimizer)

    def _post_step(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        self._stepping = None
        self._enter("torch.after-update", self._after_update, optimizer)

    def _prepare(self, optimizer: Optimizer) -> None:
        """Gradients are ready and weights are still the old ones."""
        self._forwards.start_over()
        self._found = stepped_by(self._watched.values(), optimizer)
        for watched in self._found:
            key = id(watched.module)
            if not watched.begun:
                self._begin(watched)
            watched.leftovers.stepping()
            if watched.unheld and watched.steps < FOLLOWED_STEPS:
                taking = {n for n, p in watched.unheld.items() if p.grad is not None}
                watched.without_optimizer |= taking
            watched.trains_in_training_mode |= any(call.training for call in watched.calls)
            watched.stepping(self._clips)
        if self._found:
            self._clips.clear()
        self._objectives.stepping(self._found, self._last)
        for watched in self._found:
            key = id(watched.module)
            if self._observer.wants_batch(key):
                tell_batches(self._observer, watched)
            watched.updating = bool(self._observer.wants_update(key))
            if watched.updating:
                self._observer.before_update(key)

    def _begin(self, watched: Watched) -> None:
        model = watched.model
        model.facts_seen.update(self._loaders.facts())
        if self._loaded.touches(model.module):
            model.facts_seen["loaded_weights"] = True
        model.name_parts()
        model.more_facts = functools.partial(self._facts_of, watched)
        model.settle = functools.partial(self._settle_evaluation, watched)
        watched.unheld = self._optimizers.unheld(model.module)
        watched.by_mode = answers_by_mode(model.module)
        self._observer.begin(id(watched.module), model)
        watched.begun = True
        note_what_is_hidden(self._observer, watched)
        if model.module is not watched.module:
            self._inner[id(model.module)] = watched
        if not self._compiled_model and not self._compiled_function:
            self._ears.watch(watched.module, model.module)
            for call in watched.calls:
                watched.passes.called(graph=True, training_mode=call.training)
            watched.passes.backward()

    def _facts_of(self, watched: Watched) -> dict[str, Any]:
        unheld = self._optimizers.unheld(watched.model.module)
        learning = {n: p for n, p in unheld.items() if n in watched.without_optimizer}
        return {
            "unheld": [entry["layer"] for entry in listed(unheld)],
            "unoptimised": listed(learning),
            **watched.leftovers.facts(),
            **watched.clips.facts(),
            **evaluation_facts(watched.passes, watched.model.dropouts, watched.by_mode),
        }

    def _settle_evaluation(self, watched: Watched) -> None:
        if self._armed:
            self._evaluations.settle(watched)

    def _after_update(self, optimizer: Optimizer) -> None:
        found, self._found = self._found, []
        if self._optimizers.stepped(optimizer, found=bool(found)):
            note_no_model(self._observer, type(optimizer).__name__)
        current = self._loaders.current
        if current is not None and found:
            current.stepped()
        for watched in found:
            key = id(watched.module)
            if watched.updating:
                watched.updating = False
                self._observer.after_update(key)
            watched.calls.clear()
            watched.model.stamp()
            # The loader that was begun last before a step is the one that feeds the training.
            watched.round = current
            watched.steps += 1
            self._observer.stepped(key)
            watched.listening = bool(self._observer.wants_held_out(key))
            if watched.steps < FOLLOWED_STEPS or self._observer.wants_update(key):
                watched.leftovers.updated(p for g in optimizer.param_groups for p in g["params"])
        for watched in self._watched.values():
            if not watched.begun:
                # It may never be trained: that it was called is all that need be known.
                for call in watched.calls:
                    call.inputs = call.target = None
        if self._wants_hooks():
            self._hook()
        else:
            self._forwards.unhook()

    def _wants_hooks(self) -> bool:
        """Someone wants to see the coming step, or a model may still have to be found."""
        if self._compiled_function:
            # Compiled code is tied to the hooks there were: taking them away compiles it anew.
            return True
        return self._optimizers.searching or any(
            self._observer.wants_maps(key) or self._observer.wants_batch(key)
            for key, watched in self._watched.items()
            if watched.begun
        )

    def _telling_optimizer(self, original: Any) -> Any:
        @functools.wraps(original)
        def building(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            self._enter("torch.optimizer", self._made, optimizer)

        return building

    def _made(self, optimizer: Optimizer) -> None:
        self._optimizers.made(optimizer)
        self._hook()

    def _telling_load(self, original: Any) -> Any:
        @functools.wraps(original)
        def loading(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            result = original(module, *args, **kwargs)
            self._enter("torch.load", self._loaded.note, module)
            return result

        return loading

    # -- epochs ------------------------------------------------------------------------------------

    def _telling_iter(self, original: Any) -> Any:
        @functools.wraps(original)
        def beginning(loader: Any) -> Any:
            iterator = original(loader)
            self._enter("torch.loader", self._iterated, loader, iterator)
            return iterator

        return beginning

    def _telling_next(self, original: Any) -> Any:
        @functools.wraps(original)
        def fetching(iterator: Any) -> Any:
            batch = original(iterator)
            self._enter("torch.loader", self._loaders.hands_out, batch)
            return batch

        return fetching

    def _iterated(self, loader: Any, iterator: Any) -> None:
        for key, watched in self._watched.items():
            before = watched.round
            # The training's own loader begins anew: an epoch is over.
            if watched.begun and before is not None and before.loader() is loader:
                watched.round = None
                if before.complete:
                    watched.model.facts_seen["steps_per_epoch"] = before.steps
                    watched.epochs += 1
                    self._observer.epoch(key, watched.epochs)
        self._loaders.begun(loader, iterator)

    # -- what is compiled --------------------------------------------------------------------------

    def _met_compiled_function(self, function: Any) -> None:
        self._compiled_function = True
        # Compiled functions would be compiled anew under a mode of ours.
        self._forwards.records = False
        self._hook()
        self._ears.close()
        note_compiled_function(self._observer, getattr(function, "__name__", "a function"))

    def _stand_aside(self) -> None:
        self._compiled_model = True
        self._forwards.unhook()
        self._forwards.clear()
        self._ears.close()

    def _called_compiled(self, module: nn.Module, inputs: Any, output: Any) -> None:
        known = self._watched.get(id(module))
        if torch.is_grad_enabled():
            known = self._watch(module)
            self._called(known, inputs, output)
        if known is not None and known.begun:
            self._passed(known, inputs, output)
