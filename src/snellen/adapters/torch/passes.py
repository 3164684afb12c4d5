"""Calls of a model, counted by what they were for; and what data trained it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import weakref
from dataclasses import dataclass

from torch import Tensor


@dataclass
class Passes:
    """Forward passes of one model by what they were for. A pass with a graph is training once a
    backward pass follows."""

    training: int = 0
    training_in_eval_mode: int = 0
    evaluation: int = 0
    evaluation_in_training_mode: int = 0
    open: int = 0
    """With a graph, in training mode, since the last backward pass."""
    open_in_eval_mode: int = 0
    last_in_eval_mode: bool = False
    """So was the last one with a graph."""

    def called(self, *, graph: bool, training_mode: bool) -> None:
        if not graph:
            self.evaluation += 1
            self.evaluation_in_training_mode += training_mode
        elif training_mode:
            self.open += 1
            self.last_in_eval_mode = False
        else:
            self.open_in_eval_mode += 1
            self.last_in_eval_mode = True

    def backward(self) -> bool:
        """A backward pass begins. `True` when the last call it follows was in evaluation mode."""
        trained_in_eval_mode = self.last_in_eval_mode
        self.training += self.open + trained_in_eval_mode
        self.training_in_eval_mode += trained_in_eval_mode
        # Those before it led nowhere.
        self.evaluation += self.open_in_eval_mode - trained_in_eval_mode
        self.open = self.open_in_eval_mode = 0
        self.last_in_eval_mode = False
        return trained_in_eval_mode

    def facts(self) -> dict[str, int]:
        return {
            "training_passes": self.training,
            "training_passes_in_eval_mode": self.training_in_eval_mode,
            "evaluation_passes": self.evaluation + self.open_in_eval_mode,
            "evaluation_passes_in_training_mode": self.evaluation_in_training_mode,
        }


class Fed:
    """Where in memory the training's own images lie, as far as they are parts of one tensor."""

    def __init__(self) -> None:
        self._base: weakref.ref[Tensor] | None = None
        self._low = self._high = 0

    def note(self, images: Tensor) -> None:
        base = images._base if images._base is not None else images
        low, high = _extent(images)
        if self._base is None or self._base() is not base:
            self._base, self._low, self._high = weakref.ref(base), low, high
        else:
            self._low, self._high = min(self._low, low), max(self._high, high)

    def holds(self, images: Tensor) -> bool:
        """Whether these are among the images that the training was fed."""
        base = images._base if images._base is not None else images
        if self._base is None or self._base() is not base:
            return False
        low, high = _extent(images)
        return low < self._high and self._low < high


def _extent(images: Tensor) -> tuple[int, int]:
    strides = zip(images.shape, images.stride(), strict=True)
    reach = sum((size - 1) * stride for size, stride in strides if size) + 1
    return images.data_ptr(), images.data_ptr() + reach * images.element_size()
