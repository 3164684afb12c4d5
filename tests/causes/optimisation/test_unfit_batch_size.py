from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causes.cases import belief, case, found, nothing_seen, plus, present, remedies
from snellen.causes.optimisation.unfit_batch_size import UnfitBatchSize
from snellen.record import Subject
from snellen.stats import MapSummary, NormalisationState
from symptoms.build import conv, head, inline, maps, probe, subject

SGD = {"optimizer": "SGD", "learning_rate": 0.05}
BEYOND = "batches-beyond-the-usual"


def net(train: Any = None, **facts: Any) -> Subject:
    return subject(conv(), head(), train=train, facts=facts)


@pytest.mark.parametrize(
    ("batch", "each", "beyond"),
    [(2, 100, True), (3, 100, False), (1400, 1, True), (350, 4, True), (280, 5, False)],
)
def test_batches(batch: int, each: int, beyond: bool) -> None:
    about = case(net(batch_size=batch, steps_per_epoch=each, training_images=batch * each))
    assert present(UnfitBatchSize, BEYOND, about) is beyond


def test_few_images_in_all_are_no_large_batch() -> None:
    about = case(net(batch_size=32, steps_per_epoch=3, training_images=96))
    assert present(UnfitBatchSize, BEYOND, about) is False


def test_batches_are_counted_where_no_loader_tells() -> None:
    own = plus(net(), inline("conv", MapSummary, "pre", (500, maps(images=1))))
    assert present(UnfitBatchSize, BEYOND, case(own)) is True
    assert present(UnfitBatchSize, BEYOND, case(net())) is None


@pytest.mark.parametrize(("batch", "usual"), [(7, False), (8, True), (512, True), (513, False)])
def test_a_usual_size_speaks_against_it(batch: int, usual: bool) -> None:
    about = case(net(batch_size=batch))
    assert present(UnfitBatchSize, "batches-of-a-usual-size", about) is usual


@pytest.mark.parametrize(("steps", "few"), [(80, True), (81, False)])
def test_few_steps_of_many_epochs(steps: int, few: bool) -> None:
    about = case(net(steps=steps, epochs=20))
    assert present(UnfitBatchSize, "few-steps-of-many-epochs", about) is few


def test_gradients_in_conflict() -> None:
    key = "gradients-have-nothing-in-common"
    assert present(UnfitBatchSize, key, case(net(), found("S23"))) is True
    assert present(UnfitBatchSize, key, case(net(), clean=["S23"])) is False
    assert present(UnfitBatchSize, key, case(net())) is None


@pytest.mark.parametrize(("swing", "swings"), [(0.05, False), (0.8, True)])
def test_swings(swing: float, swings: bool) -> None:
    values = 1.0 + swing * np.tile([1] * 6 + [-1] * 6, 10)
    about = case(net(list(values), epochs=None, steps_per_epoch=None))
    assert present(UnfitBatchSize, "loss-swings", about) is swings


@pytest.mark.parametrize(
    ("batch", "rate", "unfit"),
    [(1, 0.01, False), (1, 0.02, True), (32, 0.5, False), (512, 0.05, True), (512, 0.2, False)],
)
def test_rate_beside_the_batch(batch: int, rate: float, unfit: bool) -> None:
    # 0.05 for 32 images is 0.0016 for one, and 0.8 for 512; eight times off is too far.
    about = case(net(batch_size=batch, **SGD | {"learning_rate": rate}))
    assert present(UnfitBatchSize, "rate-made-for-other-batches", about) is unfit


@pytest.mark.parametrize(("batch", "few"), [(4, True), (5, False)])
def test_normalised_over_few(batch: int, few: bool) -> None:
    ones = np.ones(8)
    state = NormalisationState(ones, ones, ones, ones, 1e-5, 0.9, ones, ones)
    own = plus(net(batch_size=batch), probe("conv", NormalisationState, "", (1000, state)))
    assert present(UnfitBatchSize, "normalised-over-few-images", case(own)) is few


def test_belief() -> None:
    single = case(net(batch_size=1, **SGD | {"learning_rate": 0.1}), found("S23"))
    whole = case(
        net(batch_size=1400, steps_per_epoch=1, training_images=1400, steps=20, epochs=20, **SGD)
    )
    usual = case(net(batch_size=32, **SGD), clean=["S23"])
    assert belief(UnfitBatchSize, single) > 0.8
    assert belief(UnfitBatchSize, whole) > 0.8
    assert belief(UnfitBatchSize, usual) < 0.01


def test_remedies() -> None:
    larger, rated, added = remedies(UnfitBatchSize, case(net(batch_size=1, **SGD)))
    assert "32 images instead of 1" in larger.title
    assert "lr=0.0016" in rated.code
    assert "(loss / 32).backward()" in added.code
    smaller, _ = remedies(UnfitBatchSize, case(net(batch_size=1400, **SGD), keras=True))
    assert "batch_size=32" in smaller.code
    remedies(UnfitBatchSize, case(subject()))


def test_what_was_not_seen_says_nothing() -> None:
    assert not nothing_seen(UnfitBatchSize)
