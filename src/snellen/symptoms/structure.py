"""Reading a network's structure: which layers an idea applies to."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.core import Layer, LayerKind
from snellen.record import Clock, Subject
from snellen.stats import RAILS, TargetKind, Targets

GATES = ("sigmoid", "hard_sigmoid")


def squashes(layer: Layer) -> bool:
    return (
        layer.activation is not None
        and layer.activation in RAILS
        and RAILS[layer.activation].squashes
    )


def zeroes(layer: Layer) -> bool:
    """Whether its activation puts out exact zeros."""
    return (
        layer.activation is not None
        and layer.activation in RAILS
        and RAILS[layer.activation].zeroes
    )


def part_of(layer: Layer) -> str:
    """The map that the next layer reads: `post`, or `pre` where no activation follows."""
    return "pre" if layer.activation == "linear" else "post"


def is_gate(subject: Subject, layer: Layer) -> bool:
    """A lone sigmoid in a network of other activations: a switch (squeeze-and-excitation,
    attention), which is meant to saturate or to stand still."""
    if layer.activation not in GATES or layer.head:
        return False
    hidden = [x for x in subject.layers if not x.head and x.activation not in (None, "linear")]
    return 2 * sum(x.activation in GATES for x in hidden) <= len(hidden)


def convolutional(subject: Subject) -> bool:
    """Whether the model has a convolution: others read no images, or not as such."""
    return any(layer.kind is LayerKind.CONV for layer in subject.layers)


def hidden(subject: Subject) -> tuple[Layer, ...]:
    """Every layer but the heads."""
    return tuple(layer for layer in subject.layers if not layer.head)


def head(subject: Subject) -> Layer | None:
    heads = [layer for layer in subject.layers if layer.head]
    return heads[-1] if heads else None


def feeds_head(subject: Subject, layer: Layer) -> bool:
    """Whether a head reads from this layer: it is the penultimate one."""
    return any(layer.name in other.inputs for other in subject.layers if other.head)


def classes(subject: Subject) -> int | None:
    """Number of classes, for one class per image; `None` for any other kind of labels."""
    last = subject.last("", Targets, "", Clock.INLINE)
    if last is None or last.value.kind != TargetKind.CLASSES:
        return None
    final = head(subject)
    return max(len(last.value.counts), final.channels if final else 0)


def names(layers: Iterable[Layer]) -> tuple[str, ...]:
    return tuple(layer.name for layer in layers)
