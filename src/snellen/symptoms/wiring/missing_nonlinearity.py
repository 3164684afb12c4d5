"""S47 missing-nonlinearity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, LayerKind, Severity, WindowKind
from snellen.record import Subject
from snellen.stats import Linearity
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, threshold
from snellen.symptoms.structure import hidden
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class Straight:
    """A network that does no more than one linear layer, or little more."""

    layers: int
    """Hidden layers without an activation."""
    of: int
    curvature: float
    """Bend of the answers over their change; NaN when not measured."""
    max_pooling: bool
    """Pooling by the largest value is all that is not linear."""
    allowed: float

    def sentence(self) -> str:
        rest = "; max pooling alone is not linear" if self.max_pooling else ""
        if np.isfinite(self.curvature) and not self.max_pooling:
            return (
                f"the answers bend by {amount(self.curvature)} of their change when the images "
                f"change (allowed: more than {amount(self.allowed)}): {self.layers} of {self.of} "
                "hidden layers have no activation"
            )
        return (
            f"{self.layers} of {self.of} hidden layers have no activation "
            f"(allowed: not all of them){rest}"
        )


@dataclass(frozen=True)
class Pair:
    """Two convolutions with nothing between them."""

    first: str
    second: str

    def sentence(self) -> str:
        return (
            f"nothing stands between the convolutions {self.first} and {self.second}: the two can "
            "do no more than one larger one (allowed: an activation between them)"
        )


@dataclass(frozen=True)
class MissingNonlinearity(Symptom):
    """Layers in a row with no activation between them.

    ## What it finds
    Networks none of whose hidden layers has an activation, or whose answers follow a random change
    of the images in a straight line; and pairs of full convolutions, as wide as what they read, one
    reading the other without anything between.

    ## Why it matters
    Linear layers in a row are one linear layer, whatever their number. They can't tell apart what
    a weighted sum of pixels can't.

    ## Common causes
    An activation left out, or defined and never called; `activation=None`, the default of Keras'
    layers; activations replaced by `nn.Identity`.

    ## What looks similar
    Linear bottlenecks (MobileNetV2), depthwise-separable convolutions, the ends of residual
    branches, transposed convolutions before a join and 1×1 convolutions are linear on purpose. The
    head is linear. A linear network with max pooling may do well on easy images: a note.

    ## Example
    `Conv2D(32, 3), Conv2D(32, 3), Flatten(), Dense(10)` in Keras without `activation=`.

    ## References
    - Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018,
      https://arxiv.org/abs/1801.04381
    """

    code = "S47"
    name = "missing-nonlinearity"
    since = "0.1"
    reads = (Linearity,)

    min_curvature: float = threshold(
        1e-4,
        unit="‖f(x+d) + f(x−d) − 2f(x)‖ / ‖f(x+d) − f(x−d)‖",
        because="rounding leaves 1e-6; one rectified layer gives 0.1 and more",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in hidden(subject) if x.weighted]
        if not layers:
            return
        none = all(x.activation == "linear" for x in hidden(subject))
        if none or subject.last("", Linearity):
            yield self._whole(subject, layers)
        if none:
            return
        readers = _readers(subject)
        for layer in layers:
            following = readers.get(layer.name, [])
            if len(following) == 1 and _merges(layer, following[0]):
                yield Suspicion(
                    layer.name, Severity.WARNING, Pair(layer.name, following[0].name), step=0
                )

    def _whole(self, subject: Subject, layers: list[Layer]) -> Opinion:
        seen = subject.last("", Linearity)
        curvature = seen.value.curvature if seen else float("nan")
        linear = [x for x in layers if x.activation == "linear"]
        pooled = _max_pools(subject)
        straight = curvature < self.min_curvature
        none = len(linear) == len(hidden(subject))
        if none and not straight and not pooled and np.isfinite(curvature):
            # Something that was not seen as an activation bends the answers.
            return Healthy("")
        if not straight and not none:
            return Healthy("")
        if not linear:
            # Its rectifiers are all on or all off around these images: other symptoms say why.
            return Healthy("")
        return Suspicion(
            "",
            Severity.WARNING,
            Straight(
                len(linear),
                len(hidden(subject)),
                curvature,
                pooled and not straight,
                self.min_curvature,
            ),
            step=0,
        )


def _max_pools(subject: Subject) -> bool:
    return any(
        window.kind == WindowKind.MAX_POOL
        for layer in subject.layers
        for path in layer.paths
        for window in path
    )


def _readers(subject: Subject) -> dict[str, list[Layer]]:
    """The layers that read from each layer."""
    found: dict[str, list[Layer]] = {}
    for layer in subject.layers:
        for name in layer.inputs:
            found.setdefault(name, []).append(layer)
    return found


def _merges(first: Layer, second: Layer) -> bool:
    """Whether both are full convolutions, one behind the other, with nothing between them that
    could be meant."""
    plain = all(
        x.kind == LayerKind.CONV
        and x.groups == 1
        and not x.transposed
        and not x.residual
        and len(x.weight_shape) > 2
        and min(x.weight_shape[2:]) > 1
        for x in (first, second)
    )
    return (
        plain
        and first.activation == "linear"
        and second.inputs == (first.name,)
        and second.paths == ((),)
        and not second.head
        # A bottleneck narrows on purpose.
        and first.channels >= first.weight_shape[1]
    )
