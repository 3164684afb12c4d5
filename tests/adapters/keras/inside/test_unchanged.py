"""Training with and without being watched ends the same, bit for bit."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from trainings import TRAININGS, left_behind, same
from watching import Watcher, watched


def run(training: Any) -> dict[str, Any]:
    keras.utils.set_random_seed(3)
    return left_behind(*training())


@pytest.mark.parametrize("training", TRAININGS, ids=lambda training: training.__name__)
def test_leaves_the_training_as_it_was(training: Any) -> None:
    bare = run(training)
    watcher = Watcher()
    with watched(watcher):
        seen = run(training)
    assert [name for name in bare if not same(bare[name], seen[name])] == []
    assert watcher.only.steps >= 2
    assert len(watcher.only.passes) >= 2
