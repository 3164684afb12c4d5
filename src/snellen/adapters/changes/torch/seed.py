"""Another seed and nothing else."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Around, Patches

TORCH: tuple[tuple[Any, str], ...] = (
    (torch, "manual_seed"), (torch.random, "manual_seed"),
    (torch.cuda, "manual_seed"), (torch.cuda, "manual_seed_all"),
    (torch.cuda.random, "manual_seed"), (torch.cuda.random, "manual_seed_all"),
)  # fmt: skip
SMALLEST = -(2**63)
"""Seeds of PyTorch have 64 bits, with a sign or without; those of NumPy 32 bits without one."""


def arm(effect: Effect, patches: Patches, *, offset: int) -> None:
    """Add `offset` to each global seed that is set from now on, and set all three once.

    With an `offset` of 0 nothing at all is touched. Seeds that a script draws (`seed()`,
    `torch.seed()`) stay drawn.
    """
    if not offset:
        return
    random.seed(offset)
    np.random.seed(offset % 2**32)
    torch.manual_seed(offset)
    effect.did("random streams begun with a seed")
    under_way = False
    """`torch.manual_seed` and `torch.seed` seed the devices by the other functions."""

    def drawing(original: Any) -> Any:
        nonlocal under_way
        under_way = True
        try:
            return original()
        finally:
            under_way = False

    def shifting(shift: Callable[[int], int]) -> Around:
        def seeding(original: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal under_way
            seed = args[0] if args else kwargs.get("seed", kwargs.get("a"))
            if under_way or seed is None:
                return original(*args, **kwargs)
            if not hasattr(seed, "__index__"):
                effect.cannot("seeds that are no whole numbers stay")
                return original(*args, **kwargs)
            effect.did("seeds shifted")
            under_way = True
            try:
                return original(shift(seed.__index__()), *args[1:])
            finally:
                under_way = False

        return seeding

    patches.around(random, "seed", shifting(lambda seed: seed + offset))
    patches.around(np.random, "seed", shifting(lambda seed: (seed + offset) % 2**32))
    for owner, name in TORCH:
        patches.around(
            owner, name, shifting(lambda seed: (seed + offset - SMALLEST) % 2**64 + SMALLEST)
        )
    for owner in (torch, torch.random):
        patches.around(owner, "seed", drawing)
