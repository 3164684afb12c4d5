"""Epochs are recognised by the images that come back."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.capture.rounds import WATCHED_STEPS, RoundCounter

IMAGES = np.random.default_rng(0).random((320, 3, 4, 4))


def counted(order: list[np.ndarray], batches_per_step: int = 1) -> int | None:
    rounds = RoundCounter()
    for i, index in enumerate(order):
        if rounds.searching:
            rounds.offer(IMAGES[index], i // batches_per_step)
    return rounds.steps_per_epoch


def epochs(shuffle: bool, seed: int, size: int = 16) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(320) if shuffle else np.arange(320) for _ in range(3)]
    return [part for order in rounds for part in np.split(order, 320 // size)]


def test_in_order_the_count_is_exact() -> None:
    assert counted(epochs(shuffle=False, seed=0)) == 20


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_the_count_is_close(seed: int) -> None:
    steps = counted(epochs(shuffle=True, seed=seed))
    assert steps is not None
    assert abs(steps - 20) <= 3


def test_several_batches_of_a_step_count_once() -> None:
    assert counted(epochs(shuffle=False, seed=0), batches_per_step=4) == 5


def test_with_replacement_the_count_is_of_the_right_size() -> None:
    found = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        found.append(counted([rng.integers(0, 320, 16) for _ in range(100)]))
    assert None not in found
    assert 14 <= np.median([steps for steps in found if steps]) <= 26


def test_always_the_same_batch_is_an_epoch_a_step() -> None:
    assert counted([np.arange(16)] * 3) == 1


def test_new_images_for_ever_are_given_up() -> None:
    rng = np.random.default_rng(0)
    rounds = RoundCounter()
    for step in range(WATCHED_STEPS):
        assert rounds.searching
        rounds.offer(rng.random((4, 8)), step)
    assert not rounds.searching
    assert rounds.steps_per_epoch is None
