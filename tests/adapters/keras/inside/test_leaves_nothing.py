"""However a watched training ends, and whatever fails in the watching, nothing of ours stays."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import keras
import nets
import numpy as np
import pytest
from trainings import BACKEND, compiled, fit_generator, left_behind, same
from watching import Watcher, watched

from snellen.adapters.keras import BOUNDARIES, KerasAdapter


def patched_places() -> list[dict[str, Any]]:
    from keras.src.callbacks.callback_list import CallbackList
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.optimizers.loss_scale_optimizer import LossScaleOptimizer

    owners: list[Any] = [*keras.Model.__mro__, CallbackList, BaseOptimizer, LossScaleOptimizer]
    owners += [keras.losses.Loss]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        owners += [tf, tf.nn, tf.math, tf.Tensor, type(tf.function(lambda: None))]
    if BACKEND == "torch":
        from torch.optim import optimizer

        return [functions(one) for one in owners] + [
            dict(optimizer._global_optimizer_pre_hooks),
            dict(optimizer._global_optimizer_post_hooks),
        ]
    return [functions(one) for one in owners]


def functions(owner: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(owner).items() if callable(value)}


class Stops(keras.callbacks.Callback):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            raise self.error


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_puts_every_patch_back(error: type[BaseException] | None) -> None:
    before = patched_places()
    x, y = nets.images(64)
    watcher = Watcher()
    with watched(watcher):
        assert patched_places() != before
        model = compiled(nets.sequential())
        if error is None:
            model.fit(x, y, batch_size=16, verbose=0)
        else:
            with pytest.raises(error):
                model.fit(x, y, batch_size=16, verbose=0, callbacks=[Stops(error)])
            assert watcher.only.steps == 2
            model.fit(x, y, batch_size=16, verbose=0)
            assert watcher.only.steps == 6
    assert patched_places() == before
    assert "snellen" not in getattr(model.train_function, "__module__", "")


def test_disarmed_in_the_middle_the_training_goes_on() -> None:
    x, y = nets.images(64)
    before = patched_places()
    watcher = Watcher()
    adapter = KerasAdapter(watcher, watcher.guard)

    class Disarms(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                adapter.disarm()

    adapter.arm()
    history = compiled(nets.sequential()).fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[Disarms()]
    )
    assert len(history.history["loss"]) == 2
    assert watcher.only.steps == 2
    assert patched_places() == before
    assert not watcher.errors


def test_lets_go_of_the_model() -> None:
    x, y = nets.images(16)
    watcher = Watcher()
    with watched(watcher):
        model = compiled(nets.sequential())
        model.train_on_batch(x, y)
        alive = weakref.ref(model)
        del model
        gc.collect()
        assert alive() is not None
    keras.utils.clear_session()
    gc.collect()
    assert alive() is None


class Failing(Watcher):
    """Its boundary at one place fails, and from then on nothing of ours runs any more."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place, self.failed = place, False

    def guard(self, name: str, function: Any, *args: Any) -> Any:
        if self.failed or name == self.place:
            self.failed = True
            return None
        return super().guard(name, function, *args)


PLACES = {
    "tensorflow": ["keras.batch", "keras.feed"],
    "jax": ["keras.batch"],
    "torch": ["keras.fit", "keras.epoch", "keras.batch", "keras.step", "keras.update"],
}


@pytest.mark.parametrize("place", PLACES[BACKEND])
def test_a_failure_of_ours_leaves_the_training_as_it_was(place: str) -> None:
    keras.utils.set_random_seed(3)
    bare = left_behind(*fit_generator())
    with watched(Failing(place)):
        keras.utils.set_random_seed(3)
        failed = left_behind(*fit_generator())
    assert [name for name in bare if not same(bare[name], failed[name])] == []


def test_a_user_error_in_the_data_reaches_the_user() -> None:
    x, y = nets.images(32)

    def batches() -> Any:
        yield x[:16], y[:16]
        raise ZeroDivisionError("of the user's own")

    with watched(Watcher()), pytest.raises(Exception, match="of the user's own"):
        compiled(nets.sequential()).fit(batches(), epochs=1, verbose=0)


def test_every_boundary_has_a_name() -> None:
    """The watchers above assert that no other name is used."""
    assert len(set(BOUNDARIES)) == len(BOUNDARIES)
    assert np.all([name.startswith("keras.") for name in BOUNDARIES])
