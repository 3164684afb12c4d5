"""How the script clips its gradients, as its calls of `torch.nn.utils` show."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import functools
import math
from collections.abc import Callable
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


@dataclass(frozen=True)
class Clip:
    """One call."""

    kind: str
    """`norm` or `value`."""
    limit: float
    norm: Tensor | None
    """All gradients' norm before the call; `None` where it is not one tensor of this process."""
    norm_type: float = 2.0


class Clips:
    """The calls for one model, counted.

    Norms that lie on a device are compared and kept there, so that nothing waits for it; `facts`
    reads them.
    """

    def __init__(self) -> None:
        self._steps: dict[str, int] = {"norm": 0, "value": 0}
        self._last: dict[str, Clip] = {}
        self._clipped: float | Tensor = 0
        self._largest: float | Tensor = 0.0
        self._seen = False

    def add(self, clip: Clip) -> None:
        self._steps[clip.kind] += 1
        self._last[clip.kind] = Clip(clip.kind, clip.limit, None, clip.norm_type)
        if clip.norm is None:
            return
        self._seen = True
        norm = clip.norm.detach()
        if norm.device.type == "cpu":
            value = float(norm)
            self._clipped = self._clipped + (value > clip.limit)
            if math.isfinite(value):
                self._largest = max(float(self._largest), value)
        else:
            norm = norm.float()
            self._clipped = (norm > clip.limit).float() + self._clipped
            finite = torch.where(torch.isfinite(norm), norm, torch.zeros_like(norm))
            self._largest = finite.clamp(min=self._largest)

    def facts(self) -> dict[str, Any]:
        """`gradient_clip`, of the kind that was called more often."""
        if not self._last:
            return {}
        last = self._last[max(self._last, key=self._steps.__getitem__)]
        known: dict[str, Any] = {
            "kind": last.kind,
            "limit": last.limit,
            "steps": self._steps[last.kind],
        }
        if last.kind == "norm" and self._seen:
            known["norm_type"] = last.norm_type
            known["clipped"] = int(self._clipped)
            known["largest_norm"] = float(self._largest)
        return {"gradient_clip": known}


class ClipEars:
    """Replaces the two functions by ones that also tell what they did."""

    def __init__(self, enter: Callable[..., Any], hear: Callable[[Clip], None]) -> None:
        """`enter(name, function, *args)` crosses the boundary."""
        self._enter = enter
        self._hear: Callable[[Clip], None] | None = hear
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
            result = original(*args, **kwargs)
            if self._hear is not None and not torch.compiler.is_compiling():
                self._enter("torch.clip", self._called, name, args, kwargs, result)
            return result

        return telling

    def _called(self, name: str, args: Any, kwargs: Any, result: Any) -> None:
        clip = _clip(name, args, kwargs, result)
        if clip is not None and self._hear is not None:
            self._hear(clip)


def _clip(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Clip | None:
    """The call as it was made; `None` where its limit is no plain number."""
    kind, called = KINDS[name]
    limit = args[1] if len(args) > 1 else kwargs.get(called)
    if not isinstance(limit, int | float):
        return None
    if kind == "value":
        return Clip(kind, float(limit), None)
    norm_type = args[2] if len(args) > 2 else kwargs.get("norm_type", 2.0)
    # A distributed tensor is a subclass: to read it is a call that all processes must make.
    norm = result if type(result) is Tensor and result.numel() == 1 else None
    return Clip(kind, float(limit), norm, float(norm_type))
