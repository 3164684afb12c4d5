"""S58 unregistered-layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from snellen.core import Severity
from snellen.record import Subject
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom
from snellen.symptoms.facts import entries, text
from snellen.symptoms.wording import count


@dataclass(frozen=True)
class Strangers:
    """Weight layers that run in the forward pass and are not the model's."""

    created: int
    """Built anew in each forward pass."""
    created_types: tuple[str, ...]
    unregistered: int
    """Kept where the model does not see them."""
    unregistered_types: tuple[str, ...]

    def sentence(self) -> str:
        parts: list[str] = []
        if self.created:
            parts.append(
                f"{count(self.created, 'weight layer')} ({', '.join(self.created_types)}) "
                "came into being within the forward pass, with new random weights every time"
            )
        if self.unregistered:
            parts.append(
                f"{count(self.unregistered, 'weight layer')} "
                f"({', '.join(self.unregistered_types)}) ran whose weights are not among the "
                "model's parameters"
            )
        return f"{'; '.join(parts)} (allowed: none)"


@dataclass(frozen=True)
class UnregisteredLayers(Symptom):
    """Weight layers that the model runs but does not own.

    ## What it finds
    Weight layers that are created inside the forward pass, and weight layers that run although
    their weights are not among the model's parameters.

    ## Why it matters
    The optimizer never sees their weights. Those created in the forward pass are random anew for
    every batch, so whatever stands behind them can learn nothing stable; the others stay random,
    are not saved and are not moved to another device.

    ## Common causes
    Layers in a plain Python list or dictionary instead of `nn.ModuleList` or `nn.ModuleDict`;
    `nn.Conv2d(...)(x)` or `layers.Conv2D(...)(x)` written inside `forward` or `call`.

    ## What looks similar
    Layers made at the first call and kept as attributes (lazy layers, Keras' `build`) are
    registered. A convolution with a kernel that another part computes has no weights of its own.

    ## Example
    `self.blocks = [nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3)]`: `model.parameters()` has neither.

    ## References
    - PyTorch, ModuleList,
      https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    - Keras, Making new layers and models via subclassing,
      https://keras.io/guides/making_new_layers_and_models_via_subclassing/
    """

    code = "S58"
    name = "unregistered-layers"
    since = "0.1"
    reads = ()

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        created = entries(subject, "created_in_forward")
        strangers = entries(subject, "unregistered")
        if created is None and strangers is None:
            return
        made = created or []
        kept = [e for e in strangers or [] if e.get("trainable", True) is not False]
        if not made and not kept:
            yield Healthy("")
            return
        yield Suspicion(
            "",
            Severity.ERROR,
            Strangers(len(made), _types(made), len(kept), _types(kept)),
            step=0,
            evident=True,
        )


def _types(found: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Their classes, commonest first."""
    return tuple(name for name, _ in Counter(text(e, "type") or "?" for e in found).most_common(3))
