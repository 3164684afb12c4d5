"""Each convolution that keeps its input's shape adds its input to its output."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import weakref
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import outermost, pre_activation
from snellen.adapters.keras.wiring import Node, Wiring
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Add a convolution's input to what it gives, before its own activation.

    A convolution that has made the output of any model is left alone. A compiled function has the
    skips built in, so that they are counted once for each function traced.
    """
    bridged: weakref.WeakSet[Any] = weakref.WeakSet()
    kept: weakref.WeakSet[Any] = weakref.WeakSet()

    def planned(model: Any, wiring: Wiring, inputs: Any) -> None:
        del model, inputs
        for layer, nodes in pre_activation.convolutions(wiring).items():
            if any(wiring.ends(node) for node in nodes):
                kept.add(layer)
            elif layer not in kept and all(_keeps_shape(node) for node in nodes):
                if not wiring.bridged.isdisjoint(nodes):
                    kept.add(layer)
                else:
                    bridged.add(layer)

    def added(maps: Any, taken: Any) -> Any:
        from keras import ops

        effect.did("convolutions called, or traced, with a skip around them")
        return ops.add(maps, ops.cast(taken, maps.dtype))

    def change_of(layer: Any) -> pre_activation.Change | None:
        return added if layer in bridged else None

    outermost.patch(patches, effect, planned)
    pre_activation.patch(patches, effect, change_of)


def _keeps_shape(node: Node) -> bool:
    layer = node.layer
    if not node.taken or len(node.taken) != len(node.given) or len(node.inputs) > 1:
        return False
    if any(one != other for one, other in zip(node.taken, node.given, strict=True)):
        return False
    # Sizes that are open may still differ.
    strides = layer.strides if isinstance(layer.strides, tuple) else (layer.strides,)
    return (layer.padding in ("same", "causal") and set(strides) == {1}) or (
        None not in node.taken[1:] and None not in node.given[1:]
    )
