"""The optimizer updates every parameter of the model that asks for a gradient."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.joining import all_parameters, join_optimizers
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Let those that no optimizer holds join the one that updates their model; also those that come
    to ask for gradients later on."""

    def learning(module: nn.Module, optimizer: Optimizer) -> Iterator[Tensor]:
        del optimizer
        return (p for p in all_parameters(module) if p.requires_grad)

    join_optimizers(effect, patches, learning)
