"""ReLU in place of saturating activations."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.sites import Site, Sites
from snellen.adapters.changes.torch.tape import Tape
from snellen.adapters.patches import Patches
from snellen.adapters.torch.operations import PRODUCTS
from snellen.adapters.torch.undisturbed import asking

SATURATING = {
    "sigmoid", "sigmoid_", "special_expit", "tanh", "tanh_", "hardsigmoid", "hardtanh", "hardtanh_",
    "log_sigmoid", "softsign",
}  # fmt: skip
"""Functions of `torch`, of `torch.nn.functional` and of tensors, by name."""


def arm(effect: Effect, patches: Patches) -> None:
    """Call ReLU where a model calls an activation that saturates."""

    def relu(site: Site) -> Any:
        given: Tensor = site.argument(0, "input")
        if site.function.__name__ == "hardtanh" and site.argument(1, "min_val", -1.0) >= 0:
            # A ReLU with a maximum.
            return site.run()
        if site.kwargs.get("out") is not None:
            effect.cannot("activations written into a given tensor stay")
            return site.run()
        if not asking():
            effect.did("saturating activations replaced by ReLU")
        in_place = site.function.__name__.endswith("_") or _in_place(site)
        return torch.relu_(given) if in_place else torch.relu(given)

    Sites(effect, patches, SATURATING, _chosen, relu)


def _in_place(site: Site) -> bool:
    place = {"hardtanh": 3, "hardsigmoid": 1}.get(site.function.__name__)
    return place is not None and bool(site.argument(place, "inplace", default=False))


def _chosen(tape: Tape, number: int) -> bool:
    behind = tape.layers_behind(number)
    if not behind or tape.makes_output(number) or _gates(tape, number):
        return False
    return not any(_recurrent(tape, i) for i in behind)


def _recurrent(tape: Tape, layer: int) -> bool:
    """What it made goes back into its own weights, or came out of them."""
    weights = set(tape.steps[layer].weights)
    others = tape.behind(layer) | tape.ahead(layer)
    return any(weights.intersection(tape.steps[i].weights) for i in others)


def _gates(tape: Tape, number: int) -> bool:
    """Other maps are multiplied with it, and not with a gate that was made of it."""
    own = {number, *(i for i in tape.until_layers(number) if not tape.steps[i].layer)}
    return any(
        a in own and a != b and a not in tape.behind(b)
        for i in own
        if tape.steps[i].name in PRODUCTS
        for a in tape.steps[i].given
        for b in tape.steps[i].given
    )
