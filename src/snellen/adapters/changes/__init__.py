"""What a trial changes in a training, done at the framework's boundary to an unchanged script.

`changes/torch/<change>.py` and `changes/keras/<change>.py` each hold one change as a function
`arm(effect, patches, **parameters)`: it is called right after the framework was imported, replaces
what must be replaced by means of `patches`, and tells `effect` what it really did. Which changes
there are, and with which parameters, is said by `snellen.trials.interventions`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from snellen.adapters.changes.effect import Effect
from snellen.adapters.patches import Patches

__all__ = ["Effect", "arm"]


class Arm(Protocol):
    """The one function of a change's module."""

    def __call__(self, effect: Effect, patches: Patches, **parameters: Any) -> None:
        """Arm the change in a framework that is imported already.

        From then on it acts by itself, whatever models and optimisers the script makes. It raises
        nothing into the script for what it can't do, but tells `effect.cannot`; and it changes
        nothing but what it says: no random numbers are drawn from the script's own streams.
        """
        ...


def arm(
    name: str, framework: str, parameters: Mapping[str, Any], effect: Effect, patches: Patches
) -> None:
    """Arm the change `name` (as in `learning-rate`) in `framework` (`torch` or `keras`).

    Raises `ModuleNotFoundError` where there is no such change for this framework.
    """
    place = f"snellen.adapters.changes.{framework}.{name.replace('-', '_')}"
    cast(Any, importlib.import_module(place)).arm(effect, patches, **parameters)
