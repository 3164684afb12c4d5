"""Which models were given weights of another training."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref

from torch import nn


class Loaded:
    """Modules that a state was loaded into."""

    def __init__(self) -> None:
        self._modules: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def note(self, module: nn.Module) -> None:
        # Its parts too: one of them may be trained by itself when the whole is gone.
        self._modules.update(module.modules())

    def touches(self, module: nn.Module) -> bool:
        """Whether weights were loaded into the module, a part of it, or what it is a part of."""
        if any(part in self._modules for part in module.modules()):
            return True
        # What `transformers` loads it marks, and puts in place by itself.
        return any(getattr(p, "_is_hf_initialized", False) for p in module.parameters())
