"""What a script's own doings show: loaded weights, parameters that nobody trains, gradients that
nobody clears."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.torch.listening import Listener, listening
from adapters.torch.programs import images

X, Y = images(64)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))


Prepare = Callable[[torch.optim.Optimizer], None]


def clear(optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()


def train(
    model: nn.Module,
    *optimizers: torch.optim.Optimizer,
    before_backward: Callable[[], Any] | None = None,
    after_step: Callable[[], Any] | None = None,
    loss: Callable[[Any, Tensor], Tensor] = F.cross_entropy,
    steps: int = 8,
) -> None:
    used = optimizers or (torch.optim.SGD(model.parameters(), 0.01),)
    for step in range(steps):
        part = slice(16 * (step % 4), 16 * (step % 4) + 16)
        out = model(X[part])
        if before_backward is None and after_step is None:
            for optimizer in used:
                optimizer.zero_grad()
        elif before_backward is not None:
            before_backward()
        loss(out, Y[part]).backward()
        for optimizer in used:
            optimizer.step()
        if after_step is not None:
            after_step()


def facts_of(model: nn.Module, **options: Any) -> dict[str, Any]:
    with listening(captured=True) as listener:
        train(model, **options)
    return listener.facts


# -- loaded weights


def loads_itself() -> nn.Module:
    model = network()
    model.load_state_dict(network().state_dict())
    return model


def loads_a_part() -> nn.Module:
    model = network()
    model[0].load_state_dict(nn.Conv2d(1, 4, 3).state_dict())
    return model


def is_part_of_what_was_loaded() -> nn.Module:
    whole = nn.ModuleDict({"a": network(), "b": network()})
    whole.load_state_dict(copy.deepcopy(whole.state_dict()))
    return whole["a"]


def loads_another() -> nn.Module:
    network().load_state_dict(network().state_dict())
    return network()


@pytest.mark.parametrize(
    ("make", "loaded"),
    [
        (loads_itself, True),
        (loads_a_part, True),
        (is_part_of_what_was_loaded, True),
        (loads_another, None),
        (network, None),
    ],
)
def test_loaded_weights_are_known(make: Callable[[], nn.Module], loaded: bool | None) -> None:
    with listening() as listener:
        train(make())
    assert listener.facts.get("loaded_weights") is loaded


def test_weights_that_transformers_load_are_known(tmp_path: Any) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        num_channels=1, embedding_size=4, hidden_sizes=[4], depths=[1], num_labels=10
    )
    kind = transformers.ResNetForImageClassification
    kind(config).save_pretrained(tmp_path)

    def loss(out: Any, y: Tensor) -> Tensor:
        return F.cross_entropy(out.logits, y)

    for model, loaded in ((kind.from_pretrained(tmp_path), True), (kind(config), None)):
        with listening() as listener:
            train(model, loss=loss, steps=2)
        assert listener.facts.get("loaded_weights") is loaded


# -- parameters


def unoptimised(listener: Listener) -> list[str]:
    return [entry["parameter"] for entry in listener.facts["unoptimised"]]


def test_parameters_that_no_optimizer_holds_are_named() -> None:
    with listening() as listener:
        model = network()
        train(model, torch.optim.SGD(model[0].parameters(), 0.01))
    assert listener.facts["unoptimised"] == [
        {"parameter": "3.weight", "layer": "3", "elements": 2560},
        {"parameter": "3.bias", "layer": "3", "elements": 10},
    ]
    assert listener.facts["frozen_parameters"] == 0


@pytest.mark.parametrize("way", ["held by two", "frozen", "without gradients"])
def test_parameters_that_are_held_frozen_or_unused_are_not(way: str) -> None:
    with listening() as listener:
        model = network()
        optimizers = [torch.optim.SGD(model[0].parameters(), 0.01)]
        if way == "held by two":
            optimizers.append(torch.optim.Adam(model[3].parameters()))
        elif way == "frozen":
            model[3].requires_grad_(False)
        else:
            optimizers = [torch.optim.SGD(model.parameters(), 0.01)]
            model.register_parameter("unused", nn.Parameter(torch.zeros(3)))
        train(model, *optimizers)
    assert unoptimised(listener) == []
    assert listener.facts["frozen_parameters"] == (2570 if way == "frozen" else 0)


def test_an_optimizer_that_takes_a_layer_up_later_holds_it() -> None:
    with listening() as listener:
        model = network()
        train(model, torch.optim.SGD(model[3].parameters(), 0.01))
        assert unoptimised(listener) == ["0.weight", "0.bias"]
        train(model, torch.optim.SGD(model.parameters(), 0.01))
    assert unoptimised(listener) == []


class Hidden(nn.Module):
    """Layers in plain lists and dicts, or made anew at each call."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.first = nn.Conv2d(1, 4, 3)
        self.head = nn.Linear(4, 10)
        layer = nn.Conv2d(4, 4, 3)
        if form == "list":
            self.layers = [nn.ReLU(), layer]
        elif form == "dict":
            self.layers = {"mid": layer}
        elif form == "teacher":
            self.layers = [layer.requires_grad_(False)]
        elif form == "ModuleList":
            self.layers = nn.ModuleList([layer])

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        if self.form == "anew":
            x = nn.Conv2d(4, 4, 3)(x)
        elif self.form == "dict":
            x = self.layers["mid"](x)
        else:
            for layer in self.layers:
                x = layer(x)
        return self.head(F.relu(x).mean((2, 3)))


@pytest.mark.parametrize(
    ("form", "unregistered", "created"),
    [
        ("list", [{"type": "Conv2d", "name": "layers[1]"}], []),
        ("dict", [{"type": "Conv2d", "name": "layers[mid]"}], []),
        ("anew", [], [{"type": "Conv2d"}]),
        ("teacher", [], []),
        ("ModuleList", [], []),
    ],
)
def test_layers_that_the_model_does_not_own_are_told(
    form: str, unregistered: list[Any], created: list[Any]
) -> None:
    facts = facts_of(Hidden(form))
    assert facts["unregistered"] == unregistered
    assert facts["created_in_forward"] == created


def test_a_layer_exchanged_after_a_first_call_is_the_models_own() -> None:
    with listening(captured=True) as listener:
        model = network()
        model(X[:2])
        model[3] = nn.Linear(256, 10)
        train(model)
    assert listener.facts["unregistered"] == []


# -- gradients that are left


Options = dict[str, Any]


def never(model: nn.Module) -> Options:
    return {"before_backward": lambda: None}


def zero_before(model: nn.Module) -> Options:
    return {"before_backward": lambda: model.zero_grad()}


def filled_after(model: nn.Module) -> Options:
    return {"after_step": lambda: model.zero_grad(set_to_none=False)}


def by_hand(model: nn.Module) -> Options:
    def clear_all() -> None:
        for p in model.parameters():
            p.grad = None

    return {"after_step": clear_all}


@pytest.mark.parametrize(
    ("way", "kept"), [(never, 7), (zero_before, 0), (filled_after, 0), (by_hand, 0)]
)
@pytest.mark.parametrize("captured", [True, False])
def test_gradients_that_nobody_clears_are_counted(
    way: Callable[[nn.Module], Options], kept: int, captured: bool
) -> None:
    with listening(captured=captured) as listener:
        model = network()
        train(model, **way(model))
    assert (listener.facts["gradient_steps"], listener.facts["gradients_kept"]) == (7, kept)


def test_gradients_are_followed_at_the_first_and_at_captured_steps_alone() -> None:
    with listening() as listener:
        model = network()
        train(model, steps=40, **never(model))
    assert listener.facts["gradient_steps"] == 19


def test_accumulating_within_one_update_is_not_keeping() -> None:
    with listening() as listener:
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for step in range(12):
            F.cross_entropy(model(X[:16]), Y[:16]).backward()
            if step % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()
    assert (listener.facts["gradient_steps"], listener.facts["gradients_kept"]) == (2, 0)


def test_a_closure_that_clears_is_seen() -> None:
    with listening() as listener:
        model = network()
        optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=2)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), Y)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
    assert listener.facts["gradients_kept"] == 0


# -- outputs, images, dropout


class Ending(nn.Module):
    def __init__(self, end: Callable[[Tensor], Tensor], units: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(256, units)
        self.end = end

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.head(self.body(x)))


SOFTMAXES: dict[str, tuple[Callable[[Tensor], Tensor], int, dict[str, Any]]] = {
    "units": (nn.Softmax(1), 10, {"over": "units", "units": 10}),
    "units from behind": (lambda x: x.softmax(-1), 10, {"over": "units", "units": 10}),
    "batch": (nn.Softmax(0), 10, {"over": "batch", "units": 16}),
    "log, batch": (lambda x: F.log_softmax(x, 0), 10, {"over": "batch", "units": 16}),
    "one unit": (nn.Softmax(1), 1, {"over": "units", "units": 1}),
}


@pytest.mark.parametrize("inside", [True, False], ids=["in the model", "in the script"])
@pytest.mark.parametrize("name", SOFTMAXES)
def test_what_the_last_softmax_runs_over_is_told(name: str, inside: bool) -> None:
    end, units, expected = SOFTMAXES[name]
    model = Ending(end if inside else lambda x: x, units)

    def loss(out: Tensor, y: Tensor) -> Tensor:
        return F.nll_loss(out if inside else end(out), y % units)

    assert facts_of(model, loss=loss, steps=2)["output_softmax"] == expected


def test_a_softmax_over_positions_is_told() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Softmax(2))
    facts = facts_of(model, loss=lambda out, y: (out[:, 0] - y[:, None, None]).square().mean())
    assert facts["output_softmax"] == {"over": "positions", "units": 8}


def test_a_softmax_inside_the_model_is_not_at_its_output() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 3, 3), nn.Linear(3, 10)

        def forward(self, x: Tensor) -> Tensor:
            h = self.a(x)
            return self.b((h * h.softmax(1)).mean((2, 3)))

    assert "output_softmax" not in facts_of(Attending())


SHAPES: dict[str, tuple[Callable[[Tensor], Tensor], list[int]]] = {
    "as they are": (lambda x: x, [1, 10, 10]),
    "channels last": (lambda x: x.permute(0, 2, 3, 1), [1, 10, 10]),
    "without channels": (lambda x: x[:, 0], [1, 10, 10]),
    "in a row": (lambda x: x.flatten(1), [1, 10, 10]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_the_images_is_that_which_is_convolved(name: str) -> None:
    given, expected = SHAPES[name]

    class Shaping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()

        def forward(self, x: Tensor) -> Tensor:
            if x.ndim == 4:
                x = x.permute(0, 3, 1, 2) if x.shape[-1] == 1 else x
            return self.body(x.reshape(-1, 1, 10, 10))

    with listening(captured=True) as listener:
        model = Shaping()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for _ in range(2):
            F.cross_entropy(model(given(X)), Y).backward()
            optimizer.step()
    assert listener.facts["image_shape"] == expected


def test_dropout_is_named_with_its_rate() -> None:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout2d(0.2), nn.Dropout(0.0))
            self.head = nn.Linear(4, 10)

        def forward(self, x: Tensor) -> Tensor:
            h = F.dropout(self.body(x).mean((2, 3)), 0.6, self.training)
            return self.head(h)

    facts = facts_of(Dropping())
    assert facts["dropout"] == {"body.1": 0.2, "Dropping": 0.6}
    assert facts["training_passes"] == 8


def test_images_in_a_batch_without_a_loader() -> None:
    # Batches of 16, 16, 16, 10, over and over.
    model = network()
    with listening(captured=True) as listener:
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for _ in range(2):
            for part in torch.arange(58).split(16):
                optimizer.zero_grad()
                F.cross_entropy(model(X[part]), Y[part]).backward()
                optimizer.step()
    assert listener.facts["batch_size"] == 16


def test_images_in_a_batch_as_the_loader_says() -> None:
    model = network()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), 32)
    with listening(captured=True) as listener:
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for x, y in loader:
            for half in (slice(16), slice(16, 32)):
                F.cross_entropy(model(x[half]), y[half]).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert listener.facts["batch_size"] == 32


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (
            lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.02, nesterov=True),
            {"momentum": 0.9, "weight_decay": 0.02, "nesterov": True, "dampening": 0},
        ),
        (
            lambda p: torch.optim.Adam(p, 0.1, (0.8, 0.95), 1e-4, 0.01, amsgrad=True),
            {"betas": [0.8, 0.95], "epsilon": 1e-4, "weight_decay": 0.01, "amsgrad": True},
        ),
        (
            lambda p: torch.optim.RMSprop(p, 0.1, 0.95, centered=True),
            {"alpha": 0.95, "centered": True, "momentum": 0},
        ),
        (lambda p: torch.optim.Adadelta(p, 0.1, rho=0.8), {"rho": 0.8}),
    ],
)
def test_the_optimizers_options(make: Any, expected: dict[str, Any]) -> None:
    model = network()
    with listening() as listener:
        train(model, make(model.parameters()), steps=2)
    facts = listener.facts
    assert {name: facts[name] for name in expected} == expected
    assert facts["learning_rate"] == 0.1


def single() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 1))


def column(out: Tensor) -> Tensor:
    return out[:, 0]


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    ("loss", "crossed"),
    [
        (lambda out, y: ((out - y) ** 2).mean(), 16),
        (lambda out, y: (y - out).abs().sum() / 16, 16),
        (lambda out, y: F.mse_loss(out, y.float()), 16),
        (lambda out, y: F.smooth_l1_loss(out, y.float()), 16),
        (lambda out, y: ((out - y[:, None]) ** 2).mean(), None),
        (lambda out, y: F.mse_loss(column(out), y.float()), None),
        # Every answer beside every other one, on purpose.
        (lambda out, y: torch.relu(1 - column(out)[:, None] + column(out)).mean(), None),
        (lambda out, y: (out @ out.T - y).square().mean(), None),
    ],
)
def test_answers_compared_with_every_target_are_told(loss: Any, crossed: int | None) -> None:
    assert facts_of(single(), loss=loss).get("crossed") == crossed


def test_as_many_classes_as_images_are_no_such_answers() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(256, 16))

    def loss(out: Tensor, y: Tensor) -> Tensor:
        return (out.mean(1, keepdim=True) - F.one_hot(y, 16)).square().mean()

    assert "crossed" not in facts_of(model, loss=loss)
