"""Which layers have got their weights from somewhere else than their initialisers."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import weakref
from typing import Any

from snellen.adapters.contract import Guard
from snellen.adapters.patches import Patches


class Loading:
    """Patches what `load_weights`, `load_model`, `keras.applications` and `set_weights` call."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._loaded: weakref.WeakSet[Any] = weakref.WeakSet()

    def patch(self, patches: Patches) -> None:
        from keras.src.layers.layer import Layer
        from keras.src.legacy.saving import legacy_h5_format
        from keras.src.saving import saving_lib

        # These call themselves or one another by their global names.
        for owner, name, place in (
            (saving_lib, "_load_state", 0),
            (legacy_h5_format, "load_weights_from_hdf5_group", 1),
            (legacy_h5_format, "load_weights_from_hdf5_group_by_name", 1),
            (Layer, "set_weights", 0),
        ):
            if hasattr(owner, name):
                patches.around(owner, name, self._after(place))

    def _after(self, place: int) -> Any:
        def around(original: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            target = args[place] if len(args) > place else next(iter(kwargs.values()), None)
            self._guard("keras.loaded", self._mark, target)
            return result

        return around

    def _mark(self, target: Any) -> None:
        from keras.src.layers.layer import Layer

        if isinstance(target, Layer):
            self._loaded.update(layer for layer in target._flatten_layers() if layer.variables)

    def loaded(self, model: Any) -> bool:
        """Whether any layer of the model has been given weights."""
        return any(layer in self._loaded for layer in model._flatten_layers())
