"""snellen watches a changed training as any other: it changes nothing more, and hears the truth."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from trainings_a import WAYS, batches, changed, data, net, same, trained
from watching import Watcher, watched

CHANGES: dict[str, dict[str, Any]] = {
    "decay": {},
    "initialisation": {"seed": 0},
    "clipping": {"norm": 0.05},
    "classes": {"weights": (0.25, 0.5, 2.25)},
    "seed": {"offset": 3},
    "softmax": {},
    "optimiser": {},
    "warm-up": {"steps": 10},
    "labels": {"seed": 0},
    "suspects": {"share": 0.34, "after": 0, "random": False, "seed": 0},
    "frozen": {},
    "registered": {},
    "zeroing": {},
    "learning-rate": {"factor": 0.1},
}


def optimizer() -> Any:
    return keras.optimizers.SGD(0.1, momentum=0.99, weight_decay=0.01)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", CHANGES)
def test_watching_makes_no_difference(change: str, way: Any) -> None:
    with changed(change, **CHANGES[change]) as bare:
        expected = trained(way, net(kernel_regularizer="l2"), optimizer())
    watcher = Watcher(images=6)
    with changed(change, **CHANGES[change]) as effect, watched(watcher):
        model = net(kernel_regularizer="l2")
        assert same(trained(way, model, optimizer()), expected)
    assert effect.done == bare.done
    assert effect.limits == bare.limits
    if way in WAYS[:1]:
        assert watcher.only.passes, "it has looked at the maps"


def test_permuted_labels_are_not_what_is_heard() -> None:
    watcher = Watcher()
    with changed("labels", seed=0) as effect, watched(watcher):
        trained(WAYS[0], net(), optimizer())
    assert effect.done
    _, y = data()
    probe = watcher.only.probe
    assert probe is not None
    assert np.array_equal(np.asarray(probe.labels).reshape(-1), y)


def test_the_first_look_sees_the_weights_that_training_begins_with() -> None:
    watcher = Watcher(images=6)
    with changed("initialisation", seed=0), watched(watcher):
        model = net()
        trained(WAYS[0], model, keras.optimizers.SGD(0.0))
    x, _ = batches()[0]
    maps = keras.ops.convert_to_numpy(model.layers[0](x))
    step, _, glimpses = watcher.only.passes[0]
    assert step == 0
    (seen,) = (one.host() for one in glimpses if one.part == "pre" and one.layer.index == 0)
    assert np.allclose(seen, np.moveaxis(maps, -1, 1), atol=1e-5)
