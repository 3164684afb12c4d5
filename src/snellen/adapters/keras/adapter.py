"""What `capture` arms when a script imports Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from snellen.adapters.contract import Guard, Observer
from snellen.adapters.keras.evaluating import Evaluating
from snellen.adapters.keras.fitting import Fitting
from snellen.adapters.keras.loading import Loading
from snellen.adapters.keras.loops import Loops
from snellen.adapters.keras.model import KerasModel
from snellen.adapters.keras.programs import Programs
from snellen.adapters.keras.scope import Scope
from snellen.adapters.keras.subjects import Subjects
from snellen.adapters.patches import Patches


class KerasAdapter:
    """Tells an observer of every training with Keras between `arm` and `disarm`.

    `guard` runs our code at each boundary and swallows what it raises; see `BOUNDARIES`.
    """

    def __init__(
        self,
        observer: Observer,
        guard: Guard,
        keep: Callable[[str], bool] = lambda layer: True,
    ) -> None:
        """`keep` says of a layer's name whether its maps are wanted."""
        self._patches = Patches()
        self._scope = Scope()
        self._loading = Loading(guard)
        self._subjects = Subjects(observer, keep, self._loading.loaded)
        self._programs = Programs(self._subjects, guard, self._scope)
        self._fitting = Fitting(self._subjects, guard, self._scope)
        self._evaluating = Evaluating(self._subjects, guard, self._scope)
        self._loops = Loops(self._subjects, guard, self._scope, self._programs)
        self._armed = False

    def arm(self) -> None:
        """Patch Keras, which is imported already. A second call does nothing."""
        if self._armed:
            return
        self._armed = True
        self._loading.patch(self._patches)
        self._fitting.patch(self._patches)
        self._evaluating.patch(self._patches)
        self._loops.patch(self._patches)
        self._programs.patch(self._patches)

    def disarm(self) -> None:
        """Take every patch back; trainings under way go on as if never watched.

        Models can still be looked at, until `forget`."""
        self._armed = False
        self._patches.undo()
        for fit in self._scope.fits:
            fit.close()
        self._evaluating.close()
        self._scope.calls = None
        self._programs.clear()

    def forget(self) -> None:
        """Let go of every model and every copy; after the last look."""
        self._subjects.clear()

    def release(self, key: Any) -> None:
        """Let go of one model that trains no more."""
        if isinstance(key, KerasModel):
            self._subjects.release(key)

    def adopt(self, model: Any) -> None:
        """From now on watch only the models adopted."""
        self._subjects.adopt(model)
