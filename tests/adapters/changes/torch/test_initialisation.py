"""Models begin with He's weights, drawn before their first training pass and in place."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    batches,
    changed,
    plain_loss,
    same,
    small,
    state,
    train,
    watched,
)
from snellen.record import Subject
from snellen.stats import WeightState


def poor(seed: int = 0) -> nn.Sequential:
    """All weights far too small, biases and gains odd."""
    model = small(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(1e-3).add_(0.01)
    return model


def begun(model: nn.Module) -> None:
    """Its first training pass."""
    plain_loss(model, *batches()[0])


def spread(weight: Tensor) -> float:
    return float(weight.detach().square().mean().sqrt())


Make = Callable[[], tuple[nn.Module, int]]

FANS: dict[str, Make] = {
    "conv": lambda: (nn.Conv2d(16, 32, 3), 16 * 9),
    "grouped": lambda: (nn.Conv2d(16, 64, 5, groups=4), 4 * 25),
    "dense": lambda: (nn.Linear(200, 50), 200),
    "1d": lambda: (nn.Conv1d(20, 64, 3), 60),
    "3d": lambda: (nn.Conv3d(8, 16, 3), 8 * 27),
    "transposed": lambda: (nn.ConvTranspose2d(32, 64, 4, stride=2), 32 * 4),
    "transposed in groups": lambda: (nn.ConvTranspose2d(64, 64, 3, groups=4), 16 * 9),
    "gaps between": lambda: (nn.ConvTranspose2d(64, 32, 2, stride=3), 64),
}


@pytest.mark.parametrize("name", FANS)
def test_weights_have_hes_spread(name: str) -> None:
    torch.manual_seed(0)
    layer, inputs = FANS[name]()
    shape = {"Conv1d": (2, 20, 9), "Conv3d": (1, 8, 6, 6, 6), "Linear": (2, 200)}
    kind = type(layer).__name__
    channels = layer.in_channels if isinstance(layer, nn.modules.conv._ConvNd) else 0
    with changed("initialisation", seed=1) as effect:
        layer(torch.rand(shape.get(kind, (2, channels, 8, 8))))
    assert isinstance(layer.weight, Tensor)
    assert isinstance(layer.bias, Tensor)
    # The standard error of a spread from n numbers is its 1/√(2n)th part.
    error = 5 / math.sqrt(2 * layer.weight.numel())
    assert spread(layer.weight) == pytest.approx(math.sqrt(2 / inputs), rel=error)
    assert float(layer.weight.detach().mean()) == pytest.approx(0, abs=0.2 * spread(layer.weight))
    assert not layer.bias.detach().any()
    assert effect.done == {"layers initialised": 1}


def test_the_signal_keeps_its_size_through_transposed_convolutions() -> None:
    torch.manual_seed(0)
    layers = [nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1) for _ in range(3)]
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))
    x = torch.randn(2, 64, 4, 4)
    with changed("initialisation", seed=1):
        y = model(x)
    assert 0.5 < float(y.detach().square().mean()) < 2


def test_normalisations_begin_neutral_and_their_statistics_stay() -> None:
    norms = [
        nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm((4, 6, 6)),
        nn.InstanceNorm2d(4, affine=True), nn.RMSNorm((4, 6, 6)),
    ]  # fmt: skip
    model = nn.Sequential(*norms)
    for p in model.parameters():
        nn.init.constant_(p, 0.3)
    norms[0].running_mean.fill_(2.0)  # pyright: ignore[reportCallIssue, reportOptionalMemberAccess, reportAttributeAccessIssue]
    with changed("initialisation", seed=1):
        model(torch.rand(2, 4, 6, 6))
    for name, p in model.named_parameters():
        assert torch.equal(p, torch.full_like(p, float("weight" in name)))
    # One update of the statistics from where they were.
    assert all(1.7 < float(m) < 1.9 for m in norms[0].running_mean)  # pyright: ignore[reportGeneralTypeIssues]


def test_the_training_goes_on_from_the_new_weights() -> None:
    """As if the script had begun with them; its optimizer holds the same parameters."""
    model = poor()
    with changed("initialisation", seed=1):
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        train(model, optimizer)
    by_hand = poor()
    with changed("initialisation", seed=1):
        # No step: the statistics of batch normalisation move, and are put back.
        buffers = [b.clone() for b in by_hand.buffers()]
        begun(by_hand)
        for b, value in zip(by_hand.buffers(), buffers, strict=True):
            b.copy_(value)
    train(by_hand, torch.optim.Adam(by_hand.parameters(), 1e-2))
    assert same(state(model), state(by_hand))


def test_the_seed_decides_and_no_random_stream_of_the_script_moves() -> None:
    def weights(seed: int) -> tuple[dict[str, Tensor], Tensor]:
        model = small()
        with changed("initialisation", seed=seed):
            begun(model)
        return state(model), torch.rand(3)

    (first, a), (again, b), (other, c) = weights(1), weights(1), weights(2)
    assert same(first, again)
    assert not same(first, other)
    bare = small()
    begun(bare)
    assert torch.equal(a, torch.rand(3))
    assert torch.equal(a, b)
    assert torch.equal(a, c)


def test_only_the_first_pass_that_can_train_initialises() -> None:
    model = small()
    before = state(model)
    with changed("initialisation", seed=1):
        model.eval()
        begun(model)
        assert same(state(model), before)
        model.train()
        with torch.no_grad():
            begun(model)
        assert torch.equal(model[0].weight, before["0.weight"])  # pyright: ignore[reportArgumentType]
        begun(model)
        weights = model[0].weight.clone()  # pyright: ignore[reportCallIssue]
        assert not torch.equal(weights, before["0.weight"])
        begun(model)
        # Also in parts, and with a parameter that was exchanged for a trained one.
        model[3].weight = nn.Parameter(torch.ones(6, 4, 3, 3))
        nn.Sequential(*list(model)[:3])(batches()[0][0])
        begun(model)
    assert torch.equal(model[0].weight, weights)  # pyright: ignore[reportArgumentType]
    assert bool((model[3].weight == 1).all())  # pyright: ignore[reportAttributeAccessIssue]


def test_frozen_parameters_stay() -> None:
    model = small()
    for p in model[0].parameters():
        p.requires_grad_(False)
    before = state(model)
    with changed("initialisation", seed=1) as effect:
        begun(model)
    after = state(model)
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert torch.equal(after["0.bias"], before["0.bias"])
    assert not torch.equal(after["3.weight"], before["3.weight"])
    assert effect.done == {"layers initialised": 2}


def by_state(model: nn.Module, path: Path) -> nn.Module:
    model[3].load_state_dict(small(1)[3].state_dict())  # pyright: ignore[reportIndexIssue]
    return model


def by_copy(model: nn.Module, path: Path) -> nn.Module:
    return copy.deepcopy(by_state(model, path))


def by_file(model: nn.Module, path: Path) -> nn.Module:
    torch.save({"epoch": 3, "model": model}, path / "m.pt")
    return torch.load(path / "m.pt", weights_only=False)["model"]


def by_part(model: nn.Module, path: Path) -> nn.Module:
    return nn.Sequential(by_file(model, path), nn.Linear(10, 10))


@pytest.mark.parametrize("load", [by_state, by_copy, by_file, by_part])
def test_loaded_models_keep_their_weights(
    load: Callable[[nn.Module, Path], nn.Module], tmp_path: Path
) -> None:
    with changed("initialisation", seed=1) as effect:
        model = load(small(), tmp_path)
        before = state(model)
        begun(model)
        assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    assert not effect.done
    assert effect.limits == ("models whose weights were loaded keep them",)


def test_a_copy_of_a_fresh_model_is_initialised() -> None:
    with changed("initialisation", seed=1) as effect:
        begun(copy.deepcopy(small()))
    assert effect.done == {"layers initialised": 3}


class OwnKernel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.rand(4, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(x, self.kernel)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (
            lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 4, 3)),
            "the weights of ParametrizedConv2d are computed from others at each call",
        ),
        (
            lambda: nn.utils.spectral_norm(nn.Conv2d(1, 4, 3)),
            "the weights of Conv2d are computed from others at each call",
        ),
        (OwnKernel, "kernels that OwnKernel holds itself, in no layer of PyTorch's"),
        (
            lambda: nn.LazyConv2d(4, 3),
            "LazyConv2d has no weights yet when its model is first called",
        ),
    ],
    ids=["weight norm", "old spectral norm", "own kernel", "lazy"],
)
def test_what_it_can_not_set_it_says(layer: Callable[[], nn.Module], said: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(layer(), nn.Flatten(), nn.Linear(256, 10))
    with changed("initialisation", seed=1) as effect:
        begun(model)
        begun(model)
    assert effect.limits == (said,)
    assert effect.done == {"layers initialised": 1}


def test_shared_layers_and_weights_are_drawn_once() -> None:
    torch.manual_seed(0)
    shared = nn.Linear(100, 100)
    tied = nn.Linear(100, 100, bias=False)
    tied.weight = shared.weight
    model = nn.Sequential(nn.Flatten(), shared, nn.ReLU(), shared, tied)
    with changed("initialisation", seed=1) as effect:
        begun(model)
    drawn = torch.randn(100, 100, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(shared.weight, drawn * math.sqrt(2 / 100))
    assert tied.weight is shared.weight
    assert effect.done == {"layers initialised": 1}


def test_a_compiled_model_is_initialised_before_its_first_pass() -> None:
    def weights(compiled: bool) -> list[nn.Parameter]:
        model = small()
        with changed("initialisation", seed=1):
            begun(torch.compile(model, backend="eager") if compiled else model)  # pyright: ignore[reportArgumentType]
        return list(model.parameters())

    assert all(torch.equal(a, b) for a, b in zip(weights(True), weights(False), strict=True))


def test_a_model_inside_a_compiled_function_is_said_to_stay() -> None:
    model = small()
    before = state(model)
    with changed("initialisation", seed=1) as effect:
        torch.compile(lambda x: model(x), backend="eager")(batches()[0][0])
    assert torch.equal(model[0].weight, before["0.weight"])  # pyright: ignore[reportArgumentType]
    assert not effect.done
    assert effect.limits == ("what is computed inside a compiled function stays as it is",)


def test_what_is_watched_begins_with_the_new_weights(tmp_path: Path) -> None:
    def train_poor() -> None:
        model = poor()
        train(model, torch.optim.SGD(model.parameters(), 1e-6))

    def norms(subject: Subject) -> float:
        (entry, *_) = subject.history("3", WeightState)
        return float((entry.value.initial_norm**2).mean())

    with changed("initialisation", seed=1):
        new = watched(train_poor, tmp_path)
    # 6 filters of 36 weights, whose squares sum up to 2 each.
    assert norms(new) == pytest.approx(2, rel=0.5)
    (tmp_path / "bare").mkdir()
    assert norms(watched(train_poor, tmp_path / "bare")) < 0.1


def test_files_that_hold_no_models_are_read_as_before() -> None:
    file = io.BytesIO()
    torch.save([torch.ones(2)], file)
    file.seek(0)
    with changed("initialisation", seed=1):
        assert torch.equal(torch.load(file)[0], torch.ones(2))
