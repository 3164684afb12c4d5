"""What a convolution gives, changed before the activation that is part of it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.keras.roles import Role
from snellen.adapters.keras.wiring import Node, Wiring
from snellen.adapters.patches import Patches

Change = Callable[[Any, Any], Any]
"""`change(maps, taken)`: other maps in place of these, which were made of `taken`."""


def convolutions(wiring: Wiring) -> Mapping[Any, list[Node]]:
    """The convolutions of a model, each with its calls."""
    import keras

    found: dict[Any, list[Node]] = defaultdict(list)
    for node in wiring.nodes:
        if node.role is Role.WEIGHTS and not isinstance(node.layer, keras.layers.Dense):
            found[node.layer].append(node)
    return found


def patch(patches: Patches, effect: Effect, change_of: Callable[[Any], Change | None]) -> None:
    """Change what convolutions give, before their activation; `change_of(layer)`: how."""
    from keras.src.ops.operation import Operation

    def call(original: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
        change = change_of(layer)
        if change is None or tensors.any_keras_tensor((args, kwargs)):
            return original(layer, *args, **kwargs)
        taken = tensors.leaves((args, kwargs))[0]
        changed: list[bool] = []

        def maps_changed(maps: Any) -> Any:
            changed.append(True)
            return change(maps, taken)

        with _before_activation(layer, maps_changed):
            out = original(layer, *args, **kwargs)
        if not changed:
            effect.cannot(f"{layer.name} calls no activation of its own: its maps stay as they are")
        return out

    patches.around(Operation, "__call__", call)


@contextlib.contextmanager
def _before_activation(layer: Any, change: Callable[[Any], Any]) -> Generator[None]:
    # Past `Layer.__setattr__`, which tracks what it is given; on torch an activation that is a
    # module is not in `__dict__`, and this hides it until the block ends.
    own = "activation" in layer.__dict__
    before = layer.activation

    def activation(maps: Any, *args: Any, **kwargs: Any) -> Any:
        changed = change(maps)
        return changed if before is None else before(changed, *args, **kwargs)

    layer.__dict__["activation"] = activation
    try:
        yield
    finally:
        if own:
            layer.__dict__["activation"] = before
        else:
            del layer.__dict__["activation"]
