"""Models begin with other weights."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import math
import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils import parametrize
from torch.utils.weak import WeakIdKeyDictionary

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.functions import say_what_is_compiled
from snellen.adapters.changes.torch.root_calls import on_root_calls
from snellen.adapters.patches import Patches
from snellen.adapters.torch.loading import Loaded

NORMS = tuple(
    kind
    for kind in (_NormBase, nn.LayerNorm, nn.GroupNorm, getattr(nn, "RMSNorm", None))
    if kind is not None
)


def arm(effect: Effect, patches: Patches, *, seed: int) -> None:
    """Draw anew, in place, before a model's first call that can train it.

    In place: optimizers were given these very parameters. A copy that the script made of the
    model before (averages of weights, a teacher) keeps what it was made with.
    """
    generator = torch.Generator().manual_seed(seed)
    loaded = LoadedWeights(patches)
    begun: weakref.WeakSet[nn.Module] = weakref.WeakSet()
    drawn: Any = WeakIdKeyDictionary()
    """Parameters, some of them shared by several layers."""

    def called(module: nn.Module, images: int) -> None:
        del images
        if not module.training:
            return
        # Not every new parameter: who puts another one into a trained layer has trained it.
        new = [part for part in module.modules() if part not in begun]
        if not new:
            return
        begun.update(new)
        if loaded.touches(module):
            effect.cannot("models whose weights were loaded keep them")
            return
        for part in new:
            mine = [p for p in part.parameters(recurse=False) if p not in drawn]
            _initialise(effect, part, generator, mine)
            for parameter in mine:
                drawn[parameter] = True

    on_root_calls(patches, called)
    say_what_is_compiled(effect, patches)


class LoadedWeights:
    """Which models were given weights: as a state, as a whole, or as copies of such."""

    def __init__(self, patches: Patches) -> None:
        self._modules = Loaded()
        self._copies: Any = WeakIdKeyDictionary()
        patches.around(nn.Module, "load_state_dict", self._loading)
        patches.around(torch, "load", self._reading)
        patches.around(nn.Parameter, "__deepcopy__", self._copying)

    def touches(self, module: nn.Module) -> bool:
        if self._modules.touches(module):
            return True
        return any(p in self._copies for p in module.parameters())

    def _loading(self, original: Any, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        result = original(module, *args, **kwargs)
        self._note(module)
        return result

    def _reading(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        value = original(*args, **kwargs)
        held: list[Any] = [*value.values()] if isinstance(value, dict) else [value]
        for module in held:
            if isinstance(module, nn.Module):
                self._note(module)
        return value

    def _copying(self, original: Any, parameter: nn.Parameter, memo: Any) -> Any:
        copy = original(parameter, memo)
        if parameter in self._copies:
            self._copies[copy] = True
        return copy

    def _note(self, module: nn.Module) -> None:
        self._modules.note(module)
        for parameter in module.parameters():
            self._copies[parameter] = True


def _initialise(
    effect: Effect, part: nn.Module, generator: torch.Generator, parameters: list[nn.Parameter]
) -> None:
    """One module's own parameters, apart from those that the script froze."""
    kind = type(part).__name__
    free = {id(p) for p in parameters if p.requires_grad}
    if any(isinstance(p, UninitializedParameter) for p in parameters):
        effect.cannot(f"{kind} has no weights yet when its model is first called")
    elif isinstance(part, (_ConvNd, nn.Linear)):
        # Both kinds of normalised weights leave no parameter under this name.
        weight: Any = part._parameters.get("weight")
        if weight is None or parametrize.is_parametrized(part):
            effect.cannot(f"the weights of {kind} are computed from others at each call")
            return
        if id(weight) in free:
            _set(weight, _he(part, weight, generator))
            effect.did("layers initialised")
        if part.bias is not None and id(part.bias) in free:
            _set(part.bias, torch.zeros(part.bias.shape))
    elif isinstance(part, NORMS):
        for name, value in (("weight", 1.0), ("bias", 0.0)):
            parameter = part._parameters.get(name)
            if parameter is not None and id(parameter) in free:
                _set(parameter, torch.full(parameter.shape, value))
    elif not isinstance(part, parametrize.ParametrizationList) and any(
        p.ndim >= 4 and id(p) in free for p in parameters
    ):
        effect.cannot(f"kernels that {kind} holds itself, in no layer of PyTorch's")


def _he(part: nn.Module, weight: Tensor, generator: torch.Generator) -> Tensor:
    """√(2 / n) times normal numbers, with n inputs to each output."""
    inputs = math.prod(weight.shape[1:])
    if isinstance(part, _ConvTransposeNd):
        # Kept as (inputs, outputs per group, *kernel); each output position is reached by one
        # kernel position in `stride`.
        reached = math.prod(weight.shape[2:]) / math.prod(part.stride)
        inputs = weight.shape[0] // part.groups * max(1.0, reached)
    return torch.randn(weight.shape, generator=generator) * math.sqrt(2 / max(1, inputs))


def _set(parameter: Tensor, value: Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(value)
