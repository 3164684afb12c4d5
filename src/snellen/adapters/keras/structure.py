"""The layers of a model as a pass has left them: settled."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.adapters.keras.lineage import Drawn
from snellen.core import Layer, LayerKind
from snellen.stats.rails import RAILS


def provisional(drawn: Drawn) -> Layer:
    """What is known of a layer while the pass is still going on."""
    return _layer(drawn, drawn.activation if drawn.activated else None, head=False, output=None)


def settle(drawn: Sequence[Drawn], sources: Sequence[str], last: str | None) -> tuple[Layer, ...]:
    """The layers of a pass that has ended.

    `sources`: the layers that the model's output comes out of; `last`: the activation it left by.
    A layer that nothing known followed and that is not the output has an unknown activation.
    """
    heads = _heads(drawn, sources)
    return tuple(
        _layer(
            layer,
            _activation(layer, layer.name in sources),
            head=layer.name in heads,
            output=last if layer.name in heads else None,
        )
        for layer in drawn
    )


def _activation(drawn: Drawn, output: bool) -> str | None:
    if drawn.activated:
        return drawn.activation if drawn.activation in RAILS else None
    if drawn.lost or not (drawn.followed or output):
        return None
    return "linear"


def _heads(drawn: Sequence[Drawn], sources: Sequence[str]) -> set[str]:
    by_name = {layer.name: layer for layer in drawn}
    reading = {
        name for layer in drawn if layer.kind is not LayerKind.ACTIVATION for name in layer.inputs
    }
    heads: set[str] = set()
    waiting = list(sources)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        layer = by_name.get(name)
        if layer is None or name in seen:
            continue
        seen.add(name)
        if layer.kind is LayerKind.ACTIVATION:
            waiting.extend(layer.inputs)
        elif name not in reading:
            heads.add(name)
    return heads


def _layer(drawn: Drawn, activation: str | None, *, head: bool, output: str | None) -> Layer:
    return Layer(
        name=drawn.name,
        index=drawn.index,
        kind=drawn.kind,
        type_name=drawn.type_name,
        channels=drawn.channels,
        positions=drawn.positions,
        activation=activation,
        normalised=drawn.normalised,
        inputs=drawn.inputs,
        residual=drawn.residual,
        groups=drawn.groups,
        transposed=drawn.transposed,
        head=head,
        trainable=drawn.trainable,
        weight_shape=drawn.weight_shape,
        output_activation=output,
        window=drawn.window,
        paths=drawn.paths,
    )
