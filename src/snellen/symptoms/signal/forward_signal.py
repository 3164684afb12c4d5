"""S08 forward-signal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.depth import fit
from snellen.symptoms.phases import Phase
from snellen.symptoms.structure import hidden, is_gate, part_of
from snellen.symptoms.wording import amount


@dataclass(frozen=True)
class SignalOverDepth:
    """The size of the maps from the first layer to the last, before the first step."""

    factor: float
    """Root mean square of one layer's maps over that of the layer before, as fitted over all."""
    overall: float
    """The fitted factor from the first layer to the last."""
    layers: int
    first: float
    last: float
    """Root mean square of the first and the last layer's maps."""
    low: float
    high: float
    """The allowed range of `overall`; below `per_layer_low` per layer is worth a note."""
    per_layer_low: float

    def sentence(self) -> str:
        allowed = (
            f"{amount(self.low)} to {amount(self.high)} over the whole depth"
            if not self.low <= self.overall <= self.high
            else f"at least {amount(self.per_layer_low)} per layer"
        )
        return (
            f"before the first step the maps' root mean square changed by a factor of "
            f"{amount(self.factor)} per layer over {self.layers} layers, from "
            f"{amount(self.first)} to "
            f"{amount(self.last)} (allowed: {allowed})"
        )


@dataclass(frozen=True)
class SignalDrop:
    """One layer whose maps are far weaker than those it reads."""

    ratio: float
    rms: float
    before: str
    before_rms: float
    allowed: float

    def sentence(self) -> str:
        return (
            f"before the first step the maps' root mean square was {amount(self.rms)}, "
            f"{amount(self.ratio)} "
            f"of {amount(self.before_rms)} in {self.before} (allowed: at least "
            f"{amount(self.allowed)})"
        )


@dataclass(frozen=True)
class ForwardSignal(Symptom):
    """A signal that fades or explodes on its way forward.

    ## What it finds
    Networks whose maps shrink or grow geometrically with depth before the first step, and single
    layers whose maps are less than a tenth as strong as those they read. It fits ln rms over the
    layers that have no normalisation; in theory a ReLU layer has the factor 1.0 under He's
    initialisation, 0.71 under Glorot's at equal width, and 0.41 under PyTorch's default.

    ## Why it matters
    Where the signal has faded, the biases decide what the last layers put out, and the gradients of
    all weights shrink with it; where it has exploded, so have the first losses and updates.

    ## Common causes
    An initialisation that does not fit the activation or the depth; many layers without
    normalisation or skip connections; residual sums without any scaling.

    ## What looks similar
    It is the last layers that fade, never the first: first layers that do not learn are
    vanishing-gradients. Pooling and strides change the size a little. Normalised layers re-scale
    themselves and are left out; residual branches that begin at zero are too. Adam copes with a
    small scale, so without harm this is a note.

    ## Example
    18 convolutions with ReLU in PyTorch's default initialisation: ×0.41 per layer, a millionth at
    the end.

    ## References
    - He et al., Delving Deep into Rectifiers, 2015, https://arxiv.org/abs/1502.01852
    - Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
      2010, https://proceedings.mlr.press/v9/glorot10a.html
    - Hanin and Rolnick, How to Start Training: The Effect of Initialization and Architecture, 2018,
      https://arxiv.org/abs/1803.01719
    - Brock et al., Characterizing signal propagation to close the performance gap in unnormalized
      ResNets, 2021, https://arxiv.org/abs/2101.08692
    """

    code = "S08"
    name = "forward-signal"
    since = "0.1"
    reads = (MapSummary,)
    phases = frozenset({Phase.INIT})
    min_images = 20
    needs_activation = True

    min_overall: float = threshold(
        1e-3,
        unit="rms of the last layer over that of the first",
        because="plain networks below it depended on Adam to learn at all",
    )
    max_overall: float = threshold(
        1e3,
        unit="rms of the last layer over that of the first",
        because="a residual sum without scaling reached 4e6 over 32 layers",
    )
    min_factor: float = threshold(
        0.8,
        unit="rms of a layer over that of the layer before, as fitted",
        because="below it the depth is limited; Glorot's rule with doubling widths gave 0.6",
    )
    min_local: float = threshold(
        0.1,
        unit="rms of a layer over that of the layers it reads",
        because="no usual initialisation, pooling or stride weakens a signal tenfold in one layer",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in subject.layers if _applies(subject, x)]
        if len(layers) < 3 or 2 * len(layers) < len(hidden(subject)):
            # Before the first step a BatchNorm in evaluation mode knows nothing of the signal yet,
            # so what little is left between normalised layers shows no law.
            return
        sizes: dict[str, MapSummary] = {}
        for layer in layers:
            checks = subject.history(layer.name, MapSummary, part_of(layer))
            if checks and checks[0].step == 0:
                sizes[layer.name] = checks[0].value
        if len(sizes) < 3:
            yield Unjudged("", "the maps before the first step")
            return
        yield self._over_depth(sizes)
        for layer in layers:
            drop = self._drop(layer, sizes)
            if drop is not None:
                yield drop

    def _over_depth(self, sizes: dict[str, MapSummary]) -> Opinion:
        images = min(maps.images for maps in sizes.values())
        law = fit([maps.rms for maps in sizes.values()])
        if law is None:
            return Unjudged("", "three layers with finite maps that are not zero")
        off = not self.min_overall <= law.overall <= self.max_overall
        if not off and law.factor >= self.min_factor:
            return Healthy("", images, 0)
        evidence = SignalOverDepth(
            law.factor,
            law.overall,
            law.layers,
            law.first,
            law.last,
            self.min_overall,
            self.max_overall,
            self.min_factor,
        )
        severity = Severity.WARNING if off else Severity.NOTE
        return Suspicion("", severity, evidence, step=0, images=images, at=0)

    def _drop(self, layer: Layer, sizes: dict[str, MapSummary]) -> Opinion | None:
        if layer.name not in sizes or not layer.inputs or any(x not in sizes for x in layer.inputs):
            return None
        rms = sizes[layer.name].rms
        before = min(layer.inputs, key=lambda name: sizes[name].rms)
        before_rms = sizes[before].rms
        # `not >`: NaN and zero have no ratio.
        if not before_rms > 0 or not np.isfinite(rms) or rms >= self.min_local * before_rms:
            return None
        return Suspicion(
            layer.name,
            Severity.WARNING,
            SignalDrop(rms / before_rms, rms, before, before_rms, self.min_local),
            step=0,
            images=sizes[layer.name].images,
            at=0,
        )


def _applies(subject: Subject, layer: Layer) -> bool:
    """Layers whose scale is free: no normalisation, no branch that may begin at zero, no switch."""
    if layer.head or layer.normalised or layer.activation is None or is_gate(subject, layer):
        return False
    if any(x.normalised for x in subject.layers if x.name in layer.inputs and not layer.weighted):
        return False
    return not (layer.residual and layer.activation == "linear")
