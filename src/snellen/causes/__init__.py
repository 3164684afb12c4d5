"""The causes: every cause in this package, found by walking it.

To add a cause, add one file under the family it belongs to. There is no list to edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from snellen.causes._cause import UNMEASURED as UNMEASURED
from snellen.causes._cause import Cause as Cause
from snellen.causes._cause import Clue as Clue
from snellen.causes._cause import Group as Group
from snellen.causes._cause import Remedy as Remedy
from snellen.causes._cause import Sign as Sign
from snellen.causes._cause import clue as clue
from snellen.causes._cause import sign as sign
from snellen.causes.case import Case as Case
from snellen.causes.change import AtBoundary as AtBoundary
from snellen.causes.change import Change as Change
from snellen.causes.change import Edit as Edit
from snellen.causes.change import Setting as Setting
from snellen.causes.ledger import Ledger as Ledger
from snellen.causes.ledger import Term as Term
from snellen.causes.ledger import account as account
from snellen.causes.ledger import balance as balance
from snellen.causes.ledger import explained_away as explained_away
from snellen.causes.ledger import signs as signs
from snellen.causes.ledger import with_trial as with_trial
from snellen.causes.weights import Weights as Weights
from snellen.causes.weights import shipped as shipped
from snellen.symptoms.outcome import Outcome as Outcome


@cache
def catalogue() -> dict[str, type[Cause]]:
    """Every cause class by code, in code order."""
    for module in pkgutil.walk_packages(__path__, prefix=f"{__name__}."):
        importlib.import_module(module.name)
    ours = (c for c in Cause.__subclasses__() if c.__module__.startswith(f"{__name__}."))
    return {cause.code: cause for cause in sorted(ours, key=lambda cause: cause.code)}
