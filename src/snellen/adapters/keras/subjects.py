"""The models being trained, each known once."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false, reportPrivateUsage=false
from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from snellen.adapters.contract import LossCall, Observer
from snellen.adapters.keras import data, tensors
from snellen.adapters.keras.model import KerasModel


class Subjects:
    """Models by identity. A model's key towards the observer is its `KerasModel`."""

    def __init__(
        self, observer: Observer, keep: Callable[[str], bool], loaded: Callable[[Any], bool]
    ) -> None:
        """`loaded` says of a model whether it has been given weights."""
        self.observer = observer
        self._keep = keep
        self._loaded = loaded
        self._known: dict[int, tuple[weakref.ref[Any], KerasModel]] = {}
        self._begun: weakref.WeakSet[KerasModel] = weakref.WeakSet()
        self._aside: set[int] = set()
        self._only: list[weakref.ref[Any]] = []
        self._lock = threading.RLock()

    def of(self, model: Any) -> KerasModel:
        """The subject of a model, a new one the first time."""
        with self._lock:
            found = self._known.get(id(model))
            if found is not None and found[0]() is model:
                return found[1]
            key, known = id(model), self._known

            def forget(dead: weakref.ref[Any]) -> None:
                if key in known and known[key][0] is dead:
                    del known[key]

            subject = KerasModel(model, self._keep)
            known[key] = (weakref.ref(model, forget), subject)
            return subject

    def known(self, model: Any) -> KerasModel | None:
        """The subject of a model whose training has begun."""
        found = self._known.get(id(model))
        if found is None or found[0]() is not model or found[1] not in self._begun:
            return None
        return found[1]

    def adopt(self, model: Any) -> KerasModel:
        """From now on only adopted models are watched."""
        self._only.append(weakref.ref(model))
        return self.of(model)

    def watched(self, model: Any) -> bool:
        """Whether to watch a model at all; says so once where it can't be watched."""
        if self._only and not any(reference() is model for reference in self._only):
            return False
        why = _why_not(model)
        if why is not None and id(model) not in self._aside:
            self._aside.add(id(model))
            self.observer.note(*why)
        return why is None

    def begin(self, subject: KerasModel) -> bool:
        """Tell the observer of a model once; whether this was the time."""
        with self._lock:
            if subject in self._begun:
                return False
            self._begun.add(subject)
            subject.hold()
            subject.loaded_weights = self._loaded(subject.user_model)
        self.observer.begin(subject, subject)
        return True

    def begun(self, subject: KerasModel) -> bool:
        return subject in self._begun

    def show_batch(self, subject: KerasModel, x: Any, y: Any) -> None:
        """Show a batch to the observer where it wants one."""
        if not self.observer.wants_batch(subject):
            return
        if data.are_arrays(x):
            batch = data.batch_of(x, y if data.are_arrays(y) else None)
            subject.saw(batch)
            self.observer.batch(subject, batch)
        elif id(subject) not in self._aside:
            self._aside.add(id(subject))
            self.observer.note(
                "no-probe",
                f"{subject.name} is trained on data that are no arrays of numbers (ragged, sparse "
                "or text), so it can't be looked at: turn them into arrays before the model",
                subject,
            )

    def show_held_out(self, subject: KerasModel, x: Any, y: Any) -> None:
        """Show a batch of an evaluation to the observer where it wants one."""
        if self.observer.wants_held_out(subject) and data.are_arrays(x):
            batch = data.batch_of(x, y if data.are_arrays(y) else None)
            self.observer.held_out(subject, batch)

    def show_loss(self, subject: KerasModel, value: float | None, **facts: Any) -> None:
        """Tell the loss of one step, where it is known."""
        if value is not None:
            call: LossCall = subject.loss_kind().call(value, **facts)
            self.observer.loss(subject, call)

    def release(self, subject: KerasModel) -> None:
        """Let go of a model. Should it be trained again, that is another training."""
        with self._lock:
            self._begun.discard(subject)
            for key, (_, known) in list(self._known.items()):
                if known is subject:
                    del self._known[key]
        subject.release()

    def clear(self) -> None:
        """Let go of every model and every copy."""
        for _, subject in list(self._known.values()):
            self.release(subject)
        self._only.clear()
        self._aside.clear()


def _why_not(model: Any) -> tuple[str, str] | None:
    """Kind and text of a note on why a model can't be watched."""
    import keras

    if type(model).call is keras.Model.call:
        return (
            "no-call",
            f"{model.name} has no `call`, so there is nothing to look at; "
            "give it one that maps images to its output to have it watched",
        )
    if _distributed(model):
        return (
            "distributed",
            f"{model.name} trains under a distribution strategy and is not watched; "
            "to watch it, train on one device",
        )
    return None


def _distributed(model: Any) -> bool:
    import keras

    if tensors.backend_name() == "tensorflow":
        import tensorflow as tf

        return getattr(model, "_distribute_strategy", None) is not None or bool(
            tf.distribute.has_strategy()
        )
    return keras.distribution.distribution() is not None
