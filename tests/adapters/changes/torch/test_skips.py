"""A training with inserted skips equals one whose model has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_b import batches, changed, same, seeded, train, watched
from adapters.torch.programs import images
from snellen.record import Clock
from snellen.stats import MapSummary

DONE = "convolutions with a skip around them"


class Net(nn.Module):
    """A layer that changes channels, a layer called twice, a function, and a block with a skip."""

    def __init__(self, *, skips: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3)
        self.twice = nn.Conv2d(4, 4, 3, padding=1)
        self.kernel = nn.Parameter(torch.randn(4, 4, 1, 1) / 6)
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 10)
        self.skips = skips

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        x = F.relu_(self.twice(x) + x if self.skips else self.twice(x))
        x = F.relu(self.twice(x) + x if self.skips else self.twice(x))
        y = F.conv2d(x, self.kernel)
        x = F.relu(y + x if self.skips else y)
        x = F.relu(self.two(F.relu(self.one(x))) + x)
        return self.head(x.mean((2, 3)))


def test_a_training_is_that_of_a_model_with_skips() -> None:
    expected = train(seeded(lambda: Net(skips=True)))
    with changed("skips") as effect:
        found = train(seeded(Net))
    assert same(found, expected)
    assert effect.done == {DONE: 3 * 8}
    assert effect.limits == ()


def test_evaluation_has_the_skips_too() -> None:
    x, _ = images(8)
    expected = seeded(lambda: Net(skips=True)).eval()(x)
    with changed("skips"), torch.no_grad():
        assert same([seeded(Net).eval()(x)], [expected])


class Around(nn.Module):
    """A long skip around layers that change nothing of the shape."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.Conv2d(1, 1, 3, padding=1)
        )
        self.head = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head((x + self.inside(x)).flatten(1))


class Projected(Around):
    """Its skip has a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.way = nn.Conv2d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.inside(x)
        out += self.way(x)
        return self.head(out.flatten(1))


ALONE: dict[str, nn.Module] = {
    "a long skip": Around(),
    "a skip with a layer": Projected(),
    "the head": nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Sigmoid()),
    "other channels": nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1), nn.Flatten(),
        nn.Linear(400, 10),
    ),
    "another size": nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(64, 10)),
    "a layer called by itself": nn.Conv2d(1, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("case", ALONE)
def test_what_is_left_alone(case: str) -> None:
    model, (x, _) = ALONE[case], images(4)
    bare = model(x)
    with changed("skips") as effect:
        assert same([model(x)], [bare])
    assert effect.done == {}


def test_a_layer_before_a_block_with_a_skip_gets_its_own() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), Around())
    with changed("skips") as effect:
        model(images(4)[0])
    assert effect.done == {DONE: 1}


def test_a_normalisation_and_a_skip_go_together() -> None:
    class Both(nn.Module):
        def __init__(self, *, both: bool = False) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)
            self.head = nn.Linear(100, 10)
            self.both = both

        def forward(self, x: Tensor) -> Tensor:
            out = self.conv(x)
            if self.both:
                out = F.batch_norm(out, None, None, training=True) + x
            return self.head(F.relu(out).flatten(1))

    expected = train(seeded(lambda: Both(both=True)))
    with changed("normalisation") as first, changed("skips") as second:
        assert same(train(seeded(Both)), expected)
    assert sum(first.done.values()) == sum(second.done.values()) == 8


@pytest.mark.parametrize("inside", [False, True])
def test_torchscript_is_said_to_be_out_of_reach(inside: bool) -> None:
    x, _ = images(4)
    script: nn.Module = torch.jit.trace(nn.Conv2d(1, 1, 1), x)  # type: ignore[no-untyped-call]
    model = nn.Sequential(script, nn.Flatten(), nn.Linear(100, 10)) if inside else script
    with changed("skips") as effect:
        model(x)
    assert effect.done == {}
    assert effect.limits == ("what TorchScript has compiled stays as it is",)


def test_nothing_is_left_of_it_afterwards() -> None:
    bare = train(seeded(Net))
    with changed("skips"):
        pass
    assert same(train(seeded(Net)), bare)


def test_the_watcher_sees_maps_with_skips(tmp_path: Path) -> None:
    with changed("skips"):
        unwatched = train(seeded(Net))
        with watched(tmp_path) as runs:
            model = seeded(Net)
            assert same(train(model), unwatched)
    (subject,) = runs[0].subjects
    assert subject.layer("twice").residual
    # The activation behind a sum is a layer of its own.
    seen = subject.history("Net", MapSummary, "post", Clock.PROBE)[-1]
    model.skips = True
    x = torch.cat([x for x, _ in batches(epochs=1)])
    with torch.no_grad():
        x = F.relu(model.first(x))
        maps = F.relu(model.twice(x) + x)
    assert seen.step == 8
    assert seen.value.mean == pytest.approx(maps.mean((0, 2, 3)).numpy(), abs=1e-5)
