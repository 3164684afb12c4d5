"""The intervention `clipping`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ClippedGradients(Intervention):
    """The norm of all gradients together is limited at each update, instead of the script's way.

    The script's own clipping is taken away, and with `None` nothing comes in its place.
    """

    name = "clipping"

    norm: float | None = 1.0
    """Largest norm, above 0; `None`: no clipping at all."""

    def sentence(self) -> str:
        if self.norm is None:
            return "gradients left unclipped"
        return f"the gradients' norm clipped at {self.norm:.3g}"
