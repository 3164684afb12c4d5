"""S57 parameters-without-optimizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.core import Layer, Severity
from snellen.record import Subject
from snellen.stats import WeightState
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, threshold
from snellen.symptoms.beginnings import fresh
from snellen.symptoms.facts import entries, loaded, size, text
from snellen.symptoms.wording import count, percent


@dataclass(frozen=True)
class Orphans:
    """Parameters that take gradients and that no optimizer holds."""

    layers: tuple[str, ...]
    of: int
    """Weight layers of the model."""
    elements: int
    share: float
    """Of all weights of these layers and the others, 0 to 1."""
    head: bool
    """The head is among them."""
    loaded: bool

    def sentence(self) -> str:
        named = ", ".join(self.layers[:3]) + (" ..." if len(self.layers) > 3 else "")
        why = ", as if the rest were to stay as loaded" if self.loaded else ""
        head = " (the head is among them)" if self.head else ""
        return (
            f"no optimizer holds the weights of {len(self.layers)} of {count(self.of, 'layer')}, "
            f"{named}{head}: {percent(self.share)} of the weights take gradients but never change"
            f"{why} (allowed: none)"
        )


@dataclass(frozen=True)
class ParametersWithoutOptimizer(Symptom):
    """Layers that take gradients but that no optimizer updates.

    ## What it finds
    Layers whose kernel takes gradients, is not held by any optimizer, and is the same at the end as
    before the first step.

    ## Why it matters
    They stay as random as they were initialised, without any message. The others can only make the
    best of it.

    ## Common causes
    `optim.SGD(model.fc.parameters())` where `model.parameters()` was meant; a layer that was added
    or replaced after the optimizer was made; `apply_gradients` on some of the variables.

    ## What looks similar
    Frozen layers (`requires_grad=False`, `trainable=False`) take no gradients on purpose. Where
    weights were loaded, or bear marks of an earlier training, training the head alone is usual: a
    note. Copies that follow the network by
    averaging change without an optimizer. Parts that the forward pass never uses are not counted.

    ## Example
    `model.fc = nn.Linear(512, 10)` after `optimizer = SGD(model.parameters())`: the new head is
    never trained.

    ## References
    - PyTorch, torch.optim: constructing it, https://docs.pytorch.org/docs/stable/optim.html
    """

    code = "S57"
    name = "parameters-without-optimizer"
    since = "0.1"
    reads = (WeightState,)
    learning_only = True

    error_share: float = threshold(
        0.5, unit="share of the weights", because="most of the network is not trained"
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        listed = entries(subject, "unoptimised")
        layers = [x for x in subject.layers if x.weighted and x.trainable]
        if listed is None or not layers:
            return
        kernels: dict[str, int] = {}
        for entry in listed:
            name = text(entry, "layer")
            kernels[name] = max(kernels.get(name, 0), size(entry, "elements"))
        orphans = [x for x in layers if _is_kernel(x, kernels) and _still(subject, x)]
        if not orphans:
            yield Healthy("")
            return
        elements = sum(kernels[x.name] for x in orphans)
        total = sum(_weights(x) for x in layers)
        head = any(x.head for x in orphans)
        tuned = loaded(subject) or all(fresh(subject, x) is False for x in orphans)
        most = head or elements >= self.error_share * total
        yield Suspicion(
            "" if len(orphans) > 1 else orphans[0].name,
            # Loaded weights may stay as they are; a head was hardly meant to.
            Severity.NOTE if tuned and not head else Severity.ERROR if most else Severity.WARNING,
            Orphans(
                tuple(x.name for x in orphans),
                len(layers),
                elements,
                min(1.0, elements / total) if total else 0.0,
                head,
                tuned and not head,
            ),
            step=0,
            evident=not tuned,
        )


def _weights(layer: Layer) -> int:
    product = 1
    for length in layer.weight_shape:
        product *= length
    return product if layer.weight_shape else 0


def _is_kernel(layer: Layer, kernels: dict[str, int]) -> bool:
    """Whether the layer's kernel is among the parameters, not its bias or normalisation alone."""
    elements = kernels.get(layer.name, 0)
    return elements > 0 and elements >= 0.5 * _weights(layer)


def _still(subject: Subject, layer: Layer) -> bool:
    """Whether the kernel stayed as it was; so too where its change was not measured."""
    state = subject.last(layer.name, WeightState)
    return state is None or not state.value.distance.any()
