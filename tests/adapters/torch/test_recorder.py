"""Which layers a forward pass shows: names, what follows the weights, how they hang together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snellen.adapters.contract import Glimpse
from snellen.adapters.torch.model import TorchModel
from snellen.core import Layer


class Made(nn.Module):
    """A module from layers by name, and a function of itself and the images."""

    def __init__(self, forward: Callable[[Any, Tensor], Any], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.function = forward

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def conv(inputs: int = 3, outputs: int = 6, **options: Any) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, **options)


def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def squeezed(m: Any, x: Tensor) -> Tensor:
    x = F.relu(m.a(x))
    gate = torch.sigmoid(m.up(F.relu(m.down(x.mean((2, 3), keepdim=True)))))
    return m.b(x * gate)


def dense_block(m: Any, x: Tensor) -> Tensor:
    first = F.relu(m.a(x))
    return m.c(torch.cat([first, F.relu(m.b(first))], 1))


MODELS: dict[str, tuple[nn.Module, str]] = {
    "sequential": (
        nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(2), conv(6, 4), nn.Tanh()),
        "0 relu, 3 tanh head>tanh <0",
    ),
    "F.relu": (
        Made(lambda m, x: m.b(F.relu(m.a(x))), a=conv(), b=conv(6)),
        "a relu, b linear head <a",
    ),
    "x.relu()": (
        Made(lambda m, x: m.b(m.a(x).relu()), a=conv(), b=conv(6)),
        "a relu, b linear head <a",
    ),
    "clamp at 0": (
        Made(lambda m, x: m.b(m.a(x).clamp(min=0)), a=conv(), b=conv(6)),
        "a relu, b linear head <a",
    ),
    "clamp elsewhere": (
        Made(lambda m, x: m.b(m.a(x).clamp(min=0.1)), a=conv(), b=conv(6)),
        "a unknown, b linear head <a",
    ),
    "norm between": (
        nn.Sequential(conv(), nn.BatchNorm2d(6), nn.ReLU6(), conv(6)),
        "0 relu6 normed, 3 linear head <0",
    ),
    "norm and no activation": (
        nn.Sequential(conv(), nn.GroupNorm(2, 6), conv(6)),
        "0 linear normed, 2 linear head <0",
    ),
    "residual": (
        Made(
            lambda m, x: m.c(F.relu(m.n(m.b(F.relu(m.a(x)))) + m.a2(x))),
            a=conv(), b=conv(6), n=nn.BatchNorm2d(6), a2=conv(), c=conv(6),
        ),
        "a relu, b linear normed residual <a, a2 linear residual, relu relu <a2 <b, "
        "c linear head <relu",
    ),
    "swish written out": (
        Made(lambda m, x: m.b(swish(m.n(m.a(x)))), a=conv(), n=nn.BatchNorm2d(6), b=conv(6)),
        "a silu normed, b linear head <a",
    ),
    "swish, the other way round": (
        Made(lambda m, x: m.b(m.a(x).sigmoid().mul(1.0)), a=conv(), b=conv(6)),
        "a sigmoid, b linear head <a",
    ),
    "squeeze and excite": (
        Made(squeezed, a=conv(), down=nn.Conv2d(6, 2, 1), up=nn.Conv2d(2, 6, 1), b=conv(6)),
        "a relu, down relu <a, up sigmoid <down, b linear head <a <up",
    ),
    "dense block": (
        Made(dense_block, a=conv(), b=conv(6), c=conv(12)),
        "a relu, b relu <a, c linear head <a <b",
    ),
    "two heads": (
        Made(
            lambda m, x: (m.b(h := F.relu(m.a(x)).mean((2, 3))), m.c(h)),
            a=conv(), b=nn.Linear(6, 10), c=nn.Linear(6, 2),
        ),
        "a relu, b linear head <a, c linear <a",
    ),
    "head with softmax": (
        Made(lambda m, x: F.softmax(m.a(x).mean((2, 3)), 1), a=conv()),
        "a softmax head>softmax",
    ),
    "head with sigmoid": (
        Made(lambda m, x: torch.sigmoid(m.a(x).mean((2, 3))), a=conv()),
        "a sigmoid head>sigmoid",
    ),
    "called twice": (
        Made(lambda m, x: F.relu(m.a(F.relu(m.a(x)))), a=conv(3, 3)),
        "a relu, a#2 relu head>relu <a",
    ),
    "unknown function": (
        Made(lambda m, x: m.b(torch.sin(m.a(x))), a=conv(), b=conv(6)),
        "a unknown, b linear head <a",
    ),
    "without gradients inside": (
        Made(lambda m, x: m.b(F.relu(torch.no_grad()(m.a)(x))), a=conv(), b=conv(6)),
        "a relu, b linear head <a",
    ),
    "attention over channels last": (
        Made(
            lambda m, x: m.f(F.gelu(m.l(m.a(x).permute(0, 2, 3, 1)))).mean((1, 2)),
            a=conv(), l=nn.Linear(6, 5), f=nn.Linear(5, 4),
        ),
        "a linear, l gelu <a, f linear head <l",
    ),
}  # fmt: skip


def described(layer: Layer) -> str:
    words = [layer.name, layer.activation or "unknown"]
    words += ["normed"] * layer.normalised + ["residual"] * layer.residual
    if layer.head:
        words.append(f"head>{layer.output_activation}" if layer.output_activation else "head")
    return " ".join([*words, *(f"<{name}" for name in sorted(layer.inputs))])


def look(model: nn.Module, *inputs: Any) -> tuple[tuple[Layer, ...], dict[tuple[str, str], Any]]:
    seen: dict[tuple[str, str], Any] = {}

    def see(glimpse: Glimpse) -> None:
        seen[glimpse.layer.name, glimpse.part] = np.array(glimpse.host())

    shown = TorchModel(model, "M", lambda _: True).look((inputs, {}), None, see)
    return shown.layers, seen


@pytest.mark.parametrize("name", MODELS)
def test_layers_are_as_written(name: str) -> None:
    model, expected = MODELS[name]
    layers, _ = look(model, torch.rand(4, 3, 8, 8))
    # Free-standing activations go by their module, and this one is the model itself.
    found = [described(layer).replace("Made", "relu") for layer in layers]
    assert sorted(found) == sorted(expected.split(", "))


def test_maps_are_the_models_own() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(conv(), nn.BatchNorm2d(6), nn.ReLU(inplace=True), conv(6, 2)).eval()
    x = torch.rand(4, 3, 8, 8)
    _, seen = look(model, x)
    with torch.no_grad():
        before = model[0](x)
        after = torch.relu(model[1](before))
        assert np.array_equal(seen["", "input"], x.numpy())
        assert np.array_equal(seen["0", "pre"], before.numpy())
        assert np.array_equal(seen["0", "post"], after.numpy())
        assert np.array_equal(seen["3", "pre"], model[3](after).numpy())
    assert ("3", "post") not in seen


def test_a_written_out_swish_shows_the_product_and_not_the_gate() -> None:
    model = Made(lambda m, x: m.b(swish(m.a(x))), a=conv(), b=conv(6))
    x = torch.rand(4, 3, 8, 8)
    _, seen = look(model, x)
    with torch.no_grad():
        assert np.array_equal(seen["a", "post"], swish(model.a(x)).numpy())


KERNELS: dict[str, tuple[nn.Module, tuple[int, ...], tuple[int, ...], int, bool]] = {
    "1-D": (nn.Conv1d(4, 6, 3), (4, 9), (6, 4, 3), 1, False),
    "3-D": (nn.Conv3d(2, 4, 3), (2, 5, 5, 5), (4, 2, 3, 3, 3), 1, False),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4), (4, 6, 6), (4, 1, 3, 3), 4, False),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), (4, 6, 6), (6, 2, 3, 3), 2, False),
    "transposed": (nn.ConvTranspose2d(4, 6, 2), (4, 6, 6), (6, 4, 2, 2), 1, True),
    "transposed in groups": (
        nn.ConvTranspose2d(4, 6, 2, groups=2), (4, 6, 6), (6, 2, 2, 2), 2, True,
    ),
    "dense": (nn.Linear(5, 3), (5,), (3, 5), 1, False),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_in_canonical_order(name: str) -> None:
    module, shape, kernel, groups, transposed = KERNELS[name]
    model = TorchModel(nn.Sequential(module), "M", lambda _: True)
    layers = model.look(((torch.rand(2, *shape),), {}), None, lambda _: None).layers

    (layer,) = layers
    weights = model.weights()["0"]
    assert layer.weight_shape == weights.kernel.shape == kernel
    assert (layer.groups, layer.transposed, layer.channels) == (groups, transposed, kernel[0])
    assert layer.depthwise == (name == "depthwise")
    assert weights.bias is not None
    assert len(weights.bias) == kernel[0]


def test_a_transposed_kernel_holds_each_filters_own_weights() -> None:
    module = nn.ConvTranspose2d(4, 6, 2, groups=2)
    with torch.no_grad():
        # Output channel 5 is the third of the second group.
        module.weight.zero_()
        module.weight[2:4, 2] = 1.0
    model = TorchModel(nn.Sequential(module), "M", lambda _: True)
    model.look(((torch.rand(1, 4, 3, 3),), {}), None, lambda _: None)
    norms = np.abs(model.weights()["0"].kernel).sum(axis=(1, 2, 3))
    assert norms.tolist() == [0, 0, 0, 0, 0, 8]


class Careless(nn.Module):
    """Its forward writes on everything it can reach."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.register_buffer("count", torch.zeros(()))
        self.calls = 0
        self.history: list[int] = []
        self.tally = {"calls": [0]}
        self.meter = Meter()
        self.seen: set[int] = set()

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.history.append(self.calls)
        self.tally["calls"].append(1)
        self.meter.values.append(self.calls)
        self.meter.total += 1
        self.seen.add(self.calls)
        self.count += 1
        self.fresh = x
        self.train()
        return self.norm(self.conv(F.dropout(x))).mean((1, 2, 3)) + torch.rand(1) + np.random.rand()


class Meter:
    def __init__(self) -> None:
        self.total = 0
        self.values: list[int] = []


def state(model: Careless) -> dict[str, Any]:
    return {
        "weights": {k: v.clone() for k, v in model.state_dict().items()},
        "grad": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
        "calls": (model.calls, list(model.history), list(model.tally["calls"]), set(model.seen)),
        "meter": (model.meter.total, list(model.meter.values)),
        "attributes": sorted(model.__dict__),
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "versions": [p._version for p in model.parameters()],
    }


def same(left: Any, right: Any) -> bool:
    if isinstance(left, Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("initial", [True, False])
def test_a_look_leaves_everything_as_it_was(training: bool, initial: bool) -> None:
    model = Careless().train(training)
    model(torch.rand(2, 1, 6, 6)).sum().backward()
    held = TorchModel(model, "M", lambda _: True)
    held.keep_initial()
    model.train(training)
    before = state(model)

    if initial:
        with held.initial():
            held.look(((torch.rand(3, 1, 6, 6),), {}), None, lambda _: None)
    else:
        held.look(((torch.rand(3, 1, 6, 6),), {}), None, lambda _: None)
    # The input was drawn by the test itself.
    before["torch"] = after_rand(before["torch"])

    after = state(model)
    assert [key for key in before if not same(before[key], after[key])] == []


def after_rand(stream: Tensor) -> Tensor:
    torch.set_rng_state(stream)
    torch.rand(3, 1, 6, 6)
    return torch.get_rng_state()


def test_a_look_holds_no_map(tmp_path: Path) -> None:
    import weakref

    kept: list[weakref.ref[Tensor]] = []

    class Watching(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            kept.append(weakref.ref(x))
            return x

    model = nn.Sequential(conv(), nn.ReLU(), Watching(), conv(6), Watching())
    look(model, torch.rand(2, 3, 8, 8))
    assert len(kept) == 2
    assert [ref() for ref in kept] == [None, None]
