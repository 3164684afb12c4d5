"""The intervention `dropout`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class ScaledDropout(Intervention):
    """Dropout's rate times a factor.

    All kinds of dropout layers and functions, in training mode; masks that a script draws by hand
    are not known for dropout. Where the rate becomes 0 no random number is drawn for it, so that
    what the script draws next is not what it drew without the change. Layers go on showing the rate
    that the script gave them, to whoever watches too.
    """

    name = "dropout"

    factor: float = 0.0
    """0 to 1; 0 switches dropout off."""

    def sentence(self) -> str:
        return "no dropout" if not self.factor else f"dropout times {self.factor:.3g}"
