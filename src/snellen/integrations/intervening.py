"""`snellen.intervene`: one change to a training, for one's own experiments."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from snellen.adapters.changes import Effect, Patches, arm
from snellen.core import SnellenError
from snellen.trials.interventions import INTERVENTIONS, Intervention, made

FRAMEWORKS = ("torch", "keras")


class InterventionError(SnellenError):
    """There is no such change, or nothing that it could be made to."""


class Intervened:
    """What one change did. Read it while its block runs, or after it."""

    def __init__(self, intervention: Intervention, framework: str, effect: Effect) -> None:
        self.intervention = intervention
        self.framework = framework
        """`torch` or `keras`: at whose boundary the change is made."""
        self._effect = effect

    @property
    def done(self) -> Mapping[str, int]:
        """What was really changed, with how often; empty: nothing."""
        return self._effect.done

    @property
    def limits(self) -> tuple[str, ...]:
        """What could not be changed, and why."""
        return self._effect.limits

    def __repr__(self) -> str:
        did = ", ".join(f"{times} {what}" for what, times in self.done.items()) or "nothing yet"
        not_ = f"; not: {'; '.join(self.limits)}" if self.limits else ""
        return f"<snellen: with {self.intervention.sentence()}: {did}{not_}>"


@contextmanager
def intervene(
    name: str, *, framework: str | None = None, **parameters: Any
) -> Generator[Intervened]:
    """Make one change to whatever trains inside the block, and take it off again afterwards.

    `name` and `parameters` are those of an intervention: `intervene("learning-rate", factor=0.1)`.
    It acts where the framework does the work, whatever models and optimisers the block makes or
    brings. `framework` is `torch` or `keras`, the one that trains; it has to be given only where
    both are imported, and Keras does not run on PyTorch. What was trained under the change stays as
    it is trained. Blocks may stand inside one another. Raises `InterventionError` for a change or a
    parameter that there is not, and where no framework is imported.
    """
    intervention = _made(name, parameters)
    chosen = _framework(framework)
    effect, patches = Effect(), Patches()
    try:
        arm(name, chosen, intervention.parameters, effect, patches)
        yield Intervened(intervention, chosen, effect)
    finally:
        patches.undo()


def _made(name: str, parameters: Mapping[str, Any]) -> Intervention:
    if name not in INTERVENTIONS:
        raise InterventionError(
            f"no intervention {name!r}; there are: {', '.join(sorted(INTERVENTIONS))}"
        )
    fields: Any = INTERVENTIONS[name]
    known = [field.name for field in dataclasses.fields(fields)]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise InterventionError(f"{name} has no parameter {', '.join(unknown)}; {has}")
    return made(name, parameters)


def _framework(told: str | None) -> str:
    if told is not None and told not in FRAMEWORKS:
        raise InterventionError(f"framework {told!r} is neither `torch` nor `keras`")
    wanted = FRAMEWORKS if told is None else (told,)
    imported = [name for name in wanted if name in sys.modules]
    if not imported:
        raise InterventionError(f"import {' or '.join(wanted)} before the block")
    if len(imported) == 1:
        return imported[0]
    # Keras on PyTorch brings both, and is what trains.
    keras: Any = sys.modules["keras"]
    if keras.backend.backend() == "torch":
        return "keras"
    raise InterventionError(
        'torch and keras are both imported; say which one trains: framework="torch" or "keras"'
    )
