"""The optimizers that there are, and what they hold."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import gc
import weakref
from typing import Any

from torch import nn
from torch.optim.optimizer import Optimizer

SEARCHED_STEPS = 3
"""Updates by an optimizer whose model is looked for in vain before it counts as having none."""
DORMANT_STEPS = 200
"""Updates by others after which an optimizer that never stepped no longer keeps the hooks in
place."""


class Optimizers:
    def __init__(self) -> None:
        self._all: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._unfound: weakref.WeakKeyDictionary[Optimizer, tuple[int, int]] = (
            weakref.WeakKeyDictionary()
        )
        """Optimizers whose models have yet to be found: updates made by all when it was built, and
        its own."""
        self._steps = 0

    def made(self, optimizer: Optimizer) -> None:
        self._all.add(optimizer)
        self._unfound[optimizer] = (self._steps, 0)

    def find_all(self) -> None:
        """Those that were built before anyone watched; walks through all objects there are."""
        for value in gc.get_objects():
            # By its type: asking a lazy object for its class may load what it stands for.
            if issubclass(type(value), Optimizer):
                self._all.add(value)

    def stepped(self, optimizer: Optimizer, *, found: bool) -> bool:
        """It made an update. `True` once its model was looked for in vain."""
        self._steps += 1
        self._all.add(optimizer)
        known = self._unfound.get(optimizer)
        if known is None:
            return False
        made, tried = known
        if not found and tried + 1 < SEARCHED_STEPS:
            self._unfound[optimizer] = (made, tried + 1)
            return False
        del self._unfound[optimizer]
        return not found

    @property
    def searching(self) -> bool:
        """Some optimizer's model may still have to be found."""
        return any(
            tried > 0 or self._steps - made < DORMANT_STEPS
            for made, tried in self._unfound.values()
        )

    def unheld(self, module: nn.Module) -> dict[str, nn.Parameter]:
        """Parameters that could learn and that no optimizer holds, by name."""
        held = {id(p) for o in self._all for group in o.param_groups for p in group["params"]}
        return {
            name: p
            for name, p in module.named_parameters()
            if p.requires_grad and id(p) not in held
        }


def listed(unheld: dict[str, nn.Parameter]) -> list[dict[str, Any]]:
    """As the run's facts have them."""
    return [
        {"parameter": name, "layer": name.rpartition(".")[0], "elements": p.numel()}
        for name, p in unheld.items()
    ]
