"""S61 frozen-parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.beginnings import fresh
from snellen.symptoms.facts import entries, loaded, whole
from snellen.symptoms.wording import percent


@dataclass(frozen=True)
class Ice:
    """Frozen layers that nothing was ever learnt in."""

    layers: tuple[str, ...]
    of: int
    """Weight layers of the model."""
    share: float
    """Of the weights of these layers, 0 to 1."""
    random: bool
    """They hold the weights of their initialisation; else: little but them is left to train."""
    allowed: float

    def sentence(self) -> str:
        named = ", ".join(self.layers[:3]) + (" ..." if len(self.layers) > 3 else "")
        what = "random, untrained weights" if self.random else "the head among them"
        return (
            f"{len(self.layers)} of {self.of} layers ({named}) are frozen, with {what}: "
            f"{percent(self.share)} of the weights can't learn (allowed: {percent(self.allowed)} "
            "unless they were loaded)"
        )


@dataclass(frozen=True)
class FrozenParameters(Symptom):
    """Frozen layers with nothing in them worth keeping.

    ## What it finds
    Layers that take no gradients (`requires_grad=False`, `trainable=False`) although they hold
    the random weights they were initialised with; and networks of which nearly everything is
    frozen, the head included.

    ## Why it matters
    A frozen layer passes on whatever its weights make of the image. Random ones lose much of it,
    and no training brings it back.

    ## Common causes
    Freezing a backbone whose pretrained weights were never loaded (`weights=None`,
    `pretrained=False`); freezing before the head was replaced; a loop over parameters that freezes
    more than was meant.

    ## What looks similar
    Fine-tuning with a frozen pretrained backbone is good practice: where weights were loaded, only
    a frozen head counts. Layers that were trained earlier in the script and then frozen have moved,
    or no longer look like an initialisation. Small fixed filters (blurs, edge filters) are
    left out. A random backbone may be good enough for an easy task: then this is a note.

    ## Example
    `for p in model.features.parameters(): p.requires_grad = False` on a network built with
    `weights=None`.

    ## References
    - Yosinski et al., How transferable are features in deep neural networks?, 2014,
      https://arxiv.org/abs/1411.1792
    """

    code = "S61"
    name = "frozen-parameters"
    since = "0.1"
    reads = (WeightState,)

    max_share: float = threshold(
        0.2,
        unit="share of the weights, frozen and untrained",
        because="fixed filters made by hand are a small part of a network",
    )
    error_share: float = threshold(
        0.95, unit="share of the weights", because="next to nothing is left to learn with"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        layers = [x for x in subject.layers if x.weighted and x.weight_shape]
        frozen = [x for x in layers if not x.trainable]
        if not layers or entries(subject, "created_in_forward"):
            # Layers made in the forward pass look frozen, which is another symptom's.
            return
        if not frozen:
            looked = any(subject.last(x.name, WeightState) for x in layers)
            if looked or whole(subject, "frozen_parameters") is not None:
                yield Healthy("")
            return
        total = sum(_size(x) for x in layers)
        every = _frozen_share(subject, sum(_size(x) for x in frozen) / total)
        head = any(x.head for x in frozen)
        if head and every >= self.error_share and not _moved(subject, frozen):
            yield self._found(frozen, layers, every, random=False, severity=Severity.ERROR)
            return
        if loaded(subject):
            yield Healthy("")
            return
        known = [(x, fresh(subject, x)) for x in frozen]
        random = [x for x, untrained in known if untrained]
        share = sum(_size(x) for x in random) / total
        unknown = sum(_size(x) for x, untrained in known if untrained is None) / total
        if share > self.max_share:
            severity = Severity.ERROR if share >= self.error_share else Severity.WARNING
            yield self._found(random, layers, share, random=True, severity=severity)
        elif unknown > self.max_share:
            yield Unjudged("", "to know whether the frozen weights were ever trained")
        else:
            yield Healthy("")

    def _found(
        self,
        frozen: list[Layer],
        layers: list[Layer],
        share: float,
        *,
        random: bool,
        severity: Severity,
    ) -> Suspicion:
        return Suspicion(
            "",
            severity,
            Ice(tuple(x.name for x in frozen), len(layers), share, random, self.max_share),
            step=0,
        )


def _size(layer: Layer) -> int:
    return int(np.prod(layer.weight_shape))


def _frozen_share(subject: Subject, of_layers: float) -> float:
    """Share of all parameters that are frozen; of the layers' kernels where that is not known."""
    frozen, total = whole(subject, "frozen_parameters"), whole(subject, "parameters")
    return frozen / total if frozen is not None and total else of_layers


def _moved(subject: Subject, layers: list[Layer]) -> bool:
    states = [subject.last(x.name, WeightState) for x in layers]
    return any(s is not None and s.value.moved > 0 for s in states)
