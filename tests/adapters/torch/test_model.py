"""Questions to a model: answered as PyTorch itself answers them, and without a trace."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from snellen.adapters.contract import ModelRefusedError
from snellen.adapters.torch.model import TorchModel


class Net(nn.Module):
    """Groups, batch normalisation, dropout, a transposed convolution, writing in place, counting
    its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2)
        self.norm2 = nn.BatchNorm2d(6, momentum=None, affine=False)
        self.frozen = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(6, 3)
        self.frozen.requires_grad_(False)
        self.calls: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(len(x))
        x -= 0.25
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        x = self.norm2(self.up(x))
        x += self.frozen(torch.tanh(x))
        x = F.dropout(x, 0.3, self.training) + 0.1 * torch.rand(()) * self.training
        return self.head(x.mean((2, 3)))


def loss_of(output: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(output, labels)


def held(*, training: bool = True) -> tuple[TorchModel, Net, Any, np.ndarray[Any, Any]]:
    torch.manual_seed(0)
    net = Net().train(training)
    for _ in range(3):
        net(torch.rand(8, 2, 6, 6) * 2)
    net(torch.rand(4, 2, 6, 6)).sum().backward()
    model = TorchModel(net, "Net", lambda _: True)
    model.loss_function = loss_of
    images = torch.rand(5, 2, 6, 6)
    inputs = ((images,), {})
    model.look(inputs, None, lambda _: None)
    return model, net, inputs, np.array([0, 1, 2, 1, 0])


def state(net: Net, inputs: Any) -> dict[str, Any]:
    """All that asking may touch, bit for bit."""
    return {
        "weights": {k: v.clone() for k, v in net.state_dict().items()},
        "versions": [t._version for t in (*net.parameters(), *net.buffers())],
        "identities": [id(t) for t in (*net.parameters(), *net.buffers())],
        "grad": [
            None if p.grad is None else (id(p.grad), p.grad.clone()) for p in net.parameters()
        ],
        "takes gradients": [p.requires_grad for p in net.parameters()],
        "modes": [m.training for m in net.modules()],
        "attributes": [sorted(m.__dict__) for m in net.modules()],
        "statistics": [getattr(m, "track_running_stats", None) for m in net.modules()],
        "calls": list(net.calls),
        "hooks": [(len(m._forward_hooks), len(m._backward_hooks)) for m in net.modules()],
        "inputs": [inputs[0][0].clone(), inputs[0][0].requires_grad],
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
        "grad mode": torch.is_grad_enabled(),
    }


def same(left: Any, right: Any) -> bool:
    if isinstance(left, Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def shift_and_ask(model: TorchModel, inputs: Any, labels: Any) -> None:
    changes = {n: np.ones_like(w.kernel) for n, w in model.weights().items()}
    with model.shifted(changes):
        model.answer(inputs, labels)


ASKING: dict[str, Callable[[TorchModel, Any, Any], Any]] = {
    "look": lambda m, x, y: m.look(x, y, lambda _: None),
    "answer": lambda m, x, y: m.answer(x, y),
    "answer by batch statistics": lambda m, x, y: m.answer(x, y, batch_statistics=True),
    "normalisations": lambda m, x, y: m.normalisations(),
    "weights": lambda m, x, y: m.weights(),
    "gradients": lambda m, x, y: m.gradients(x, y),
    "input gradients": lambda m, x, y: m.input_gradients(x),
    "input gradients of a layer": lambda m, x, y: m.input_gradients(x, np.sign, layer="conv"),
    "images of": lambda m, x, y: m.images_of(x),
    "with images": lambda m, x, y: m.answer(m.with_images(x, m.images_of(x) * 2), y),
    "shifted": shift_and_ask,
    "select": lambda m, x, y: m.select([x, x], np.array([1, 7])),
}


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluating"])
@pytest.mark.parametrize("name", ASKING)
def test_asking_leaves_every_bit_as_it_was(name: str, training: bool) -> None:
    model, net, inputs, labels = held(training=training)
    heard: list[Any] = []
    net.conv.register_forward_hook(lambda *_: heard.append("forward"))
    net.head.register_full_backward_hook(lambda *_: heard.append("backward"))
    net.conv.weight.register_hook(lambda g: heard.append("gradient"))
    net.head.weight.register_post_accumulate_grad_hook(lambda p: heard.append("accumulated"))
    before = state(net, inputs)

    ASKING[name](model, inputs, labels)

    after = state(net, inputs)
    assert [key for key in before if not same(before[key], after[key])] == []
    assert heard == []
    # The hooks are in their places still.
    net(torch.rand(2, 2, 6, 6)).sum().backward()
    assert sorted(heard) == ["accumulated", "backward", "forward", "gradient"]


def test_an_interrupted_question_leaves_every_bit_too() -> None:
    model, net, inputs, labels = held()
    before = state(net, inputs)
    with pytest.raises(ZeroDivisionError), model.shifted({"up": np.ones((6, 2, 3, 3))}):
        raise ZeroDivisionError
    with pytest.raises(ModelRefusedError):
        model.gradients(((torch.rand(2, 3, 6, 6),), {}), labels)
    assert same(before["weights"], net.state_dict())
    assert same(before["versions"], state(net, inputs)["versions"])


def evaluated(net: nn.Module, images: Tensor) -> Tensor:
    return copy.deepcopy(net).eval()(images.clone())


def test_an_answer_is_the_models_own() -> None:
    model, net, inputs, labels = held()
    expected = evaluated(net, inputs[0][0])
    output, loss = model.answer(inputs, labels)
    assert np.array_equal(output, expected.detach().numpy())
    assert loss == loss_of(expected, torch.from_numpy(labels)).item()


def test_batch_statistics_are_those_of_these_images() -> None:
    model, net, inputs, _ = held()
    twin = copy.deepcopy(net).eval()
    for norm in (twin.norm, twin.norm2):
        norm.train()
    expected = twin(inputs[0][0].clone()).detach().numpy()
    output, _ = model.answer(inputs, None, batch_statistics=True)
    assert np.array_equal(output, expected)
    assert not np.allclose(output, model.answer(inputs, None)[0])


def test_gradients_are_those_of_backward_in_evaluation_mode() -> None:
    model, net, inputs, labels = held()
    twin = copy.deepcopy(net).eval()
    twin.zero_grad()
    loss_of(twin(inputs[0][0].clone()), torch.from_numpy(labels)).backward()
    found = model.gradients(inputs, labels)
    assert found is not None
    assert found.keys() == {"conv", "up", "head"}
    assert np.array_equal(found["conv"], twin.conv.weight.grad.numpy())
    # (inputs, outputs per group) → (outputs, inputs per group)
    up = twin.up.weight.grad.numpy()
    assert np.array_equal(found["up"][4, 1], up[3, 1])


def test_gradients_of_the_initial_weights() -> None:
    model, net, inputs, labels = held()
    model.keep_initial()
    expected = model.gradients(inputs, labels)
    with torch.no_grad():
        for p in net.parameters():
            p += 1.0
    with model.initial():
        found = model.gradients(inputs, labels)
    assert expected is not None
    assert found is not None
    assert np.array_equal(found["conv"], expected["conv"])
    assert not np.allclose(model.gradients(inputs, labels)["conv"], expected["conv"])


def test_a_kernel_that_the_loss_does_not_depend_on_has_a_gradient_of_zero() -> None:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(self.a(x).detach())

    model = TorchModel(Cut(), "Cut", lambda _: True)
    model.loss_function = loss_of
    inputs = ((torch.rand(3, 2),), {})
    model.look(inputs, None, lambda _: None)
    found = model.gradients(inputs, np.array([0, 1, 1]))
    assert found is not None
    assert not found["a"].any()
    assert found["b"].any()


def test_there_are_no_gradients_without_a_loss() -> None:
    model, _, inputs, labels = held()
    assert model.gradients(inputs, None) is None
    model.loss_function = None
    assert model.gradients(inputs, labels) is None


@pytest.mark.parametrize("layer", ["", "conv", "up", "head"])
def test_input_gradients_are_those_of_finite_differences(layer: str) -> None:
    model, net, inputs, _ = held()
    net.double()
    images = inputs[0][0].double()
    weights: list[Any] = []

    def pull(maps: Any) -> Any:
        weights.append(np.random.default_rng(0).normal(size=maps.shape))
        return weights[0]

    gradient = model.input_gradients(((images,), {}), pull, layer=layer)
    assert gradient is not None
    assert gradient.shape == images.shape

    def weighed(x: Tensor) -> float:
        seen: list[Any] = []
        if not layer:
            seen = [model.answer(((x,), {}), None)[0]]
        else:
            shown: dict[str, Any] = {}

            def see(glimpse: Any) -> None:
                if glimpse.layer.name == layer and glimpse.part in ("pre", "post"):
                    shown[glimpse.part] = np.array(glimpse.host())

            model.look(((x,), {}), None, see)
            seen = [shown.get("post", shown.get("pre"))]
        return float((seen[0] * weights[0]).sum())

    for place in ((0, 0, 0, 0), (3, 1, 2, 5), (4, 0, 5, 5)):
        step = torch.zeros_like(images)
        step[place] = 1e-6
        slope = (weighed(images + step) - weighed(images - step)) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_input_gradients_are_none_where_no_graph_leads_to_the_images() -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(2, 4)

        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                return self.a(x)

    model = TorchModel(Blind(), "Blind", lambda _: True)
    assert model.input_gradients(((torch.rand(3, 2),), {})) is None
    assert model.input_gradients(((torch.arange(6).view(3, 2),), {})) is None
    assert model.input_gradients(((torch.rand(3, 2),), {}), layer="nowhere") is None


def test_images_go_out_and_come_back_as_they_were() -> None:
    model = TorchModel(Net(), "Net", lambda _: True)
    images = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last).double()
    inputs = ((torch.arange(2), {"x": images}), {"scale": torch.rand(2, 1)})
    out = model.images_of(inputs)
    assert out is not None
    out += 1
    back = model.with_images(inputs, out.astype(np.float32))
    new = back[0][1]["x"]
    assert torch.allclose(new, images + 1)
    assert (new.dtype, new.stride()) == (images.dtype, images.stride())
    assert back[0][0] is inputs[0][0]
    assert back[1]["scale"] is inputs[1]["scale"]
    assert model.images_of(((torch.arange(4).view(2, 2),), {})) is None


def test_kernels_are_shifted_in_the_canonical_order() -> None:
    model, _, _, _ = held()
    before = {name: np.array(w.kernel) for name, w in model.weights().items()}
    rng = np.random.default_rng(0)
    changes = {n: rng.normal(size=before[n].shape).astype(np.float32) for n in ("up", "head")}
    with model.shifted(changes):
        for name, weights in model.weights().items():
            assert np.array_equal(weights.kernel, before[name] + changes.get(name, 0)), name
    assert all(np.array_equal(w.kernel, before[n]) for n, w in model.weights().items())
    with pytest.raises(KeyError), model.shifted({"up": changes["up"], "nowhere": before["up"]}):
        raise AssertionError("not reached")
    assert np.array_equal(model.weights()["up"].kernel, before["up"])


def test_a_graph_under_way_survives_a_shift() -> None:
    model, net, inputs, labels = held()
    out = net(torch.rand(2, 2, 6, 6))
    with model.shifted({"conv": np.ones((4, 2, 3, 3))}):
        model.gradients(inputs, labels)
    out.sum().backward()


def test_normalisations_go_by_the_layer_before_them() -> None:
    model, net, _, _ = held()
    found = model.normalisations()
    assert found.keys() == {"conv", "up"}
    assert np.array_equal(found["conv"].running_mean, net.norm.running_mean.numpy())
    assert np.array_equal(found["conv"].running_variance, net.norm.running_var.numpy())
    assert np.array_equal(found["conv"].gain, net.norm.weight.detach().numpy())
    assert found["conv"].kept == pytest.approx(0.9)
    assert np.isnan(found["up"].kept)
    assert found["up"].gain is None
    assert found["up"].shift is None


def test_a_single_image_has_no_batch_statistics() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten())
    model = TorchModel(net, "S", lambda _: True)
    with pytest.raises(ModelRefusedError):
        model.answer(((torch.rand(1, 1, 3, 3),), {}), None, batch_statistics=True)
    assert net[1].track_running_stats
    assert net[1].training


def test_questions_may_come_in_inference_mode() -> None:
    model, _, inputs, labels = held()
    expected = model.gradients(inputs, labels)
    with torch.inference_mode():
        chosen = model.select([((torch.rand(4, 2, 6, 6),), {})], np.array([0, 2]))
        found = model.gradients(inputs, labels)
    assert expected is not None
    assert found is not None
    assert np.array_equal(found["conv"], expected["conv"])
    assert model.input_gradients(chosen) is not None
    assert model.gradients(chosen, labels[:2]) is not None
