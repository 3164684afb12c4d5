"""What a model's layers and functions take from one another, found without computing anything."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from snellen.adapters.keras import tensors
from snellen.adapters.keras.functions import recorded
from snellen.adapters.keras.roles import Role, activation_name, role_of
from snellen.adapters.keras.untouched import Values, untouched

Place = tuple[int, str, int]
"""Where a function is called: inside which layer (its `id`), its name, and its how-manieth call
there."""


@dataclass(eq=False)
class Node:
    """One call of a layer or of a function."""

    role: Role
    """`OPEN` for what is neither known nor could be followed."""
    name: str
    """Of a function; of a layer the name of the activation that it ends with."""
    inputs: tuple[Node, ...] = ()
    slots: tuple[int, ...] = ()
    """Where each input stands among the flattened arguments."""
    layer: Any = None
    call: int = 0
    """The how-manieth call of its layer."""
    place: Place | None = None
    """Of a function."""
    taken: tuple[Any, ...] = ()
    given: tuple[Any, ...] = ()
    """Shapes of the first tensor taken and given; `None` for sizes that are open."""
    deep: bool = False
    """A layer with weights that is no normalisation: what lies behind it is another layer's."""


@dataclass
class Wiring:
    """All calls of one pass in their order, and what they hand to one another."""

    nodes: list[Node] = field(default_factory=list[Node])
    images: list[Node] = field(default_factory=list[Node])
    """The model's inputs, flattened."""
    outputs: set[Node] = field(default_factory=set[Node])

    @functools.cached_property
    def takers(self) -> Mapping[Node, list[Node]]:
        """What takes each node's output."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for source in node.inputs:
                found[source].append(node)
        return found

    def behind(self, node: Node) -> set[Node]:
        """What its output reaches up to the next deep layers, those included."""
        found: set[Node] = set()
        waiting = list(self.takers.get(node, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                if not one.deep:
                    waiting.extend(self.takers.get(one, ()))
        return found

    def before(self, node: Node) -> set[Node]:
        """All that it was made of, itself included."""
        found = {node}
        waiting = [node]
        while waiting:
            for one in waiting.pop().inputs:
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found

    def ends(self, node: Node) -> bool:
        """Whether it makes the model's output, or whether nothing is known to take its own."""
        behind = self.behind(node)
        made = {node, *(one for one in behind if not one.deep)}
        return (not behind and node not in self.outputs) or not self.outputs.isdisjoint(made)

    def normalised(self, node: Node) -> bool:
        """Whether a normalisation comes before the next deep layer."""
        return any(one.role is Role.NORM for one in self.behind(node))

    def gates(self, node: Node) -> bool:
        """Whether its output is multiplied with maps that it did not make itself."""
        for product in self.behind(node):
            if product.name not in PRODUCTS or len(set(product.inputs)) < 2:
                continue
            made = [node in self.before(factor) for factor in product.inputs]
            if any(made) and not all(made):
                return True
        return False

    @functools.cached_property
    def bridged(self) -> frozenset[Node]:
        """Deep layers that lie between the ends of a skip: a sum whose one side has passed through
        one layer at most since both sides were the same."""
        found: set[Node] = set()
        for total in self.nodes:
            if total.role is not Role.SUM:
                continue
            sides = [self.before(one) for one in dict.fromkeys(total.inputs)]
            for place, one in enumerate(sides):
                for other in sides[place + 1 :]:
                    alone = [{node for node in one - other if node.deep}]
                    alone.append({node for node in other - one if node.deep})
                    if one & other and min(map(len, alone)) <= 1:
                        found.update(*alone)
        return frozenset(found)


PRODUCTS = frozenset({"multiply", "mul", "__mul__", "__rmul__", "Multiply"})

NEUTRAL = ("Rescaling", "Normalization")
"""Layers of preprocessing that shift and scale what they are given."""


@functools.cache
def _closed() -> tuple[type, ...]:
    """Layers that are not looked into: what they do with their maps is their own affair."""
    from keras import layers

    names = ("RNN", "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention")
    found = [getattr(layers, name) for name in names if hasattr(layers, name)]
    return (*found, *cells())


def cells() -> tuple[type, ...]:
    """Cells of recurrent layers."""
    from keras import layers
    from keras.src.layers.rnn.conv_lstm import ConvLSTM, ConvLSTMCell

    return (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell, ConvLSTMCell, ConvLSTM)


def prepares(layer: Any) -> bool:
    """Whether a layer of Keras's own prepares images: it crops, turns, colours or rescales them."""
    module = str(type(layer).__module__)
    return module.startswith("keras.") and ".layers.preprocessing." in module


def _is_normalisation(layer: Any) -> bool:
    """By its name, where it is none of Keras's own."""
    import keras

    name = type(layer).__name__.lower()
    return "norm" in name and not isinstance(layer, keras.layers.Wrapper)


class Follower:
    """Stands in for the calls of one pass and writes down what each takes and gives."""

    def __init__(self, model: Any) -> None:
        self.wiring = Wiring()
        # Tensors are kept until the pass has ended: an `id` must not come back as another's.
        self._known: dict[int, tuple[Any, Node]] = {}
        self._frames = Frames(model)

    def begin(self, inputs: Any) -> None:
        """The model's inputs."""
        for leaf in tensors.leaves(inputs):
            if tensors.is_tensor(leaf):
                node = Node(Role.CARRY, "input", given=shape_of(leaf))
                self.wiring.images.append(node)
                self._put(leaf, node)

    def end(self, output: Any) -> None:
        """The model's output."""
        found = [self._known.get(id(leaf)) for leaf in tensors.leaves(output)]
        self.wiring.outputs = {known[1] for known in found if known is not None}

    def layer(self, original: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
        frames = self._frames
        if frames.quiet or tensors.any_keras_tensor((args, kwargs)):
            return frames.silently(original, layer, *args, **kwargs)
        call = frames.calls[id(layer)]
        frames.calls[id(layer)] += 1
        role = role_of(layer)
        if opens(layer):
            first = len(self.wiring.nodes)
            with frames.inside(layer):
                out = original(layer, *args, **kwargs)
            unknown = [leaf for leaf in _tensors(out) if id(leaf) not in self._known]
            if unknown:
                inner = self.wiring.nodes[first:]
                taken = {source for node in inner for source in node.inputs}
                loose = [node for node in inner if node not in taken]
                node = self._node(Role.OPEN, "", (args, kwargs), unknown, layer, call)
                node.inputs = tuple(dict.fromkeys((*node.inputs, *loose)))
                if inner:
                    # What it gives may be what any of these has given.
                    node.slots = ()
                else:
                    node.deep = bool(layer.variables)
            return out
        out = frames.silently(original, layer, *args, **kwargs)
        if role is Role.OPEN and prepares(layer):
            role = Role.CARRY
        elif role is Role.OPEN and _is_normalisation(layer):
            role = Role.NORM
        if role in (Role.WEIGHTS, Role.OPEN):
            activation = getattr(layer, "activation", None)
            name = activation_name(activation) if role is Role.WEIGHTS else None
        else:
            name = activation_name(layer) if role is Role.ACTIVATION else type(layer).__name__
        node = self._node(role, name or "", (args, kwargs), _tensors(out), layer, call)
        node.deep = role in (Role.WEIGHTS, Role.OPEN)
        return out

    def function(
        self, role: Role, name: str, original: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        if self._frames.quiet:
            return original(*args, **kwargs)
        place = self._frames.place(name)
        out = self._frames.silently(original, *args, **kwargs)
        if any(id(leaf) in self._known for leaf in _tensors((args, kwargs))):
            node = self._node(role, name, (args, kwargs), _tensors(out), None, 0)
            node.place = place
        return out

    def _node(
        self, role: Role, name: str, taken: Any, given: Iterable[Any], layer: Any, call: int
    ) -> Node:
        leaves = tensors.leaves(taken)
        slots = [slot for slot, leaf in enumerate(leaves) if id(leaf) in self._known]
        first = next(iter(_tensors(taken)), None)
        given = list(given)
        node = Node(
            role,
            name,
            inputs=tuple(self._known[id(leaves[slot])][1] for slot in slots),
            slots=tuple(slots),
            layer=layer,
            call=call,
            taken=() if first is None else shape_of(first),
            given=shape_of(given[0]) if given else (),
        )
        self.wiring.nodes.append(node)
        for leaf in given:
            self._put(leaf, node)
        return node

    def _put(self, leaf: Any, node: Node) -> None:
        self._known[id(leaf)] = (leaf, node)


class Frames:
    """Which layers are looked into at the moment, and what was called in them so far."""

    def __init__(self, model: Any) -> None:
        self.quiet = 0
        self.calls: Counter[int] = Counter()
        """Calls of each layer, by its `id`."""
        self._open: list[Any] = [model]
        self._called: Counter[tuple[int, str]] = Counter()

    def silently(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call something that is not looked into."""
        self.quiet += 1
        try:
            return call(*args, **kwargs)
        finally:
            self.quiet -= 1

    def inside(self, layer: Any) -> _Frame:
        """Inside the block functions are called by this layer."""
        return _Frame(self._open, layer)

    def place(self, name: str) -> Place:
        """Where the function that is called now is called."""
        frame = id(self._open[-1])
        number = self._called[frame, name]
        self._called[frame, name] += 1
        return frame, name, number


@dataclass
class _Frame:
    open: list[Any]
    layer: Any

    def __enter__(self) -> None:
        self.open.append(self.layer)

    def __exit__(self, *_: object) -> None:
        self.open.pop()


def opens(layer: Any) -> bool:
    """Whether a layer is looked into."""
    if role_of(layer) is not Role.OPEN or isinstance(layer, _closed()):
        return False
    return not prepares(layer) and not _is_normalisation(layer)


def _tensors(structure: Any) -> list[Any]:
    return [leaf for leaf in tensors.leaves(structure) if tensors.is_tensor(leaf)]


def shape_of(tensor: Any) -> tuple[Any, ...]:
    """The sizes as they are known; `()` where not even their number is."""
    shape = tensor.shape
    if getattr(shape, "rank", 0) is None:
        return ()
    return tuple(size if isinstance(size, int) else None for size in shape)


def wiring_of(model: Any, args: Any, kwargs: Any, values: Values = ()) -> Wiring:
    """The wiring of a model as it is called with these arguments, in evaluation mode.

    The model is built by it where it was not, as Keras would build it. Nothing else of it changes.
    `values`: what to read its variables as, which are empty while JAX trains it. Raises what the
    model raises.
    """
    import keras
    from keras.src import backend
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    scope = get_stateless_scope()
    if tensors.backend_name() == "jax" and scope is not None and not values:
        known = ((variable, scope.get_current_value(variable)) for variable in model.variables)
        values = [(variable, value) for variable, value in known if value is not None]
    if getattr(model, "_call_has_training_arg", False) and not any(
        isinstance(arg, bool) for arg in args
    ):
        kwargs = {**kwargs, "training": False}
    found: list[Wiring] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        follower = Follower(model)
        with (
            keras.StatelessScope(state_mapping=values, initialize_variables=False),
            recorded(follower, alone=True),
        ):
            follower.begin((args, kwargs))
            output = model(*args, **kwargs)
            follower.end(output)
        found.append(follower.wiring)
        return output

    args, kwargs = tensors.mapped(_symbol, args), tensors.mapped(_symbol, kwargs)
    with untouched(model, ()):
        if not all(layer.built for layer in model._flatten_layers()):
            # To be built, a layer may be called once more than the pass itself calls it.
            backend.compute_output_spec(model, *args, **kwargs)
        backend.compute_output_spec(call, *args, **kwargs)
    return found[-1]


def _symbol(leaf: Any) -> Any:
    import keras

    if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        return leaf
    if getattr(leaf.shape, "rank", 0) is None:
        raise ValueError("the number of axes of its inputs is not known")
    return keras.KerasTensor(shape_of(leaf), keras.backend.standardize_dtype(leaf.dtype))
