"""Parameters that join the optimizer which updates their model."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor, nn
from torch.optim.optimizer import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.functions import say_what_is_compiled
from snellen.adapters.changes.torch.root_calls import on_root_calls
from snellen.adapters.patches import Patches

Wanted = Callable[[nn.Module, Optimizer], Iterable[Tensor]]
"""The parameters of a model that are to be trained; the optimizer updates others of it."""

DEPTH = 3
"""Levels of containers in which modules are looked for."""
LONGEST = 1000
"""Items of a container that may hold modules; a longer one holds numbers."""


def join_optimizers(effect: Effect, patches: Patches, wanted: Wanted) -> None:
    """Before a training call of a model, what is wanted of it and held by no optimizer joins the
    first group of the one that holds most of its parameters.

    Before the call, not before the update: what comes between (a scaler, clipping) goes through the
    optimizer's groups.
    """
    Joining(effect, patches, wanted)


class Joining:
    """Takes back what has joined when the script gives it to an optimizer itself."""

    def __init__(self, effect: Effect, patches: Patches, wanted: Wanted) -> None:
        self._effect, self._wanted = effect, wanted
        self._optimizers: weakref.WeakKeyDictionary[Optimizer, None] = weakref.WeakKeyDictionary()
        """In the order in which they were made."""
        self._prepared: weakref.WeakKeyDictionary[Optimizer, bool] = weakref.WeakKeyDictionary()
        """Whether an optimizer had a state of its parameters when its model was first called."""
        self._joined: Any = WeakIdKeyDictionary()
        """Parameters → a weak reference to their optimizer."""
        patches.around(Optimizer, "add_param_group", self._adding)
        patches.around(Optimizer, "load_state_dict", self._loading)
        on_root_calls(patches, self._called)
        say_what_is_compiled(effect, patches)

    def _called(self, module: nn.Module, images: int) -> None:
        del images
        optimizer = self._of(module) if module.training else None
        if optimizer is None:
            return
        prepared = self._prepared.setdefault(optimizer, bool(optimizer.state))
        wanted = {id(p): p for p in self._wanted(module, optimizer)}
        held = {id(p) for o in self._optimizers for g in o.param_groups for p in g["params"]}
        free = [p for p in wanted.values() if id(p) not in held]
        if not free:
            return
        if prepared:
            kind = type(optimizer).__name__
            self._effect.cannot(f"{kind} has prepared a state, so that no parameters can join")
            return
        group = optimizer.param_groups[0]
        for parameter in free:
            group["params"].append(parameter)
            if "param_names" in group:
                group["param_names"].append(f"joined.{len(group['params'])}")
            self._joined[parameter] = weakref.ref(optimizer)
        self._effect.did("parameters that joined an optimizer", len(free))

    def _of(self, module: nn.Module) -> Optimizer | None:
        own = {id(p) for p in module.parameters()}
        shares = {
            optimizer: sum(id(p) in own for g in optimizer.param_groups for p in g["params"])
            for optimizer in self._optimizers
        }
        best = max(shares, key=shares.__getitem__, default=None)
        return best if best is not None and shares[best] else None

    def _adding(self, original: Any, optimizer: Optimizer, group: Any) -> Any:
        if isinstance(group, dict):
            given: Any = group.get("params")
            if not isinstance(given, Tensor | set | list | tuple | None):
                # It can be walked through once.
                given = group["params"] = list(given)
            for item in given if isinstance(given, list | tuple) else [given]:
                self._withdraw(item[1] if isinstance(item, tuple) else item)
        result = original(optimizer, group)
        self._optimizers[optimizer] = None
        return result

    def _loading(self, original: Any, optimizer: Optimizer, state: Any) -> Any:
        sizes = [len(group["params"]) for group in state["param_groups"]]
        if sizes != [len(group["params"]) for group in optimizer.param_groups]:
            # The state was saved without those that joined; they will join again.
            for group in optimizer.param_groups:
                for parameter in list(group["params"]):
                    self._withdraw(parameter)
        return original(optimizer, state)

    def _withdraw(self, parameter: Any) -> None:
        joined = self._joined.pop(parameter, None) if isinstance(parameter, Tensor) else None
        optimizer = joined() if joined is not None else None
        for group in optimizer.param_groups if optimizer is not None else ():
            places = [i for i, held in enumerate(group["params"]) if held is parameter]
            for key in ("params", "param_names"):
                for place in places if key in group else ():
                    del group[key][place]


def all_parameters(module: nn.Module) -> Iterator[Tensor]:
    """A model's parameters, and those that it keeps in plain lists, tuples and dictionaries or as
    plain tensors, where PyTorch does not see them."""
    met: set[int] = set()
    waiting = [module]
    while waiting:
        for part in waiting.pop().modules():
            if id(part) in met:
                continue
            met.add(id(part))
            yield from part.parameters(recurse=False)
            for name, value in vars(part).items():
                # PyTorch's own names begin so.
                for hidden in _held(value, DEPTH) if not name.startswith("_") else ():
                    if isinstance(hidden, nn.Module):
                        waiting.append(hidden)
                    else:
                        yield hidden


def _held(value: Any, depth: int) -> Iterator[nn.Module | Tensor]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, Tensor):
        if value.is_leaf and value.requires_grad:
            yield value
    elif depth and isinstance(value, dict | list | tuple) and len(value) <= LONGEST:
        for item in list(value.values() if isinstance(value, dict) else value):
            yield from _held(item, depth - 1)
