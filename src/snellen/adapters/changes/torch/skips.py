"""A skip around each convolution that keeps the shape of its input."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.normalisation import CONVOLUTIONS
from snellen.adapters.changes.torch.sites import Site, Sites
from snellen.adapters.changes.torch.tape import Tape
from snellen.adapters.patches import Patches
from snellen.adapters.torch.undisturbed import asking


def arm(effect: Effect, patches: Patches) -> None:
    """Add what convolutions read to what they put out."""

    def with_skip(site: Site) -> Any:
        given: Tensor = site.argument(0, "input")
        made: Tensor = site.run()
        if given.shape != made.shape:
            # In another pass they were the same.
            return made
        if not asking():
            effect.did("convolutions with a skip around them")
        return torch.add(made, given)

    Sites(effect, patches, CONVOLUTIONS, _chosen, with_skip)


def _chosen(tape: Tape, number: int) -> bool:
    step = tape.steps[number]
    keeps = step.given_shape == step.shape
    return keeps and not tape.makes_output(number) and not tape.bypassed(number)
