"""Saturating activations between layers become ReLU."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import weakref
from collections import defaultdict
from collections.abc import Callable, Generator
from typing import Any

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.keras import outermost
from snellen.adapters.keras.functions import recorded
from snellen.adapters.keras.roles import Role
from snellen.adapters.keras.wiring import Frames, Node, Place, Wiring, opens
from snellen.adapters.patches import Patches

SATURATING = frozenset({"sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign"})


def arm(effect: Effect, patches: Patches) -> None:
    """Put ReLU in place of the saturating activations that another layer follows.

    A layer's `activation` is replaced for good, before the first call of a model that it stands in:
    whoever reads it then, the script's own saving too, finds ReLU. Functions are replaced while the
    model is called. A layer that has made the output of any model keeps its activation.
    """
    kept: weakref.WeakSet[Any] = weakref.WeakSet()
    """Layers that make an output, or have an activation that is to stay for another reason."""
    replaced = _Replaced()
    patches.hook(replaced)

    def planned(model: Any, wiring: Wiring, inputs: Any) -> frozenset[Place]:
        del model, inputs
        by_layer: dict[Any, list[Node]] = defaultdict(list)
        places: set[Place] = set()
        for node in wiring.nodes:
            if node.name not in SATURATING or node.role not in (Role.WEIGHTS, Role.ACTIVATION):
                continue
            if node.layer is not None:
                by_layer[node.layer].append(node)
            elif node.place is not None and _is_hidden(wiring, node):
                places.add(node.place)
        for layer, nodes in by_layer.items():
            if not all(_is_hidden(wiring, node) for node in nodes):
                kept.add(layer)
            elif layer not in kept:
                replaced.put(layer)
                effect.did("layers with ReLU in place of a saturating activation")
        return frozenset(places)

    @contextlib.contextmanager
    def carried(model: Any, places: frozenset[Place]) -> Generator[None]:
        if not places:
            yield
            return
        with recorded(_Replacing(model, places, effect)):
            yield

    outermost.patch(patches, effect, planned, carried)


def _is_hidden(wiring: Wiring, node: Node) -> bool:
    """Whether an activation works on what another layer takes, and is neither output nor gate."""
    if wiring.ends(node) or wiring.gates(node):
        return False
    return any(one.deep for one in wiring.behind(node))


class _Replaced:
    """Layers whose activation is ReLU now; `remove` gives them their own back."""

    def __init__(self) -> None:
        self._own: list[tuple[weakref.ref[Any], Any]] = []
        """`None`: hidden by ours, on torch, where an activation is a module."""

    def put(self, layer: Any) -> None:
        import keras

        self._own.append((weakref.ref(layer), layer.__dict__.get("activation")))
        # Past `Layer.__setattr__`, which refuses to track anything new in a layer that is built.
        layer.__dict__["activation"] = keras.activations.relu

    def remove(self) -> None:
        for reference, activation in self._own:
            layer = reference()
            if layer is not None and activation is not None:
                layer.__dict__["activation"] = activation
            elif layer is not None:
                del layer.__dict__["activation"]
        self._own.clear()


class _Replacing:
    """Stands in for the functions that one call of a model calls."""

    def __init__(self, model: Any, places: frozenset[Place], effect: Effect) -> None:
        self._places, self._effect = places, effect
        self._frames = Frames(model)

    def layer(self, original: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
        frames = self._frames
        if frames.quiet or not opens(layer):
            return frames.silently(original, layer, *args, **kwargs)
        with frames.inside(layer):
            return original(layer, *args, **kwargs)

    def function(
        self, role: Role, name: str, original: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        from keras.src import backend

        del role
        frames = self._frames
        if frames.quiet:
            return original(*args, **kwargs)
        if name not in SATURATING or frames.place(name) not in self._places:
            return frames.silently(original, *args, **kwargs)
        self._effect.did("activation functions called, or traced, with ReLU in their place")
        taken = args[0] if args else next(iter(kwargs.values()))
        return backend.nn.relu(taken)
