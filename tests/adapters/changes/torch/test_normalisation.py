"""A training with inserted normalisations equals one whose model has them."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils import checkpoint

from adapters.changes.torch.trainings_b import (
    changed,
    left,
    near,
    same,
    seeded,
    train,
    watched,
)
from adapters.torch.programs import images
from snellen.adapters.torch.undisturbed import asked

DONE = "convolutions with a batch normalisation behind them"


class Norm(nn.BatchNorm2d):
    """Without gain and shift. The first ten batches count alike in the running statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            self.momentum = max(0.1, 1 / (int(self.num_batches_tracked) + 1))
        return super().forward(input)


class Net(nn.Module):
    """A layer, a function, one layer called twice, and one that a normalisation follows."""

    def __init__(self, *, normed: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.kernel = nn.Parameter(torch.randn(4, 4, 3, 3) / 6)
        self.twice = nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 8, 3)
        self.own = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)
        self.norms = nn.ModuleList([Norm(4) for _ in range(4)] if normed else [])

    def norm(self, number: int, x: Tensor) -> Tensor:
        return self.norms[number](x) if self.norms else x

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu_(self.norm(0, self.first(x)))
        x = torch.tanh(self.norm(1, F.conv2d(x, self.kernel, padding=1)))
        x = F.relu(self.norm(2, self.twice(x)))
        x = F.relu(self.norm(3, self.twice(x)))
        return self.head(F.relu(self.own(self.last(x))).mean((2, 3)))


class Rebuilt(Net):
    """Parts of it are called once more in the backward pass."""

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint.checkpoint(super().forward, x, use_reentrant=False)


def weights(model: nn.Module) -> list[Tensor]:
    return [p.detach() for p in model.parameters()]


@pytest.mark.parametrize("kind", [Net, Rebuilt])
def test_a_training_is_that_of_a_model_with_normalisations(kind: type[Net]) -> None:
    x, _ = images(20)
    expected = seeded(lambda: Net(normed=True))
    train(expected)
    with changed("normalisation") as effect:
        model = seeded(kind)
        train(model)
        assert near(weights(model), weights(expected))
        assert effect.done == {DONE: 4 * 8}
        assert torch.allclose(model.eval()(x), expected.eval()(x), atol=1e-5)
    assert effect.limits == ()
    assert set(model.state_dict()) == set(Net().state_dict())


def test_random_numbers_and_buffers_are_touched_by_no_look_in_advance() -> None:
    x, _ = images(20)
    model = seeded(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)))
    bare = [model(x), *left(model)]
    with changed("normalisation"):
        model = seeded(
            lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
        )
        assert same([model(x), *left(model)], bare)


ALONE: dict[str, nn.Module] = {
    "normalised": nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.ReLU(), nn.Conv2d(2, 1, 3)
    ),
    "normalised behind the activation": nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.InstanceNorm2d(2), nn.Conv2d(2, 1, 3)
    ),
    "the head": nn.Sequential(nn.Flatten(), nn.Linear(100, 100), nn.Unflatten(1, (1, 10, 10)),
                              nn.ConvTranspose2d(1, 1, 2), nn.Tanh()),
    "the head before a pool": nn.Sequential(
        nn.Conv2d(1, 10, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
    "a single position": nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 10)
    ),
    "a layer called by itself": nn.Conv2d(1, 3, 3),
}  # fmt: skip


@pytest.mark.parametrize("case", ALONE)
def test_what_is_left_alone(case: str) -> None:
    model, (x, _) = ALONE[case], images(4)
    bare = model(x)
    with changed("normalisation") as effect:
        assert same([model(x)], [bare])
    assert effect.done == {}


class Streams(nn.Module):
    """A residual net. Only its first block adds to maps that a normalisation reads before all
    others."""

    def __init__(self, *, before: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(1, 1, 3, padding=1) for _ in range(3))
        self.norms = nn.ModuleList(nn.BatchNorm2d(1) if before else nn.Identity() for _ in range(3))
        self.end = nn.BatchNorm2d(1)
        self.head = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = x + conv(norm(x))
        return self.head(self.end(x).flatten(1))


@pytest.mark.parametrize(("before", "normalised"), [(True, 0), (False, 2)])
def test_a_normalisation_counts_where_it_comes_before_the_next_layers_on_all_ways(
    before: bool, normalised: int
) -> None:
    with changed("normalisation") as effect:
        Streams(before=before)(images(4)[0])
    assert effect.done.get(DONE, 0) == normalised


def test_evaluation_and_looks_of_our_own_leave_the_statistics() -> None:
    model, (x, _) = seeded(Net), images(40)
    with changed("normalisation"):
        train(model)
        before = model.eval()(x)
        model(x + 3)
        model.train()
        with asked(model, ((x,), {})):
            model(x * 5)
            model.train()
            model(x * 5)
        assert same([model.eval()(x)], [before])


def test_statistics_follow_the_weights() -> None:
    model, (x, _) = seeded(Net), images(40)
    with changed("normalisation"):
        train(model)
        best, copied = copy.deepcopy(model.state_dict()), copy.deepcopy(model)
        expected = model.eval()(x)
        train(model.train())
        assert not torch.allclose(model.eval()(x), expected, atol=1e-3)
        model.load_state_dict(best)
        assert same([model.eval()(x), copied.eval()(x)], [expected, expected])


def test_frozen_weights_keep_the_newest_statistics() -> None:
    x, _ = images(40)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10))
    model.requires_grad_(False)
    with changed("normalisation"):
        model(x)
        first = model.eval()(x)
        for _ in range(50):
            model.train()(x * 3)
        newest = model.eval()(x)
        assert not torch.allclose(first, newest, atol=1e-3)
        assert same([model.eval()(x)], [newest])


def test_weights_that_never_trained_use_the_statistics_of_their_batch() -> None:
    model, (x, _) = seeded(Net), images(40)
    average = AveragedModel(model)
    with changed("normalisation"):
        train(model)
        average.update_parameters(model)
        train(model)
        average.update_parameters(model)
        found = average.eval()(x)
    expected = Net(normed=True)
    expected.load_state_dict(average.module.state_dict(), strict=False)
    for norm in expected.norms:
        norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None
    assert torch.allclose(found, expected.eval()(x), atol=1e-5)


def test_half_precision_stays_what_it_is() -> None:
    model, (x, _) = Net(), images(8)
    with changed("normalisation"), torch.autocast("cpu", torch.bfloat16):
        assert model(x).dtype == torch.bfloat16


def test_one_value_in_each_channel_is_no_batch() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1)
    )
    with changed("normalisation") as effect:
        model(torch.rand(1, 1, 5, 5))
        assert effect.limits == ()
        model(torch.rand(1, 1, 3, 3))
    assert len(effect.limits) == 1


def test_a_model_that_needs_more_than_a_look_is_said_to_stay() -> None:
    calls = []

    class Once(Net):
        def forward(self, x: Tensor) -> Tensor:
            calls.append(1)
            if len(calls) == 1:
                raise ValueError("not yet")
            return super().forward(x)

    with changed("normalisation") as effect:
        Once()(images(4)[0])
    assert effect.done == {}
    assert effect.limits == ("a model that could not be run in advance (ValueError) stays",)


def test_nothing_is_left_of_it_afterwards() -> None:
    bare = train(seeded(Net))
    with changed("normalisation"):
        pass
    assert same(train(seeded(Net)), bare)


def test_the_watcher_sees_layers_that_are_normalised(tmp_path: Path) -> None:
    with changed("normalisation"):
        unwatched = train(seeded(Net))
        with watched(tmp_path) as runs:
            assert same(train(seeded(Net)), unwatched)
    (subject,) = runs[0].subjects
    assert [layer.normalised for layer in subject.layers if layer.kind == "conv"] == [True] * 5
