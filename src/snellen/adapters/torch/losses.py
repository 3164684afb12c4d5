"""What the loss functions' own calls show: labels, what they were fed, and their value."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from snellen.adapters.contract import Array
from snellen.adapters.torch.graph import fed_by
from snellen.adapters.torch.model import LossFunction
from snellen.adapters.torch.outputs import Output
from snellen.adapters.torch.replacing import replaced

LOSSES = {
    "cross_entropy": ("cross_entropy", "logits"),
    "nll_loss": ("nll", "log-probabilities"),
    "binary_cross_entropy": ("binary_cross_entropy", "probabilities"),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", "logits"),
    "multilabel_soft_margin_loss": ("binary_cross_entropy_with_logits", "logits"),
    "mse_loss": ("mse", "values"),
    "l1_loss": ("mae", "values"),
    "smooth_l1_loss": ("huber", "values"),
    "huber_loss": ("huber", "values"),
    "kl_div": ("kl_div", "log-probabilities"),
    "poisson_nll_loss": ("other", "values"),
    "gaussian_nll_loss": ("other", "values"),
    "multi_margin_loss": ("other", "logits"),
}
"""Function of `torch.nn.functional` → the contract's name and what it is to be fed."""


@dataclass(frozen=True)
class Heard:
    """One call of a loss function."""

    function: str
    fed: Tensor
    target: Tensor | None
    value: Tensor
    keywords: Mapping[str, Any]

    @property
    def training(self) -> bool:
        return self.value.requires_grad


def labels_of(target: Tensor) -> Array:
    """The labels on the host, as the loss received them."""
    target = target.detach()
    return (
        (target.float() if target.dtype in (torch.bfloat16, torch.float16) else target)
        .cpu()
        .numpy()
    )


def facts_of(heard: Heard) -> dict[str, Any]:
    """Plain JSON values about the call; see `contract.LossCall.facts`."""
    target, keywords = heard.target, heard.keywords
    facts: dict[str, Any] = {
        "function": heard.function,
        "reduction": str(keywords.get("reduction", "mean")),
        "label_smoothing": float(keywords.get("label_smoothing", 0.0) or 0.0),
        "class_weight": keywords.get("weight") is not None
        or keywords.get("pos_weight") is not None,
        "fed": fed_by(heard.fed),
        "units": int(heard.fed.shape[1]) if heard.fed.ndim > 1 else 1,
    }
    if target is not None:
        if heard.function in ("cross_entropy", "nll_loss"):
            facts["labels"] = "probabilities" if target.is_floating_point() else "integers"
        elif heard.function.startswith(("binary", "multilabel")):
            facts["labels"] = "indicators"
        else:
            facts["labels"] = "values"
    return facts


def as_function(heard: Heard, output: Output) -> LossFunction | None:
    """The same loss as a function of the model's output and labels, or `None` where the way from
    the output to what the loss was fed is not known."""
    original = ORIGINALS.get(heard.function)
    if original is None or prod(output.shape) != heard.fed.numel():
        return None
    if tuple(heard.fed.shape[:1]) != output.shape[:1] or _by_image(heard):
        return None
    keywords = {k: v.detach() if isinstance(v, Tensor) else v for k, v in heard.keywords.items()}
    shape = tuple(heard.fed.shape[1:])
    if fed_by(heard.fed) == output.fed_by(heard.fed):
        between: Callable[[Tensor], Tensor] = lambda x: x  # noqa: E731
    else:
        outside = fed_by(heard.fed)
        if outside not in ("softmax", "log_softmax", "sigmoid"):
            return None
        axis = {"softmax": functools.partial(torch.softmax, dim=1)}
        axis["log_softmax"] = functools.partial(torch.log_softmax, dim=1)
        between = axis.get(outside, torch.sigmoid)

    def loss(out: Tensor, labels: Tensor) -> Tensor:
        fed = between(out if out.dtype is torch.float64 else out.float()).reshape(len(out), *shape)
        if labels.is_floating_point():
            labels = labels.to(fed.dtype)
        return original(fed, labels, **keywords).mean()

    return loss


def _by_image(heard: Heard) -> bool:
    """Whether the call was given something for each image besides its labels, such as weights."""
    if heard.function in ("cross_entropy", "nll_loss", "multilabel_soft_margin_loss"):
        return False
    tensors = [v for v in heard.keywords.values() if isinstance(v, Tensor)]
    return any(t.ndim and t.shape[0] == heard.fed.shape[0] and t.shape[0] > 1 for t in tensors)


ORIGINALS: dict[str, Callable[..., Tensor]] = {}
"""The functions as PyTorch has them, by name; filled while they are being heard."""


class LossEars:
    """Replaces the loss functions of `torch.nn.functional` by ones that also tell what they did."""

    def __init__(self, hear: Callable[[Heard], None]) -> None:
        self._hear: Callable[[Heard], None] | None = hear
        self._undo: list[Callable[[], None]] = []
        for name in LOSSES:
            ORIGINALS[name] = getattr(F, name)
            self._undo.append(replaced(F, name, self._telling(name, ORIGINALS[name])))

    def close(self) -> None:
        """Put the functions back; whoever still holds a telling one hears nothing any more."""
        self._hear = None
        while self._undo:
            self._undo.pop()()

    def _telling(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        parameters = list(inspect.signature(original).parameters)

        @functools.wraps(original)
        def telling(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            hear = self._hear
            if hear is not None and not torch.compiler.is_compiling() and isinstance(value, Tensor):
                bound = dict(zip(parameters, args, strict=False)) | kwargs
                fed, target = bound.pop("input", None), bound.pop("target", None)
                if isinstance(fed, Tensor):
                    hear(
                        Heard(
                            name, fed, target if isinstance(target, Tensor) else None, value, bound
                        )
                    )
            return value

        return telling
