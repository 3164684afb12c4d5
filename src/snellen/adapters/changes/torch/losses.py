"""Calls of loss functions, changed beneath `torch.nn.functional`: whoever listens to those hears
what the script gave them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.functions import NN, around_function, say_what_is_compiled
from snellen.adapters.changes.torch.root_calls import on_root_calls
from snellen.adapters.changes.torch.updates import after_updates
from snellen.adapters.patches import Patches
from snellen.adapters.torch.undisturbed import asking

NONE, MEAN, SUM = 0, 1, 2
"""Reductions, as PyTorch numbers them."""

FUNCTIONS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "cross_entropy": (
        NN,
        "cross_entropy_loss",
        {"weight": None, "reduction": MEAN, "ignore_index": -100, "label_smoothing": 0.0},
    ),
    "nll_loss": (NN, "nll_loss_nd", {"weight": None, "reduction": MEAN, "ignore_index": -100}),
    "binary_cross_entropy": (NN, "binary_cross_entropy", {"weight": None, "reduction": MEAN}),
    "binary_cross_entropy_with_logits": (
        torch,
        "binary_cross_entropy_with_logits",
        {"weight": None, "pos_weight": None, "reduction": MEAN},
    ),
    "mse_loss": (NN, "mse_loss", {"reduction": MEAN}),
    "l1_loss": (NN, "l1_loss", {"reduction": MEAN}),
    "smooth_l1_loss": (NN, "smooth_l1_loss", {"reduction": MEAN, "beta": 1.0}),
    "huber_loss": (NN, "huber_loss", {"reduction": MEAN, "delta": 1.0}),
}
"""Function of `torch.nn.functional` → where what it calls is found, and that one's arguments after
the input and the target, in order."""

VALUES = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
"""Losses on values; the others are about classes."""

LEFT_ALONE = "losses that none of PyTorch's usual functions computes are left alone"


@dataclass(frozen=True)
class LossCall:
    """One call of a loss function."""

    name: str
    fed: Tensor
    target: Tensor
    options: Mapping[str, Any]
    images: int
    """Images of the batch, where the last call of a model tells; 0 otherwise."""
    original: Callable[..., Tensor]

    def value(
        self, fed: Tensor | None = None, target: Tensor | None = None, **options: Any
    ) -> Tensor:
        """The loss with some of its arguments exchanged."""
        arguments = {**self.options, **options}
        return self.original(
            self.fed if fed is None else fed,
            self.target if target is None else target,
            *(arguments[name] for name in self.options),
        )

    @property
    def rows(self) -> int:
        """Images that the target is about: where positions were laid end to end, not its rows."""
        rows = int(self.target.shape[0]) if self.target.ndim else 0
        laid = self.target.ndim == 1 and self.images > 1 and rows % self.images == 0
        return self.images if laid else rows


Change = Callable[[LossCall], Tensor | None]
"""Gives the changed loss, or `None` for the script's own."""


def around_losses(patches: Patches, change: Change, images: Callable[[], int] = lambda: 0) -> None:
    """Every call goes through `change`; `images()` gives the batch's size."""
    for name, (owner, function, defaults) in FUNCTIONS.items():
        around_function(patches, owner, function, _changing(name, defaults, change, images))


def _changing(
    name: str, defaults: dict[str, Any], change: Change, images: Callable[[], int]
) -> Callable[..., Any]:
    def calling(original: Any, *args: Any, **kwargs: Any) -> Any:
        given = dict(zip(("input", "target", *defaults), args, strict=False)) | kwargs
        fed, target = given.pop("input", None), given.pop("target", None)
        if not isinstance(fed, Tensor) or not isinstance(target, Tensor):
            return original(*args, **kwargs)
        options = {option: given.get(option, default) for option, default in defaults.items()}
        changed = change(LossCall(name, fed, target, options, images(), original))
        return original(*args, **kwargs) if changed is None else changed

    return calling


class TrainingLosses:
    """Changes losses that train: with a graph, and not of a model in evaluation mode that is
    trained in training mode."""

    def __init__(self, effect: Effect, patches: Patches, change: Change) -> None:
        self._effect, self._change = effect, change
        self._last: weakref.ref[nn.Module] | None = None
        self._images = 0
        self._trained: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._heard = False
        self._updates: weakref.WeakKeyDictionary[Optimizer, int] = weakref.WeakKeyDictionary()
        self._decided: dict[Any, tuple[Tensor, Any]] = {}
        around_losses(patches, self._called, lambda: self._images)
        on_root_calls(patches, self._root_called)
        after_updates(patches, self._updated)
        say_what_is_compiled(effect, patches)

    @property
    def updates(self) -> int:
        """Made so far by the optimizer that made most."""
        return max(self._updates.values(), default=0)

    def once(self, call: LossCall, decide: Callable[[], Any]) -> Any:
        """What was decided for these labels since the last update, or else `decide()`: two losses
        on the same labels are about the same images."""
        target = call.target
        key = (target.data_ptr(), tuple(target.shape), target.stride(), target._version)
        if key not in self._decided:
            # With the labels themselves: no others take their place in memory meanwhile.
            self._decided[key] = (target, decide())
        return self._decided[key][1]

    def _called(self, call: LossCall) -> Tensor | None:
        if not torch.is_grad_enabled() or not call.fed.requires_grad or asking():
            return None
        last = self._last() if self._last is not None else None
        if last is not None and not last.training and last in self._trained:
            return None
        self._heard = True
        return self._change(call)

    def _root_called(self, module: nn.Module, images: int) -> None:
        self._last, self._images = weakref.ref(module), images
        if module.training:
            self._trained.add(module)

    def _updated(self, optimizer: Optimizer) -> None:
        self._updates[optimizer] = self._updates.get(optimizer, 0) + 1
        self._decided.clear()
        if not self._heard:
            self._effect.cannot(LEFT_ALONE)
        self._heard = False
