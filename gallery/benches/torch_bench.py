"""Looks at a PyTorch model."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

ACTIVATIONS = ("relu", "relu_", "sigmoid")


class _Activations(TorchFunctionMode):
    """Shows what every ReLU and sigmoid returns, called as a module or as a function."""

    def __init__(self, see: Callable[[str, np.ndarray], None]) -> None:
        self.see = see
        self.last = ""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in ACTIVATIONS and result.ndim == 4:
            self.see(self.last, result.numpy())
        return result


def seed(seed: int) -> None:
    torch.manual_seed(seed)


@torch.no_grad()
def predict(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    model.eval()
    output = torch.cat([model(part) for part in images.split(120)])
    model.train()
    return output.numpy()


def probabilities(model: nn.Module, output: np.ndarray) -> np.ndarray:
    if output.ndim == 2 and output.shape[1] > 1:
        return torch.tensor(output, dtype=torch.float64).softmax(1).numpy()
    flat = output.reshape(-1).astype(np.float64)
    if flat.min() < 0 or flat.max() > 1:
        flat = 1 / (1 + np.exp(-flat))
    return np.stack([1 - flat, flat], axis=1)


@torch.no_grad()
def maps(
    model: nn.Module, images: torch.Tensor, see: Callable[[str, np.ndarray], None]
) -> None:
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
