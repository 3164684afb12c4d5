"""What one pass through a model does to its maps, layer by layer and function by function."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from snellen.adapters.keras import shapes, tensors, weights, windows
from snellen.adapters.keras.lineage import Drawn, Lineage, Track, Ways, merged
from snellen.adapters.keras.roles import Role, activation_name, role_of, softmax_of
from snellen.adapters.keras.strays import Called
from snellen.adapters.keras.structure import provisional
from snellen.core import Layer, LayerKind, Window, WindowKind

WindowOf = Callable[[windows.Positions, windows.Positions, int], Window | None]
"""`window_of(taken, given, axis)`: what a call does to positions."""

Shown = Callable[[Layer, str, Any, int], None]
"""`shown(layer, part, maps, axis)`: told every map, with the axis of its channels (-1 or 1)."""


@dataclass
class Part:
    """The layers of the model that one recorded layer is made of."""

    layer: weakref.ref[Any]
    norm: weakref.ref[Any] | None = None


class Recorder:
    """Follows one pass; its `layer` and `function` stand in for the calls they are given.

    `settled` are the layers of an earlier pass: shown in place of what is known so far.
    `keep` says of a layer's name whether its maps are wanted.
    """

    def __init__(
        self, shown: Shown, settled: Mapping[str, Layer], keep: Callable[[str], bool]
    ) -> None:
        self.drawn: list[Drawn] = []
        self.parts: dict[str, Part] = {}
        self.called: list[Called] = []
        """Weight layers, in order; holds them for as long as the pass."""
        self.lineage = Lineage()
        self.failed = False
        """Showing a map has raised."""
        self._shown = shown
        self._keep = keep
        self._settled = settled
        self._images = 0
        self._frames: list[Any] = []
        self._names: dict[str, int] = {}
        self._quiet = 0
        self._axis = tensors.channel_axis()

    def begin(self, inputs: Any) -> None:
        """The model's inputs, as tensors."""
        flat = tensors.leaves(inputs)
        self._images = int(flat[0].shape[0])
        for tensor in flat:
            self.lineage.put(tensor, Track(None, {"": ()}, self._axis))
        if len(flat[0].shape) >= 2:
            maps = self._maps(flat[0], self._axis)
            entry = Layer("", 0, LayerKind.ACTIVATION, "input", maps[0], maps[1], trainable=False)
            self._show(entry, "input", flat[0], self._axis)

    def layer(self, original: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a layer and note what it does. Nothing is noted inside a layer that is known."""
        if self._quiet:
            return original(layer, *args, **kwargs)
        role = role_of(layer)
        if role is Role.OPEN:
            self._frames.append(layer)
            try:
                out = original(layer, *args, **kwargs)
            finally:
                self._frames.pop()
            self._through(args, kwargs, out)
            return out
        if role is Role.WEIGHTS:
            return self._weights(original, layer, args, kwargs)
        out = self._silently(original, layer, *args, **kwargs)
        if role is Role.ACTIVATION:
            taken = _first(args, kwargs)
            over = getattr(layer, "axis", -1)
            self._activation(activation_name(layer), taken, out, self._name(layer), layer, over)
        elif role is Role.NORM:
            self._norm(layer, _first(args, kwargs), out)
        else:
            self._pass(
                role,
                (args, kwargs),
                out,
                lambda taken, given, axis: windows.of_layer(layer, taken, given),
            )
        return out

    def function(
        self, role: Role, name: str, original: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """Call a function of the backend and note what it does."""
        if self._quiet:
            return original(*args, **kwargs)
        out = self._silently(original, *args, **kwargs)
        if role is Role.ACTIVATION:
            taken = _first(args, kwargs)
            if self.lineage.get(taken) is not None:
                over = args[1] if len(args) > 1 else kwargs.get("axis", kwargs.get("dim", -1))
                self._activation(name, taken, out, "", None, over)
        else:
            self._pass(
                role,
                (args, kwargs),
                out,
                lambda taken, given, axis: shapes.of_function(
                    name, args, kwargs, axis, taken, given
                ),
            )
        return out

    def _silently(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._quiet += 1
        try:
            return call(*args, **kwargs)
        finally:
            self._quiet -= 1

    def _name(self, layer: Any) -> str:
        return self._unique("/".join(part.name for part in (*self._frames[1:], layer)))

    def _unique(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _weights(self, original: Callable[..., Any], layer: Any, args: Any, kwargs: Any) -> Any:
        axis = tensors.channel_axis(getattr(layer, "data_format", "channels_last"))
        track = self.lineage.get(_first(args, kwargs))
        drawn = Drawn(
            name=self._name(layer),
            index=len(self.drawn),
            kind=LayerKind.DENSE if type(layer).__name__ == "Dense" else LayerKind.CONV,
            type_name=type(layer).__name__,
            channels=0,
            positions=(),
            inputs=self._inputs(track),
            paths=() if track is None else track.paths,
            trainable=bool(layer.trainable and layer.trainable_variables),
            **weights.facts_of(layer),
        )
        self._follow(track)
        self.called.append(Called(layer, bool(layer.built)))
        self._show_input(drawn, _first(args, kwargs), axis)
        self.drawn.append(drawn)
        self.parts[drawn.name] = Part(weakref.ref(layer))

        taken = windows.positions_of(_first(args, kwargs), axis)

        def before_activation(maps: Any) -> None:
            drawn.channels, drawn.positions = self._maps(maps, axis)
            if not drawn.weight_shape:
                # A layer that this call has built.
                vars(drawn).update(weights.facts_of(layer))
            drawn.window = windows.of_convolution(layer, taken, drawn.positions)
            self._glimpse(drawn, "pre", maps, axis)

        fused = activation_name(layer.activation) if hasattr(layer, "activation") else "linear"
        if fused == "linear":
            out = self._silently(original, layer, *args, **kwargs)
            before_activation(out)
            self._put(out, Track(drawn, {drawn.name: ()}, axis))
            return out
        with _Exposed(layer, before_activation):
            out = self._silently(original, layer, *args, **kwargs)
        drawn.activation, drawn.activated = fused, True
        self._glimpse(drawn, "post", out, axis)
        softmax = softmax_of(fused, out, -1, axis)
        ways = {drawn.name: ()}
        self._put(out, Track(drawn, ways, axis, activated=True, last=fused, softmax=softmax))
        return out

    def _inputs(self, track: Track | None) -> tuple[str, ...]:
        if track is not None:
            return track.sources
        # From something that was not seen: most likely the last layer that nothing has followed.
        for drawn in reversed(self.drawn):
            if not drawn.followed:
                drawn.lost = True
                return (drawn.name,)
        return ()

    def _follow(self, track: Track | None) -> None:
        if track is not None and track.owner is not None:
            track.owner.followed = True

    def _activation(
        self, name: str | None, before: Any, out: Any, label: str, layer: Any, over: Any
    ) -> None:
        """`over`: the axes that a softmax sums over."""
        if out is before or not tensors.is_tensor(out):
            return
        track = self.lineage.get(before)
        axis = self._axis if track is None else track.axis
        owner = None if track is None or track.activated else track.owner
        ways: Ways = {} if track is None else track.ways
        if owner is not None and not owner.activated:
            owner.activation, owner.activated = name, True
            self._glimpse(owner, "post", out, axis)
            softmax = softmax_of(name, out, over, axis)
            self._put(out, Track(owner, ways, axis, activated=True, last=name, softmax=softmax))
        elif name in ("softmax", "log_softmax") or len(out.shape) < 2:
            self._follow(track)
            softmax = softmax_of(name, out, over, axis)
            self._put(out, Track(None, ways, axis, last=name, softmax=softmax))
        else:
            self._follow(track)
            label = label or self._unique(name or "activation")
            channels, positions = self._maps(out, axis)
            drawn = Drawn(
                name=label,
                index=len(self.drawn),
                kind=LayerKind.ACTIVATION,
                type_name=label.split("#")[0] if layer is None else type(layer).__name__,
                channels=channels,
                positions=positions,
                inputs=() if track is None else track.sources,
                paths=() if track is None else track.paths,
                trainable=False,
                activation=name,
                activated=True,
            )
            self.drawn.append(drawn)
            self._glimpse(drawn, "post", out, axis)
            self._put(out, Track(None, {label: ()}, axis, activated=True, last=name))

    def _norm(self, layer: Any, before: Any, out: Any) -> None:
        track = self.lineage.get(before)
        if track is None or track.owner is None or track.activated:
            self._pass(Role.CARRY, ((before,), {}), out, _unmoved)
            return
        part = self.parts[track.owner.name]
        if part.norm is None:
            part.norm = weakref.ref(layer)
        track.owner.normalised = True
        self._put(out, Track(track.owner, track.ways, track.axis))

    def _pass(self, role: Role, taken: Any, out: Any, window_of: WindowOf) -> None:
        """A known function that is no activation took tensors and gave others."""
        found = [(leaf, self.lineage.get(leaf)) for leaf in tensors.leaves(taken)]
        tracks = [track for _, track in found if track is not None]
        if not tracks:
            return
        axis = tracks[0].axis
        if role in (Role.SUM, Role.JOIN) and len(tracks) == 1:
            # Beside it a number, a variable, or a tensor whose origin was not seen.
            rank = len(out.shape) if hasattr(out, "shape") else 0
            others = [leaf for leaf, track in found if track is None and _like_maps(leaf, rank)]
            role = role if others else Role.CARRY
        if role is Role.CARRY:
            track = tracks[0]
            source = next(leaf for leaf, of in found if of is not None)
            window = self._window(role, window_of, source, out, axis)
            self._put(out, track if window is None else replace(track, ways=track.through(window)))
            return
        for track in tracks:
            self._follow(track)
            if role is Role.SUM and track.owner is not None:
                track.owner.residual = True
        kept = tracks[0] if role is Role.RESHAPE else Track(None, {}, axis)
        ways = [
            track.through(self._window(role, window_of, leaf, out, axis))
            for leaf, track in found
            if track is not None
        ]
        self._put(out, replace(merged(ways, axis), last=kept.last, softmax=kept.softmax))

    def _window(
        self, role: Role, window_of: WindowOf, taken: Any, out: Any, axis: int
    ) -> Window | None:
        """What lies between a tensor taken and one given."""
        if role in (Role.SUM, Role.JOIN) or not hasattr(out, "shape"):
            return None
        before, after = (windows.positions_of(one, axis) for one in (taken, out))
        return window_of(before, after, axis)

    def _through(self, args: Any, kwargs: Any, out: Any) -> None:
        """A layer was looked into; what could not be followed inside it comes from its inputs."""
        unseen = [
            leaf
            for leaf in tensors.leaves(out)
            if tensors.is_tensor(leaf) and self.lineage.get(leaf) is None
        ]
        known = [(leaf, self.lineage.get(leaf)) for leaf in tensors.leaves((args, kwargs))]
        tracks = [(leaf, track) for leaf, track in known if track is not None]
        if not unseen or not tracks:
            return
        ways: list[Ways] = []
        for leaf, track in tracks:
            if track.owner is not None and not track.activated:
                track.owner.lost = True
            positions = windows.positions_of(leaf, track.axis)
            window = Window(WindowKind.OTHER, positions=positions) if positions else None
            ways.append(track.through(window))
        for leaf in unseen:
            self.lineage.put(leaf, merged(ways, self._axis))

    def _put(self, out: Any, track: Track) -> None:
        for leaf in tensors.leaves(out):
            if tensors.is_tensor(leaf):
                self.lineage.put(leaf, track)

    def _maps(self, maps: Any, axis: int) -> tuple[int, tuple[int, ...]]:
        shape = [int(size) for size in maps.shape]
        channels = shape.pop(axis if len(shape) > 2 else 1)
        return channels, tuple(shape[1:])

    def _glimpse(self, drawn: Drawn, part: str, maps: Any, axis: int) -> None:
        if len(maps.shape) < 2 or int(maps.shape[0]) != self._images:
            return
        self._show(self._settled.get(drawn.name) or provisional(drawn), part, maps, axis)

    def _show_input(self, drawn: Drawn, maps: Any, axis: int) -> None:
        """What goes into a weight layer, under its name."""
        if len(maps.shape) >= 2 and int(maps.shape[0]) == self._images:
            channels, positions = self._maps(maps, axis)
            shown = replace(provisional(drawn), channels=channels, positions=positions)
            self._show(shown, "in", maps, axis)

    def _show(self, layer: Layer, part: str, maps: Any, axis: int) -> None:
        if self._keep(layer.name):
            # Until it has returned: an error on the way is not the model's.
            self.failed = True
            self._shown(layer, part, maps, axis)
            self.failed = False


class _Exposed:
    """Shows what goes into a layer's activation, inside the block."""

    def __init__(self, layer: Any, show: Callable[[Any], None]) -> None:
        self._layer, self._show = layer, show
        self._shown = False

    def __enter__(self) -> None:
        activation = self._layer.activation
        # Past `Layer.__setattr__`, which tracks what it is given; on the torch backend an
        # activation that is a module is not in `__dict__`, and this hides it until the block ends.
        self._own = "activation" in self._layer.__dict__
        self._before = activation

        def shown(maps: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._shown:
                self._shown = True
                self._show(maps)
            return activation(maps, *args, **kwargs)

        self._layer.__dict__["activation"] = shown

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._layer.__dict__["activation"] = self._before
        else:
            del self._layer.__dict__["activation"]


def _first(args: Any, kwargs: Any) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _unmoved(taken: windows.Positions, given: windows.Positions, axis: int) -> None:
    del taken, given, axis


def _like_maps(value: Any, rank: int) -> bool:
    return tensors.is_tensor(value) and len(value.shape) == rank
