"""A training with standardised images equals one whose script standardises them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils import checkpoint

from adapters.changes.torch.trainings_b import (
    batches,
    changed,
    near,
    same,
    seeded,
    train,
    watched,
)
from adapters.torch.programs import Plain, images
from snellen.record import Clock
from snellen.stats import MapSummary

MEAN, DEVIATION = (0.25,), (0.5,)
ARMED: dict[str, Any] = {"mean": MEAN, "deviation": DEVIATION}


def standardised(x: Tensor) -> Tensor:
    return (x - MEAN[0]) / DEVIATION[0]


class InTwoParts(nn.Module):
    """One that calls others: their inputs have as many channels as the images."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 1, 3, padding=1)
        self.rest = Plain()

    def forward(self, pictures: Tensor) -> Tensor:
        return self.rest(self.first(pictures))


class Rebuilt(InTwoParts):
    """The backward pass calls its first part once more."""

    def forward(self, pictures: Tensor) -> Tensor:
        return self.rest(checkpoint.checkpoint(self.first, pictures, use_reentrant=False))


def by_name(model: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: model(pictures=x)


@pytest.mark.parametrize("kind", [Plain, InTwoParts, Rebuilt])
def test_a_training_is_that_of_a_script_that_standardises(kind: type[nn.Module]) -> None:
    model = seeded(kind)
    expected = train(model, lambda x: model(standardised(x)))
    with changed("inputs", **ARMED) as effect:
        found = train(seeded(kind))
    assert near(found, expected)
    assert effect.done == {"passes of a model with standardised images": 8}
    assert effect.limits == ()


def test_images_given_by_name_are_standardised() -> None:
    model = seeded(InTwoParts)
    expected = train(model, lambda x: model(standardised(x)))
    with changed("inputs", **ARMED):
        model = seeded(InTwoParts)
        assert near(train(model, by_name(model)), expected)


def test_evaluation_and_copies_get_the_same_constants() -> None:
    model = seeded(Plain).eval()
    x, _ = images(20)
    with torch.no_grad():
        expected = model(standardised(x))
        with changed("inputs", **ARMED):
            assert torch.allclose(model(x), expected)
            assert torch.allclose(copy.deepcopy(model)(x), expected)


def test_each_channel_has_its_own_constants() -> None:
    x = torch.rand(5, 3, 4, 4)
    mean, deviation = (0.1, 0.2, 0.3), (1.0, 2.0, 4.0)
    model = nn.Conv2d(3, 2, 3)
    expected = model(
        (x - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
    )
    with changed("inputs", mean=mean, deviation=deviation):
        assert torch.allclose(model(x), expected, atol=1e-6)


def test_batches_and_random_numbers_of_the_script_stay() -> None:
    x, _ = images(20)
    before = x.clone()
    with changed("inputs", **ARMED):
        seeded(Plain)(x)
        drawn = torch.rand(1)
    assert torch.equal(x, before)
    seeded(Plain)(x)
    assert torch.equal(torch.rand(1), drawn)


def test_the_model_sees_itself_as_it_is() -> None:
    seen = []

    class Curious(Plain):
        def forward(self, input: Tensor) -> Tensor:
            seen.append(set(vars(self)))
            return super().forward(input)

    model = Curious()
    with changed("inputs", **ARMED):
        model(images(2)[0])
    assert seen == [set(vars(model))]


def test_what_is_no_image_and_what_is_no_model_are_left_alone() -> None:
    noise, flat = torch.rand(4, 7, 1, 1), torch.rand(4, 1)
    grow, dense = nn.ConvTranspose2d(7, 1, 3), nn.Linear(1, 2)
    x, _ = images(4)
    loss, blur = nn.MSELoss(), nn.AvgPool2d(2)
    bare = (grow(noise), dense(flat), loss(x, 1 - x), blur(x))
    with changed("inputs", **ARMED) as effect:
        assert same((grow(noise), dense(flat), loss(x, 1 - x), blur(x)), bare)
    assert effect.done == {}


def test_a_module_behind_another_one_is_left_alone_in_evaluation_too() -> None:
    first, second = seeded(lambda: (nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)))
    x, _ = images(4)
    expected = second(first(standardised(x)))
    with changed("inputs", **ARMED):
        assert torch.allclose(second(first(x)), expected, atol=1e-6)
        with torch.no_grad():
            assert torch.allclose(second(first(x)), expected, atol=1e-6)


def test_compiled_models_are_reached() -> None:
    model = seeded(Plain)
    x, _ = images(4)
    expected = model(standardised(x))
    with changed("inputs", **ARMED):
        compiled: Any = torch.compile(model)
        assert torch.allclose(compiled(x), expected, atol=1e-6)


def test_a_model_that_fails_leaves_nothing_behind() -> None:
    model = Plain()
    x, _ = images(4)
    expected = model(standardised(x))
    with changed("inputs", **ARMED):
        with pytest.raises(RuntimeError):
            model(torch.rand(2, 5, 10, 10))
        assert "forward" not in vars(model)
        assert torch.allclose(model(x), expected, atol=1e-6)


def test_whole_numbers_are_said_to_be_out_of_reach() -> None:
    class Scaling(Plain):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input.float() / 255)

    with changed("inputs", **ARMED) as effect:
        Scaling()((images(4)[0] * 100).to(torch.uint8))
    assert effect.done == {}
    assert len(effect.limits) == 1


@pytest.mark.parametrize("neutral", [True, False], ids=["neutral constants", "undone"])
def test_nothing_else_is_changed(neutral: bool) -> None:
    bare = train(seeded(Plain))
    if neutral:
        with changed("inputs", mean=(0.0,), deviation=(1.0,)):
            assert same(train(seeded(Plain)), bare)
    else:
        with changed("inputs", **ARMED):
            pass
        assert same(train(seeded(Plain)), bare)


def test_the_watcher_sees_maps_of_standardised_images(tmp_path: Path) -> None:
    with changed("inputs", **ARMED):
        unwatched = train(seeded(Plain))
        with watched(tmp_path) as runs:
            model = seeded(Plain)
            assert same(train(model), unwatched)
    (subject,) = runs[0].subjects
    summary = subject.history("0", MapSummary, "pre", Clock.PROBE)[-1]
    assert summary.step == 8
    with torch.no_grad():
        maps = model[0](standardised(torch.cat([x for x, _ in batches(epochs=1)])))
    assert summary.value.mean == pytest.approx(maps.mean((0, 2, 3)).numpy(), abs=1e-4)


def test_the_loss_of_an_autoencoder_is_taken_on_the_images_of_the_script() -> None:
    x, _ = images(8)
    model = seeded(lambda: nn.Conv2d(1, 1, 3, padding=1))
    expected = F.mse_loss(model(standardised(x)), x)
    with changed("inputs", **ARMED):
        assert torch.allclose(F.mse_loss(model(x), x), expected)
