"""Looks at a PyTorch model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.overrides import TorchFunctionMode

from gallery.benches.steps import Steps

ACTIVATIONS = ("relu", "relu_", "sigmoid")


class _Activations(TorchFunctionMode):
    """Shows what every ReLU and sigmoid returns, called as a module or as a function."""

    def __init__(self, see: Callable[[str, np.ndarray], None]) -> None:
        self.see = see
        self.last = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in ACTIVATIONS and result.ndim == 4:
            self.see(self.last, result.numpy())
        return result


def fresh() -> None:
    pass


def seed(seed: int) -> None:
    torch.manual_seed(seed)


@torch.no_grad()
def predict(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    model.eval()
    output = torch.cat([model(part) for part in images.split(120)])
    model.train()
    return output.numpy()


def loss(model: nn.Module, script: ModuleType, images: torch.Tensor, labels: torch.Tensor) -> float:
    return float(script.loss_of(torch.from_numpy(predict(model, images)), labels))


def probabilities(model: nn.Module, output: np.ndarray) -> np.ndarray:
    if output.ndim == 2 and output.shape[1] > 1:
        return torch.tensor(output, dtype=torch.float64).softmax(1).numpy()
    flat = output.reshape(-1).astype(np.float64)
    if flat.min() < 0 or flat.max() > 1:
        flat = 1 / (1 + np.exp(-flat))
    return np.stack([1 - flat, flat], axis=1)


@torch.no_grad()
def maps(model: nn.Module, images: torch.Tensor, see: Callable[[str, np.ndarray], None]) -> None:
    mode = _Activations(see)

    def name_of(name: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            mode.last = name

        return hook

    hooks = [
        module.register_forward_hook(name_of(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    model.eval()
    try:
        with mode:
            model(images)
    finally:
        model.train()
        for hook in hooks:
            hook.remove()


def kernels(model: nn.Module) -> dict[str, np.ndarray]:
    return {
        name: module.weight.detach().numpy()
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }


def gradients(
    model: nn.Module, script: ModuleType, images: torch.Tensor, labels: torch.Tensor
) -> dict[str, np.ndarray]:
    state = {name: value.clone() for name, value in model.state_dict().items()}
    script.loss_of(model(images), labels).backward()
    found = {
        name: module.weight.grad.numpy().copy()
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    model.zero_grad()
    model.load_state_dict(state)
    return found


@contextmanager
@torch.no_grad()
def _inputs(model: nn.Module, images: torch.Tensor) -> Iterator[dict[str, torch.Tensor]]:
    """What enters each weight layer, in evaluation mode."""
    entering: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            entering[name] = args[0]

        return hook

    hooks = [
        module.register_forward_hook(keep(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    model.eval()
    model(images)
    model.train()
    for hook in hooks:
        hook.remove()
    yield entering


@contextmanager
def steps(model: nn.Module, images: torch.Tensor) -> Iterator[Steps]:
    """Follows every update made inside the block."""
    seen = Steps()
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    with _inputs(model, images) as inputs:
        entering = inputs
    before = {n: m.weight.detach().clone() for n, m in layers.items()}
    biases = {n: m.bias.detach().clone() for n, m in layers.items() if m.bias is not None}

    @torch.no_grad()
    def after(*_: object) -> None:
        for name, layer in layers.items():
            change = layer.weight - before[name]
            seen.updated(name, float(change.norm() / before[name].norm()))
            if name in entering:
                bias = biases.get(name)
                apply = (
                    layer._conv_forward
                    if isinstance(layer, nn.Conv2d)
                    else torch.nn.functional.linear
                )
                z = apply(entering[name], before[name], bias)
                shift = apply(entering[name], change, None if bias is None else layer.bias - bias)
                seen.shifted(name, z.numpy(), shift.numpy())
            before[name] = layer.weight.detach().clone()
        entering.clear()

    handle = register_optimizer_step_post_hook(after)
    try:
        yield seen
    finally:
        handle.remove()
