"""Models as the script calls them, each with its wiring."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from snellen.adapters.changes.effect import Effect
from snellen.adapters.keras import tensors
from snellen.adapters.keras.untouched import Values
from snellen.adapters.keras.wiring import Wiring, wiring_of
from snellen.adapters.patches import Patches

Plan = TypeVar("Plan")

Planned = Callable[[Any, Wiring, Any], Plan]
"""`planned(model, wiring, inputs)`: what is to be done in calls of this model."""

Carried = Callable[[Any, Plan], AbstractContextManager[None]]
"""`carried(model, plan)`: around each call of it; called anew for each."""


class _Thread(threading.local):
    busy = 0
    """Models that this thread is calling; those called inside another are part of it."""


def patch(
    patches: Patches,
    effect: Effect,
    planned: Planned[Plan],
    carried: Callable[[Any, Plan], AbstractContextManager[None]] | None = None,
) -> None:
    """Have `planned` called before the first call of each model that stands in no other model's.

    Calls that put a functional model together compute nothing, and are none. What the model does is
    found by following a pass without values, which leaves the model, its random streams and those
    of the script as they were.
    """
    import keras

    plans: weakref.WeakKeyDictionary[Any, list[Plan]] = weakref.WeakKeyDictionary()
    thread = _Thread()

    def plan_of(model: Any, args: Any, kwargs: Any, values: Values) -> list[Plan]:
        if model not in plans:
            plans[model] = []
            try:
                wiring = wiring_of(model, args, kwargs, values)
            except Exception as error:
                # Of whatever kind the model raises; the call that follows will show it to the
                # script, unless only our way of following it has failed.
                effect.cannot(
                    f"the layers of {model.name} could not be followed: "
                    f"{type(error).__name__}: {error}"
                )
            else:
                plans[model].append(planned(model, wiring, (args, kwargs)))
        return plans[model]

    @contextlib.contextmanager
    def calling(model: Any, args: Any, kwargs: Any, values: Values = ()) -> Generator[None]:
        if thread.busy or tensors.any_keras_tensor((args, kwargs)):
            yield
            return
        thread.busy += 1
        try:
            with contextlib.ExitStack() as stack:
                for plan in plan_of(model, args, kwargs, values):
                    if carried is not None:
                        stack.enter_context(carried(model, plan))
                yield
        finally:
            thread.busy -= 1

    def call(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        with calling(model, args, kwargs):
            return original(model, *args, **kwargs)

    # On JAX this runs `model.call` without calling the model.
    def stateless(original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        given = {name: value for name, value in kwargs.items() if name != "return_losses"}
        with calling(model, args[2:], given, _paired(model, args[:2])):
            return original(model, *args, **kwargs)

    patches.around(keras.Model, "__call__", call)
    patches.around(keras.Model, "stateless_call", stateless)


def _paired(model: Any, state: Any) -> Values:
    """A model's variables with their values in what `stateless_call` is given."""
    groups = model.trainable_variables, model.non_trainable_variables
    return [
        pair
        for group, values in zip(groups, state, strict=False)
        for pair in zip(group, values, strict=False)
    ]
