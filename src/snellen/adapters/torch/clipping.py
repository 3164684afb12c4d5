"""How the script clips its gradients, as its calls of `torch.nn.utils` show."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad

from snellen.adapters.torch.replacing import replaced

KINDS = {"clip_grad_norm_": ("norm", "max_norm"), "clip_grad_value_": ("value", "clip_value")}
"""Function → the kind of clipping, and what it calls its limit (the second argument)."""
PLACES = (nn.utils, clip_grad)
"""Scripts call it by either."""


MEASURED_FIRST = 8
MEASURED_EVERY = 16
"""Calls that clip values whose gradients are measured: what a norm costs is paid by the script
where it clips norms, and by the watching here."""


@dataclass(frozen=True)
class Clip:
    """One call."""

    kind: str
    """`norm` or `value`."""
    limit: float
    size: Tensor | None
    """Before the call: all gradients' norm, or the root mean square of their values. `None` where
    it was not measured, or is not one tensor of this process."""
    norm_type: float = 2.0


@dataclass
class Sizes:
    """Gradients before they were clipped.

    Those that lie on a device are compared and kept there, so that nothing waits for it.
    """

    measured: int = 0
    over: float | Tensor = 0
    """Calls whose gradients were over the limit."""
    largest: float | Tensor = 0.0
    """Of those that were finite."""

    def add(self, size: Tensor, limit: float) -> None:
        self.measured += 1
        size = size.detach()
        if size.device.type == "cpu":
            value = float(size)
            self.over = self.over + (value > limit)
            if math.isfinite(value):
                self.largest = max(float(self.largest), value)
        else:
            size = size.float()
            self.over = (size > limit).float() + self.over
            finite = torch.where(torch.isfinite(size), size, torch.zeros_like(size))
            self.largest = finite.clamp(min=self.largest)


class Clips:
    """The calls for one model, counted."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {"norm": 0, "value": 0}
        self._last: dict[str, Clip] = {}
        self._sizes = {"norm": Sizes(), "value": Sizes()}

    def add(self, clip: Clip) -> None:
        self._steps[clip.kind] += 1
        self._last[clip.kind] = Clip(clip.kind, clip.limit, None, clip.norm_type)
        if clip.size is not None:
            self._sizes[clip.kind].add(clip.size, clip.limit)

    def facts(self) -> dict[str, Any]:
        """`gradient_clip`, of the kind that was called more often."""
        if not self._last:
            return {}
        last = self._last[max(self._last, key=self._steps.__getitem__)]
        sizes = self._sizes[last.kind]
        known: dict[str, Any] = {
            "kind": last.kind,
            "limit": last.limit,
            "steps": self._steps[last.kind],
        }
        if sizes.measured:
            known["measured"] = sizes.measured
            known["clipped"] = int(sizes.over)
            if last.kind == "norm":
                known["norm_type"] = last.norm_type
            known["largest_norm" if last.kind == "norm" else "largest_rms"] = float(sizes.largest)
        return {"gradient_clip": known}


class ClipEars:
    """Replaces the two functions by ones that also tell what they did."""

    def __init__(self, enter: Callable[..., Any], hear: Callable[[Clip], None]) -> None:
        """`enter(name, function, *args)` crosses the boundary."""
        self._enter = enter
        self._hear: Callable[[Clip], None] | None = hear
        self._values = 0
        """Calls that clipped values."""
        telling = {name: self._telling(name, getattr(clip_grad, name)) for name in KINDS}
        self._undo = [replaced(place, name, telling[name]) for place in PLACES for name in KINDS]

    def close(self) -> None:
        """Put the functions back; whoever still holds a telling one tells nothing any more."""
        self._hear = None
        while self._undo:
            self._undo.pop()()

    def _telling(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def telling(*args: Any, **kwargs: Any) -> Any:
            if self._hear is None or torch.compiler.is_compiling():
                return original(*args, **kwargs)
            size = None
            if KINDS[name][0] == "value" and self._measures():
                if args and isinstance(args[0], Iterator):
                    # It can be gone through once only.
                    args = (list(args[0]), *args[1:])
                size = self._enter("torch.clip", _rms, args, kwargs)
            result = original(*args, **kwargs)
            self._enter("torch.clip", self._called, name, args, kwargs, result, size)
            return result

        return telling

    def _measures(self) -> bool:
        self._values += 1
        return self._values <= MEASURED_FIRST or self._values % MEASURED_EVERY == 0

    def _called(
        self, name: str, args: Any, kwargs: Any, result: Any, before: Tensor | None
    ) -> None:
        clip = _clip(name, args, kwargs, result, before)
        if clip is not None and self._hear is not None:
            self._hear(clip)


def _rms(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | None:
    """Root mean square of all values of the gradients that are about to be clipped."""
    given = args[0] if args else kwargs.get("parameters")
    parameters = [given] if isinstance(given, Tensor) else given
    if not isinstance(parameters, list | tuple):
        return None
    found = [p.grad.detach() for p in parameters if type(p.grad) is Tensor]
    numbers = sum(gradient.numel() for gradient in found)
    if not numbers or len({gradient.device for gradient in found}) > 1:
        return None
    norms = [torch.linalg.vector_norm(gradient.float()) for gradient in found]
    return torch.stack(norms).norm() / math.sqrt(numbers)


def _clip(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, before: Tensor | None
) -> Clip | None:
    """The call as it was made; `None` where its limit is no plain number."""
    kind, called = KINDS[name]
    limit = args[1] if len(args) > 1 else kwargs.get(called)
    if not isinstance(limit, int | float):
        return None
    if kind == "value":
        return Clip(kind, float(limit), before)
    norm_type = args[2] if len(args) > 2 else kwargs.get("norm_type", 2.0)
    # A distributed tensor is a subclass: to read it is a call that all processes must make.
    norm = result if type(result) is Tensor and result.numel() == 1 else None
    return Clip(kind, float(limit), norm, float(norm_type))
