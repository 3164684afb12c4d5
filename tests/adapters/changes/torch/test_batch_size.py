"""A training with batches of another size equals one whose script has this size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from adapters.changes.torch.feeds_b import (
    EVALUATIONS,
    IMAGES,
    Numbered,
    Streamed,
    Training,
    flat,
)
from adapters.changes.torch.trainings_b import changed, left, same, seeded

IN_ORDER = list(range(IMAGES))


def sizes(train: Training) -> list[int]:
    return [len(batch) for batch in train.trained]


def shuffled(size: int, images: int = IMAGES, **options: Any) -> Training:
    return seeded(
        lambda: Training().epochs(DataLoader(Numbered(images), size, shuffle=True, **options))
    )


@pytest.mark.parametrize(("factor", "size"), [(4.0, 16), (0.5, 2), (1.0, 4)])
@pytest.mark.parametrize("drop_last", [False, True])
def test_a_training_is_that_of_a_script_with_this_size(
    factor: float, size: int, drop_last: bool
) -> None:
    bare = shuffled(size, drop_last=drop_last)
    with changed("batch-size", factor=factor) as effect:
        train = shuffled(4, drop_last=drop_last)
    assert train.trained == bare.trained
    assert same(left(train.model)[:-1], left(bare.model)[:-1])
    assert sum(effect.done.values()) == (len(train.trained) if factor != 1 else 0)


def test_random_numbers_of_the_script_stay() -> None:
    shuffled(4)
    drawn = torch.rand(1)
    with changed("batch-size", factor=2.0):
        shuffled(4)
        assert torch.equal(torch.rand(1), drawn)


def test_a_loader_that_shuffles_tells_its_new_size_at_once() -> None:
    with changed("batch-size", factor=0.5):
        loader = DataLoader(Numbered(), 6, shuffle=True)
        assert (len(loader), loader.batch_size) == (8, 3)
        model = Training()
        plan = torch.optim.lr_scheduler.OneCycleLR(model.optimizer, 0.1, total_steps=len(loader))
        for batch in loader:
            model.step(batch)
            plan.step()
    assert sizes(model) == [3] * 8


@pytest.mark.parametrize(("workers", "first"), [(0, [4, 8, 8, 4]), (1, [4, 4, 4, 8, 4])])
def test_a_loader_in_order_is_changed_behind_the_first_update(
    workers: int, first: list[int]
) -> None:
    """A worker is two batches ahead of it."""
    loader = DataLoader(Numbered(), 4, num_workers=workers, persistent_workers=workers > 0)
    with changed("batch-size", factor=2.0) as effect:
        train = Training().epochs(loader)
    assert sizes(train) == [*first, 8, 8, 8]
    assert flat(train.trained) == IN_ORDER * 2
    assert len(loader) == 3
    assert effect.done == {"updates on batches of another size": len(train.trained)}


@pytest.mark.parametrize("way", EVALUATIONS)
def test_an_evaluation_keeps_its_size(way: str) -> None:
    bare, train = Training(), Training()
    EVALUATIONS[way](bare, DataLoader(Numbered(), 4), DataLoader(Numbered(), 4))
    with changed("batch-size", factor=2.0):
        held = DataLoader(Numbered(), 4)
        EVALUATIONS[way](train, DataLoader(Numbered(), 4), held)
    assert set(map(tuple, train.evaluated)) == set(map(tuple, bare.evaluated))
    assert len(held) == 6
    assert sizes(train)[-1] == 8


@pytest.mark.parametrize(
    ("images", "size", "factor", "expected"),
    [
        (9, 6, 1 / 3, [2, 2, 2, 3]),
        (9, 4, 0.5, [2, 2, 2, 2, 1]),
        (9, 6, 4.0, [9]),
        (3, 3, 1 / 3, [1, 1, 1]),
    ],
    ids=["a last one joins", "a last one that was there", "all images", "one image"],
)
def test_sizes_have_limits(images: int, size: int, factor: float, expected: list[int]) -> None:
    with changed("batch-size", factor=factor):
        loader = DataLoader(Numbered(images), size, shuffle=True)
        train = Training().epochs(loader, 1)
        assert sizes(train) == expected
        assert len(loader) == len(expected)


def test_a_sampler_of_batches_is_replaced_and_stays_what_it_is() -> None:
    batches = BatchSampler(RandomSampler(Numbered()), 4, drop_last=False)
    with changed("batch-size", factor=2.0):
        train = Training().epochs(DataLoader(Numbered(), batch_sampler=batches), 1)
    assert sizes(train) == [8, 8, 8]
    assert batches.batch_size == 4


def test_a_stream_of_images_is_cut_anew() -> None:
    with changed("batch-size", factor=2.0):
        train = Training().epochs(DataLoader(Streamed(), 4))
    assert sizes(train) == [4, 8, 8, 4, 8, 8, 8]
    assert flat(train.trained) == IN_ORDER * 2


def test_nothing_is_left_of_it_afterwards() -> None:
    with changed("batch-size", factor=2.0):
        pass
    assert sizes(shuffled(4)) == [4] * 12


class Pairs(BatchSampler):
    """Puts batches together in a way of its own."""


def test_what_keeps_its_size_is_said() -> None:
    pairs = Pairs(SequentialSampler(Numbered()), 2, drop_last=False)
    feeds = [
        (2.0, DataLoader(Numbered(), batch_sampler=pairs)),
        (2.0, DataLoader(Numbered(), IMAGES)),
        (0.5, DataLoader(Numbered(), 1)),
    ]
    for factor, feed in feeds:
        bare = Training().epochs(feed)
        with changed("batch-size", factor=factor) as effect:
            assert effect.limits == ()
            assert Training().epochs(feed).trained == bare.trained
        assert (len(effect.done), len(effect.limits)) == (0, 1)


def test_batches_cut_by_hand_are_said_to_be_out_of_reach() -> None:
    train, images = Training(), torch.rand(8, 1, 2, 2)
    with changed("batch-size", factor=2.0) as effect:
        for batch in images.split(4):
            train.step(batch)
    assert effect.done == {}
    assert effect.limits == ("batches that no DataLoader hands out keep their size",)
