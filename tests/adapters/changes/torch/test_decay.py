"""With nothing that pulls the weights, they become what they become in a script without decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from adapters.changes.torch.trainings_updates import changed, plain_loss, same, small, state, train
from snellen.adapters.changes.torch.functions import know_own_functions
from snellen.adapters.patches import Patches

DECAYING: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("Adam", {"lr": 1e-2}),
    ("AdamW", {"lr": 1e-2}),
    ("RMSprop", {"lr": 1e-3}),
    ("Adagrad", {"lr": 1e-2}),
]

PENALTIES: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "abs": lambda ps: sum((p.abs().sum() for p in ps), torch.tensor(0.0)),
    "builtin abs": lambda ps: torch.stack([abs(p).mean() for p in ps]).sum(),
    "torch.abs": lambda ps: torch.stack([torch.sum(torch.abs(p)) for p in ps]).sum(),
    "norm(1)": lambda ps: torch.stack([p.norm(1) for p in ps]).sum(),
    "norm(p=2)": lambda ps: torch.stack([p.norm(p=2) for p in ps]).sum(),
    "torch.norm": lambda ps: torch.stack([torch.norm(p) for p in ps]).sum(),
    "linalg.norm": lambda ps: torch.stack([torch.linalg.norm(p) for p in ps]).sum(),
    "vector_norm": lambda ps: torch.stack([torch.linalg.vector_norm(p) ** 2 for p in ps]).sum(),
    "** 2": lambda ps: torch.stack([(p**2).sum() for p in ps]).sum(),
    "pow": lambda ps: torch.stack([p.pow(2.0).sum() for p in ps]).sum(),
    "torch.pow": lambda ps: torch.stack([torch.pow(p, 2).sum() for p in ps]).sum(),
    "square": lambda ps: torch.stack([p.square().sum() for p in ps]).sum(),
    "p * p": lambda ps: torch.stack([(p * p).sum() for p in ps]).sum(),
    "dot": lambda ps: torch.stack([p.flatten().dot(p.flatten()) for p in ps]).sum(),
    "cat of views": lambda ps: torch.cat([p.view(-1) for p in ps]).abs().sum(),
    "one vector": lambda ps: nn.utils.parameters_to_vector(ps).norm(),
    "l1_loss": lambda ps: torch.stack([F.l1_loss(p, torch.zeros_like(p)) for p in ps]).sum(),
    "MSELoss": lambda ps: torch.stack([nn.MSELoss()(p, torch.zeros_like(p)) for p in ps]).sum(),
    "group lasso": lambda ps: torch.stack([p[None].flatten(1).norm(dim=1) for p in ps]).sum(),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), DECAYING, ids=[kind for kind, _ in DECAYING])
def test_decay_of_an_optimizer_is_gone(kind: str, options: dict[str, Any]) -> None:
    def trained(decay: float) -> dict[str, Tensor]:
        model = small()
        optimizer = getattr(torch.optim, kind)(model.parameters(), weight_decay=decay, **options)
        train(model, optimizer)
        # A script that reads it finds its own.
        assert optimizer.param_groups[0]["weight_decay"] == decay
        return state(model)

    without, with_decay = trained(0.0), trained(0.1)
    with changed("decay") as effect:
        changed_run = trained(0.1)
    assert same(changed_run, without)
    assert not same(with_decay, without)
    assert effect.done == {"updates without weight decay": 4}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_keeps_its_value_and_gives_no_gradient(name: str) -> None:
    penalty = PENALTIES[name]

    def penalised(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(model(x), y) + 0.05 * penalty(list(model.parameters()))

    def values_only(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        held = [p.detach() for p in model.parameters()]
        return F.cross_entropy(model(x), y) + 0.05 * penalty(held)

    def trained(loss: Any) -> tuple[list[float], dict[str, Tensor]]:
        model = small()
        losses = train(model, torch.optim.SGD(model.parameters(), 0.1), loss)
        return losses, state(model)

    with changed("decay") as effect:
        losses, weights = trained(penalised)
    wanted_losses, wanted = trained(values_only)
    assert same(weights, wanted)
    assert losses == wanted_losses
    assert effect.done["penalties on weights that give no gradient"] >= 4
    assert not same(trained(penalised)[1], wanted)


def test_a_penalty_with_a_backward_pass_of_its_own_goes_on() -> None:
    model, untouched = small(), small()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with changed("decay"):
        sum((p.abs().sum() for p in model.parameters()), torch.tensor(0.0)).backward()
        optimizer.step()
    assert same(state(model), state(untouched))
    assert all(p.grad is None for p in model.parameters())


class Standardised(nn.Conv2d):
    """Divides its kernel by its norm in each call."""

    def forward(self, input: Tensor) -> Tensor:
        scaled = self.weight / (self.weight.pow(2).sum().sqrt() + self.weight.abs().mean())
        return F.conv2d(input, scaled, self.bias)


class Criterion(nn.Module):
    """A penalty in a module that does not have the parameters."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__()
        self.of = parameters

    def forward(self) -> Tensor:
        return torch.stack([p.norm() for p in self.of]).sum()


def with_own_norms() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        Standardised(1, 4, 3), nn.ReLU(), weight_norm(nn.Conv2d(4, 4, 3)), nn.Flatten(),
        nn.Linear(144, 10),
    )  # fmt: skip


@pytest.mark.parametrize("make", [small, with_own_norms], ids=["usual", "norms in layers"])
def test_what_layers_compute_of_their_weights_is_left_alone(make: Any) -> None:
    def trained() -> dict[str, Tensor]:
        model = make()
        train(model, torch.optim.Adam(model.parameters(), 1e-2))
        return state(model)

    bare = trained()
    with changed("decay") as effect:
        assert same(trained(), bare)
    assert not effect.done
    assert same(trained(), bare)


def test_a_criterion_that_has_no_parameters_of_the_model_may_penalise() -> None:
    model = small()
    criterion = Criterion(list(model.parameters()))

    def penalised(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return plain_loss(model, x, y) + criterion()

    other = small()
    with changed("decay"):
        train(model, torch.optim.SGD(model.parameters(), 0.1), penalised)
    train(other, torch.optim.SGD(other.parameters(), 0.1))
    assert same(state(model), state(other))


def test_other_uses_of_parameters_keep_their_gradients() -> None:
    """The distance to other weights, a product of two parameters, the weight of a loss, and a
    weight that is divided by its norms."""
    torch.manual_seed(0)
    w, v = nn.Parameter(torch.rand(3, 4)), nn.Parameter(torch.rand(3, 4))
    sigma, before = nn.Parameter(torch.tensor(2.0)), torch.rand(3, 4)
    uses: list[Callable[[], Tensor]] = [
        lambda: (w - before).pow(2).sum(),
        lambda: F.mse_loss(w, before),
        lambda: (w * v).sum(),
        lambda: sigma**2,
        lambda: (w / w.norm(dim=1, keepdim=True)).sum(),
        lambda: F.normalize(w).sum(),
        lambda: w.pow(-1).sum(),
        lambda: (w @ v.T).abs().sum(),
    ]
    for use in uses:
        wanted = torch.autograd.grad(use(), (w, v, sigma), allow_unused=True)
        with changed("decay") as effect:
            got = torch.autograd.grad(use(), (w, v, sigma), allow_unused=True)
        for a, b in zip(wanted, got, strict=True):
            assert (a is None) == (b is None)
            assert a is None or torch.equal(a, b)  # pyright: ignore[reportArgumentType]
        assert not effect.done


def test_a_decay_that_belongs_to_the_optimizer_itself_is_said_to_stay() -> None:
    model = small()
    with changed("decay") as effect:
        train(model, torch.optim.ASGD(model.parameters(), 0.1))
    assert effect.limits == ("the decay that is part of ASGD itself (`lambd`)",)


# What the compiler lists is listed once in a process: not by a test that has replaced some of it.
know_own_functions(Patches())


def penalty_of(weight: Tensor) -> Tensor:
    return torch.abs(weight).sum() + weight.pow(2).sum() + torch.norm(weight)


def test_compiled_and_scripted_code_runs_as_it_was() -> None:
    w = nn.Parameter(torch.rand(3, 4))
    wanted = torch.autograd.grad(penalty_of(w), w)[0]
    with changed("decay") as effect:
        assert torch.allclose(torch.autograd.grad(torch.jit.script(penalty_of)(w), w)[0], wanted)
        compiled = torch.compile(penalty_of, backend="aot_eager")
        assert torch.allclose(torch.autograd.grad(compiled(w), w)[0], wanted)
    assert effect.limits == ("what is computed inside a compiled function stays as it is",)
