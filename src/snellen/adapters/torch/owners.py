"""Which of the watched models an optimizer trains."""

from __future__ import annotations

import weakref
from collections.abc import Collection

from torch.optim.optimizer import Optimizer

from snellen.adapters.torch.watched import Watched


def stepped_by(models: Collection[Watched], optimizer: Optimizer) -> list[Watched]:
    """The models of which this update counts as a step."""
    found: list[Watched] = []
    for watched in models:
        primary = watched.primary() if watched.primary is not None else None
        if primary is optimizer:
            watched.others = 0
            found.append(watched)
        elif not watched.holds(optimizer):
            continue
        elif primary is not None:
            # The second in a row: the training has gone over to this optimizer.
            watched.others += 1
            if watched.others >= 2:
                _settle(watched, optimizer)
                found.append(watched)
        elif watched.calls and _part_of_another(watched, models):
            watched.calls.clear()
        elif watched.calls:
            _settle(watched, optimizer)
            found.append(watched)
    return found


def _settle(watched: Watched, optimizer: Optimizer) -> None:
    watched.primary, watched.others = weakref.ref(optimizer), 0
    watched.model.optimizer = optimizer


def _part_of_another(watched: Watched, models: Collection[Watched]) -> bool:
    """It was called by itself, and also as part of a model that this step trains."""
    others = (w for w in models if w.calls and w is not watched)
    return any(other.contains(watched.module) for other in others)
