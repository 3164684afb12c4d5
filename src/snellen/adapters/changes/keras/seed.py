"""Another seed and nothing else."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportMissingImports=false
from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Patches

_NAMESPACES = (
    "keras.utils",
    "keras.src.utils",
    "keras.src.utils.rng_utils",
    "keras._tf_keras.keras.utils",
)
_LIMIT = 1 << 32
"""Of NumPy's seeds, and of TensorFlow's within Keras."""


def arm(effect: Effect, patches: Patches, *, offset: int) -> None:
    """Shift what the script seeds from here on, and seed everything once before it does.

    A stream that the script has seeded before it imported Keras begins at another place as well.
    `keras.random.SeedGenerator()` and layers without a seed follow from these streams.
    """
    if not offset:
        return
    _seed_all(offset % _LIMIT)
    effect.did("streams seeded by the change")
    setting: list[int] = []

    def shifted(seed: Any) -> Any:
        if setting or seed is None:
            # Within `set_random_seed` it is shifted already; without a seed the streams differ.
            return seed
        if isinstance(seed, int | np.integer):
            effect.did("seeds shifted")
            return (int(seed) + offset) % _LIMIT
        effect.cannot("a seed that is no number is left")
        return seed

    def around(original: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (shifted(args[0]), *args[1:])
        else:
            kwargs = {
                name: shifted(value) if name in ("seed", "a") else value
                for name, value in kwargs.items()
            }
        return original(*args, **kwargs)

    def all_streams(original: Any, *args: Any, **kwargs: Any) -> Any:
        seed = shifted(args[0] if args else kwargs["seed"])
        setting.append(offset)
        try:
            return original(seed)
        finally:
            setting.pop()

    patches.around(random, "seed", around)
    patches.around(np.random, "seed", around)
    if "tensorflow" in sys.modules:
        patches.around(sys.modules["tensorflow"].random, "set_seed", around)
    for name in _NAMESPACES:
        if name in sys.modules and hasattr(sys.modules[name], "set_random_seed"):
            patches.around(sys.modules[name], "set_random_seed", all_streams)


def _seed_all(seed: int) -> None:
    """As `keras.utils.set_random_seed`, but a framework that isn't there is not imported for it."""
    import keras
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    # Keras makes it anew from Python's stream.
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)
    random.seed(seed)
    np.random.seed(seed)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed)
    if keras.backend.backend() == "torch":
        import torch

        torch.manual_seed(seed)
