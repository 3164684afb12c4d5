"""What the autograd graph tells of where a tensor came from."""

# pyright: reportPrivateUsage=false
# Nodes of the graph have no public numbers.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from torch import Tensor

_BEHIND = {
    "SoftmaxBackward0": "softmax",
    "LogSoftmaxBackward0": "log_softmax",
    "SigmoidBackward0": "sigmoid",
    "ReluBackward0": "relu",
    "TanhBackward0": "tanh",
}
RESHAPING = {
    "ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward0",
    "SqueezeBackward1", "UnsqueezeBackward0", "ToCopyBackward0", "CloneBackward0",
    "SelectBackward0", "PermuteBackward0", "TransposeBackward0", "AliasBackward0", "SliceBackward0",
}  # fmt: skip

CROSSED_WITHIN = 16
"""Steps before a loss among which answers meet their targets."""


def steps_behind(tensor: Tensor) -> Iterator[Any]:
    """The graph's nodes from a tensor back through activations and reshaping to what made its
    values."""
    node: Any = tensor.grad_fn
    for _ in range(8):
        if node is None:
            return
        yield node
        if node.name() not in RESHAPING and node.name() not in _BEHIND:
            return
        node = node.next_functions[0][0] if node.next_functions else None


def fed_by(tensor: Tensor) -> str | None:
    """The activation a tensor came out of, read from its graph; `linear` for weights, `None`
    unknown."""
    return _activation(steps_behind(tensor))


def fed_by_step(mark: int, fed: Tensor) -> str | None:
    """The same of the tensor that the step so marked put out, on the way to `fed`."""
    steps = list(steps_behind(fed))
    marks = [step._sequence_nr() for step in steps]
    return _activation(steps[marks.index(mark) :]) if mark in marks else None


def mark_of(tensor: Tensor) -> int | None:
    """A number that tells the step that made a tensor from all others, without holding its
    graph."""
    return tensor.grad_fn._sequence_nr() if tensor.grad_fn is not None else None


def _activation(steps: Iterable[Any]) -> str | None:
    for step in steps:
        name = step.name()
        if name in _BEHIND:
            return _BEHIND[name]
        if name in ("AddmmBackward0", "ConvolutionBackward0", "MmBackward0", "BmmBackward0"):
            return "linear"
    return None


def softmax_behind(tensor: Tensor) -> tuple[str, int] | None:
    """What the softmax that a loss was fed with ran over (`batch`, `units`, `positions`), and how
    many of them; `None` where none is seen."""
    for node in steps_behind(tensor):
        if _BEHIND.get(node.name()) in ("softmax", "log_softmax"):
            shape, dim = tuple(node._saved_result.shape), int(node._saved_dim)
            # Negative numbers are shown as unsigned ones.
            axis = (dim - 2**64 if dim >= 2**63 else dim) % max(len(shape), 1)
            where = "batch" if axis == 0 else "units" if axis == 1 else "positions"
            return where, shape[axis]
    return None


def crossed_by(loss: Tensor) -> int | None:
    """How many answers the loss compares with as many targets each, where it does: `answers` of
    shape (N, 1) less `targets` of shape (N,) are N × N differences.

    Read from the step that made N × N values of N, all other operands being constants. `None` where
    no such step is among the last before the loss.
    """
    waiting, met = [loss.grad_fn], 0
    while waiting and met < CROSSED_WITHIN:
        node: Any = waiting.pop(0)
        met += 1
        if node is None:
            continue
        behind = [parent for parent, _ in node.next_functions if parent is not None]
        answers = _numbers(behind[0]) if len(behind) == 1 else 0
        if answers > 1 and _shape(node) == (answers, answers):
            return answers
        waiting += behind
    return None


def _shape(node: Any) -> tuple[int, ...] | None:
    """Of what a step put out; `None` in releases that do not tell."""
    told = getattr(node, "_input_metadata", None)
    return tuple(told[0].shape) if told else None


def _numbers(node: Any) -> int:
    shape = _shape(node)
    return 0 if shape is None else prod(shape)
