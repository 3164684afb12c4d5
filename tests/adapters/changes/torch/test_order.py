"""Training images come in random order, and those of an evaluation as before."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from adapters.changes.torch.feeds_b import (
    EVALUATIONS,
    IMAGES,
    Numbered,
    Streamed,
    Training,
    flat,
)
from adapters.changes.torch.trainings_b import changed, left, same, seeded

SIZE = 5
IN_ORDER = list(range(IMAGES))
BATCHES = -(-IMAGES // SIZE)


def loader(**options: object) -> DataLoader[torch.Tensor]:
    return DataLoader(Numbered(), SIZE, **options)  # type: ignore[arg-type]


def test_each_pass_has_an_order_of_its_own_behind_the_first_batch() -> None:
    with changed("order", seed=0) as effect:
        train = Training().epochs(loader(), 3)
    first, second, third = (
        flat(train.trained[i : i + BATCHES]) for i in range(0, 3 * BATCHES, BATCHES)
    )
    assert first[:SIZE] == IN_ORDER[:SIZE]
    assert len({tuple(first), tuple(second), tuple(third), tuple(IN_ORDER)}) == 4
    assert sorted(first) == sorted(second) == sorted(third) == IN_ORDER
    assert [len(batch) for batch in train.trained] == [5, 5, 5, 5, 4] * 3
    assert effect.done == {"walks through training images in random order": 3}
    assert effect.limits == ()


def test_the_seed_says_which_order() -> None:
    found = []
    for seed in (1, 1, 2):
        with changed("order", seed=seed):
            found.append(Training().epochs(loader()).trained)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("way", EVALUATIONS)
def test_an_evaluation_keeps_its_order(way: str) -> None:
    bare = Training()
    EVALUATIONS[way](bare, loader(), loader())
    train = Training()
    with changed("order", seed=0):
        EVALUATIONS[way](train, loader(), loader())
    assert train.evaluated == bare.evaluated
    for trained in (flat(train.trained[:BATCHES]), flat(train.trained[BATCHES:])):
        assert sorted(trained) == IN_ORDER != trained


def test_both_of_two_loaders_that_feed_one_training_are_mixed() -> None:
    train, other = Training(), Training()
    with changed("order", seed=0):
        for _ in range(2):
            for some, others in zip(loader(), loader(), strict=True):
                other.evaluate(some)
                train.step(others)
    assert flat(train.trained)[IMAGES:] != IN_ORDER
    assert flat(other.evaluated)[IMAGES:] != IN_ORDER


def test_batches_taken_one_by_one_are_of_all_images() -> None:
    train, training_loader = Training(), loader()
    with changed("order", seed=0):
        for _ in range(20):
            train.step(next(iter(training_loader)))
    assert train.trained[:2] == [IN_ORDER[:SIZE]] * 2
    assert len(set(flat(train.trained[2:]))) > 2 * SIZE


def test_updates_on_several_batches_and_several_on_one_are_told() -> None:
    train = Training()
    with changed("order", seed=0) as effect:
        for i, batch in enumerate(loader()):
            if i % 2:
                for _ in range(3):
                    train.step(batch)
    assert effect.limits == ()
    assert sorted(flat(train.trained[3:])) != list(range(15, 20)) * 3


def test_a_loop_that_fetches_a_batch_ahead_is_followed() -> None:
    train, training_loader = Training(), loader()
    with changed("order", seed=0) as effect:
        for _ in range(2):
            walk = iter(training_loader)
            batch = next(walk, None)
            while batch is not None:
                ahead = next(walk, None)
                train.step(batch)
                batch = ahead
    assert flat(train.trained)[IMAGES:] != IN_ORDER
    assert effect.limits == ()


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_are_given_the_new_order(persistent: bool) -> None:
    with changed("order", seed=0):
        train = Training().epochs(loader(num_workers=1, persistent_workers=persistent))
    assert sorted(flat(train.trained[:BATCHES])) == IN_ORDER
    assert train.trained[0] == IN_ORDER[:SIZE]
    assert sorted(flat(train.trained[BATCHES:])) == IN_ORDER != flat(train.trained[BATCHES:])
    assert train.trained[BATCHES] != IN_ORDER[:SIZE]


def test_images_without_batches_are_mixed() -> None:
    train = Training()
    with changed("order", seed=0):
        for _ in range(2):
            for image in DataLoader(Numbered(), None):
                train.step(image[None])
    assert sorted(flat(train.trained[:IMAGES])) == IN_ORDER != flat(train.trained[:IMAGES])


def test_random_numbers_of_the_script_stay() -> None:
    seeded(lambda: Training().epochs(loader()))
    drawn = torch.rand(1)
    with changed("order", seed=0):
        seeded(lambda: Training().epochs(loader()))
        assert torch.equal(torch.rand(1), drawn)


def test_a_random_order_stays_what_it_is() -> None:
    bare = left(seeded(lambda: Training().epochs(loader(shuffle=True))).model)
    with changed("order", seed=0) as effect:
        assert same(left(seeded(lambda: Training().epochs(loader(shuffle=True))).model), bare)
    assert effect.done == {}


def test_nothing_is_left_of_it_afterwards() -> None:
    with changed("order", seed=0):
        pass
    assert flat(Training().epochs(loader()).trained) == IN_ORDER * 2


class Pairs(BatchSampler):
    """Puts batches together in a way of its own."""


def test_what_can_not_be_mixed_is_said() -> None:
    pairs = Pairs(SequentialSampler(Numbered()), 2, drop_last=False)
    feeds = [DataLoader(Streamed(), SIZE), DataLoader(Numbered(), batch_sampler=pairs)]
    for feed in feeds:
        with changed("order", seed=0) as effect:
            assert flat(Training().epochs(feed).trained) == IN_ORDER * 2
        assert (len(effect.done), len(effect.limits)) == (0, 1)


@pytest.mark.parametrize("evaluated", [0, 1, BATCHES + 1])
def test_batches_cut_by_hand_are_said_to_be_out_of_reach(evaluated: int) -> None:
    train, held = Training(), loader()
    images = torch.stack([Numbered()[i] for i in IN_ORDER])
    with changed("order", seed=0) as effect:
        assert effect.limits == ()
        for _ in range(4):
            if evaluated:
                for _, batch in zip(range(evaluated), held, strict=False):
                    train.evaluate(batch)
            for i in range(0, IMAGES, SIZE):
                train.step(images[i : i + SIZE])
    assert effect.done == {}
    assert effect.limits == ("batches that no DataLoader hands out keep their order",)
    assert (
        train.evaluated == [IN_ORDER[i : i + SIZE] for i in range(0, IMAGES, SIZE)][:evaluated] * 4
    )


def test_a_walk_that_is_over_feeds_no_more() -> None:
    train = Training()
    with changed("order", seed=0) as effect:
        walk = iter(loader())
        for batch in walk:
            train.step(batch)
        for _ in range(2 * BATCHES):
            train.step(torch.rand(2, 1, 2, 2))
    assert len(effect.limits) == 1
