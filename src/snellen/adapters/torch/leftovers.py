"""Whether gradients of one update are still there when the backward pass of the next begins."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

import torch
from torch import Tensor, nn

SAMPLED = 2
"""Parameters whose gradients are looked at: the smallest of the last ones."""
LAST = 8


class Leftovers:
    """Counts for one model. Of several backward passes between two updates (accumulated gradients,
    the pass of another model through this one) one that finds nothing left is enough."""

    def __init__(self) -> None:
        self.steps = 0
        """Updates whose backward passes were followed."""
        self.kept = 0
        """Of these, how many found gradients from before the update before, and never none."""
        self._sample: list[weakref.ref[nn.Parameter]] = []
        self._following = self._seen = self._zeroed = False

    def facts(self) -> dict[str, int]:
        return {"gradient_steps": self.steps, "gradients_kept": self.kept} if self.steps else {}

    def updated(self, parameters: Iterable[nn.Parameter]) -> None:
        """An update has just been made: follow what becomes of the gradients of `parameters` (those
        that it updated)."""
        if not self._sample:
            last = [p for p in parameters if _left(p)][-LAST:]
            self._sample = [weakref.ref(p) for p in sorted(last, key=Tensor.numel)[:SAMPLED]]
        # Without gradients now there is nothing to be found later.
        self._following = self._any_left()
        self._seen = self._zeroed = False

    def backward(self) -> None:
        """A backward pass is about to begin."""
        if self._following and not self._zeroed:
            self._seen = True
            self._zeroed = not self._any_left()

    def stepping(self) -> None:
        """The next update is about to be made."""
        if self._following and self._seen:
            self.steps += 1
            self.kept += not self._zeroed
        self._following = False

    def _any_left(self) -> bool:
        parameters = (ref() for ref in self._sample)
        return any(p is not None and _left(p) for p in parameters)


def _left(parameter: nn.Parameter) -> bool:
    grad = parameter.grad
    return grad is not None and grad.layout is torch.strided and bool(grad.detach().any())
