"""What the adapter keeps of each module that the script calls under gradients."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from snellen.adapters.contract import LossCall
from snellen.adapters.torch.clipping import Clip, Clips
from snellen.adapters.torch.inputs import Inputs
from snellen.adapters.torch.leftovers import Leftovers
from snellen.adapters.torch.loaders import Round
from snellen.adapters.torch.model import TorchModel
from snellen.adapters.torch.outputs import Output
from snellen.adapters.torch.passes import Fed, Passes

KEPT_CALLS = 4
"""Calls kept of a step, the newest: a model that is called and never stepped must not pile up
batches."""
KEPT_LOSSES = 4096

RANKS = {
    "cross_entropy": 3,
    "nll": 3,
    "binary_cross_entropy": 3,
    "binary_cross_entropy_with_logits": 3,
    "mse": 2,
    "mae": 2,
    "huber": 2,
}
"""Which of several losses of one output is about the labels: yes-or-no and class losses before
distances, these before divergences from another model."""

LossKey = tuple[str, tuple[int, ...]]
"""A loss function's name and the shape of what one image feeds it."""


@dataclass
class Call:
    """One call of a model under gradients, until the step it belongs to is over."""

    inputs: Inputs | None
    """`None` where no batch is wanted: a call must not hold images for nothing."""
    images: int
    training: bool
    """The module was in training mode."""
    fed_by_another: bool
    """Its input came with a gradient: another module made it."""
    target: Tensor | None = None
    """Labels as the loss received them."""
    rank: int = -1
    """Of the loss that gave the target."""
    outputs: tuple[Output, ...] = ()
    told: bool = False
    graph: bool = True
    """Gradients could be taken of what it returned."""


@dataclass
class Watched:
    """A module called by the script itself, and its subject once an optimizer has stepped it."""

    module: nn.Module
    model: TorchModel
    begun: bool = False
    calls: deque[Call] = field(default_factory=lambda: deque[Call](maxlen=KEPT_CALLS))
    primary: weakref.ref[torch.optim.Optimizer] | None = None
    """The optimizer whose updates are counted as this subject's steps."""
    others: int = 0
    """Steps by other optimizers that hold its parameters since the last one by its primary."""
    holders: weakref.WeakKeyDictionary[torch.optim.Optimizer, bool] = field(
        default_factory=weakref.WeakKeyDictionary[torch.optim.Optimizer, bool]
    )
    """Whether an optimizer holds some of its parameters, where that was asked."""
    updating: bool = False
    round: Round | None = None
    """The loader's round it was fed by last."""
    epochs: int = 0
    main: LossKey | None = None
    """The loss that its labels came with; others are auxiliary."""
    main_rank: int = -1
    inner_target: Tensor | None = None
    """Labels met by a loss inside the model's own forward, until it returns."""
    trains_in_training_mode: bool = False
    label_form: tuple[bool, tuple[int, ...]] | None = None
    """Whether its labels are of floating point, and the shape of one image's."""
    steps: int = 0
    passes: Passes = field(default_factory=Passes)
    leftovers: Leftovers = field(default_factory=Leftovers)
    clips: Clips = field(default_factory=Clips)
    fed: Fed = field(default_factory=Fed)
    feeder: weakref.ref[Any] | None = None
    """The loader that its training images came from last."""
    listening: bool = False
    """Someone wants to hear of its evaluation batches."""
    candidate: Call | None = None
    """An evaluation batch held back until its labels are known."""
    unheld: dict[str, nn.Parameter] = field(default_factory=dict[str, nn.Parameter])
    """Parameters that no optimizer held when it began."""
    without_optimizer: set[str] = field(default_factory=set[str])
    """Of these, the ones that were given gradients."""
    by_mode: bool = False
    """It answers otherwise in training mode than in evaluation mode."""
    waiting: list[LossCall] = field(default_factory=list[LossCall])
    """Losses computed without gradients before the subject had begun."""

    def holds(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether the optimizer updates any of the module's parameters."""
        known = self.holders.get(optimizer)
        if known is None:
            held = {id(p) for group in optimizer.param_groups for p in group["params"]}
            known = any(id(p) in held for p in self.module.parameters())
            self.holders[optimizer] = known
        return known

    def stepping(self, clips: Iterable[Clip]) -> None:
        """It is about to be updated, by gradients that were clipped so."""
        for clip in clips:
            self.clips.add(clip)
        for call in self.calls:
            if call.training or not self.trains_in_training_mode:
                self.model.batch_sizes.add(call.images)

    def contains(self, module: nn.Module) -> bool:
        return module is not self.module and any(m is module for m in self.module.modules())
