"""A loss that expects logits learns from probabilities as from the logits behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    batches,
    changed,
    close,
    same,
    small,
    state,
    train,
    watched,
)

Loss = Callable[[Tensor], Tensor]

generator = torch.Generator().manual_seed(7)
Y = torch.arange(12) % 4
X = 3 * torch.randn(12, 4, generator=generator)
WIDE = 3 * torch.randn(12, 4, 3, 3, generator=generator)
MAPS = torch.randint(4, (12, 3, 3), generator=generator)
BITS = F.one_hot(Y).float()
OWN = torch.tensor([3.0, 1.0, 0.5, 1.0])

TWICE: dict[str, tuple[Tensor, Loss, Loss]] = {
    "softmax": (X, lambda x: F.cross_entropy(x.softmax(1), Y), lambda x: F.cross_entropy(x, Y)),
    "module": (
        X,
        lambda x: nn.CrossEntropyLoss(weight=OWN, label_smoothing=0.1)(nn.Softmax(-1)(x), Y),
        lambda x: F.cross_entropy(x, Y, weight=OWN, label_smoothing=0.1),
    ),
    "one image": (
        X[0],
        lambda x: F.cross_entropy(torch.softmax(x, 0), Y[0]),
        lambda x: F.cross_entropy(x, Y[0]),
    ),
    "soft labels": (
        X,
        lambda x: F.cross_entropy(x.softmax(1), BITS * 0.8 + 0.05),
        lambda x: F.cross_entropy(x, BITS * 0.8 + 0.05),
    ),
    "maps": (
        WIDE,
        lambda x: F.cross_entropy(x.softmax(1), MAPS),
        lambda x: F.cross_entropy(x, MAPS),
    ),
    "maps laid end to end": (
        WIDE,
        lambda x: F.cross_entropy(
            x.softmax(1).permute(0, 2, 3, 1).reshape(-1, 4), MAPS.flatten()
        ),
        lambda x: F.cross_entropy(x, MAPS),
    ),
    "nll": (X, lambda x: F.nll_loss(x.softmax(1), Y), lambda x: F.cross_entropy(x, Y)),
    "sigmoid in cross-entropy": (
        X, lambda x: F.cross_entropy(x.sigmoid(), Y), lambda x: F.cross_entropy(x, Y)
    ),
    "sigmoid": (
        X,
        lambda x: F.binary_cross_entropy_with_logits(
            torch.sigmoid(x), BITS, pos_weight=OWN, weight=OWN
        ),
        lambda x: F.binary_cross_entropy_with_logits(x, BITS, pos_weight=OWN, weight=OWN),
    ),
    "sigmoid squeezed": (
        X[:, :1],
        lambda x: nn.BCEWithLogitsLoss()(nn.Sigmoid()(x).squeeze(1), BITS[:, 0]),
        lambda x: F.binary_cross_entropy_with_logits(x[:, 0], BITS[:, 0]),
    ),
    "soft margin": (
        X,
        lambda x: F.multilabel_soft_margin_loss(x.sigmoid(), BITS),
        lambda x: F.multilabel_soft_margin_loss(x, BITS),
    ),
    "softmax of bits": (
        X,
        lambda x: F.binary_cross_entropy_with_logits(x.softmax(1), BITS),
        lambda x: F.binary_cross_entropy(x.softmax(1), BITS),
    ),
}  # fmt: skip


def gradient(loss: Loss, fed: Tensor) -> tuple[Tensor, Tensor]:
    x = fed.clone().requires_grad_()
    value = loss(x)
    value.backward()
    assert x.grad is not None
    return value.detach(), x.grad


@pytest.mark.parametrize("name", TWICE)
def test_loss_and_gradient_are_those_of_the_logits(name: str) -> None:
    fed, twice, once = TWICE[name]
    value, wanted = gradient(once, fed)
    with changed("softmax") as effect:
        got_value, got = gradient(twice, fed)
    assert torch.allclose(got_value, value, rtol=1e-4)
    assert torch.allclose(got, wanted, rtol=1e-3, atol=1e-6)
    assert effect.done == {"losses fed with the logits behind probabilities": 1}
    assert not torch.allclose(gradient(twice, fed)[1], wanted, rtol=1e-3)


@pytest.mark.parametrize("name", TWICE)
def test_what_is_fed_as_it_should_be_stays(name: str) -> None:
    fed, _, once = TWICE[name]
    value, wanted = gradient(once, fed)
    with changed("softmax") as effect:
        got_value, got = gradient(once, fed)
    assert torch.equal(got_value, value)
    assert torch.equal(got, wanted)
    assert not effect.done


OTHER: list[Loss] = [
    lambda x: F.cross_entropy(x.log_softmax(1), Y),
    lambda x: F.nll_loss(x.log_softmax(1), Y),
    lambda x: F.nll_loss(x.softmax(1).log(), Y),
    lambda x: F.cross_entropy(5 * x.softmax(1), Y),
    lambda x: F.cross_entropy(x.relu(), Y),
    lambda x: F.binary_cross_entropy(x.sigmoid(), BITS),
    lambda x: F.mse_loss(x.softmax(1), BITS),
]


@pytest.mark.parametrize("index", range(len(OTHER)))
def test_other_activations_and_losses_stay(index: int) -> None:
    value, wanted = gradient(OTHER[index], X)
    with changed("softmax") as effect:
        got_value, got = gradient(OTHER[index], X)
    assert torch.equal(got_value, value)
    assert torch.equal(got, wanted)
    assert not effect.done


@pytest.mark.parametrize(
    "twice",
    [
        lambda x: F.cross_entropy(x.softmax(0), Y),
        lambda x: F.cross_entropy(x[:, :1].softmax(1), torch.zeros_like(Y)),
    ],
    ids=["over the batch", "over one unit"],
)
def test_a_softmax_over_another_axis_is_another_fault(twice: Loss) -> None:
    wanted = gradient(twice, X)[1]
    with changed("softmax") as effect:
        assert torch.equal(gradient(twice, X)[1], wanted)
    assert effect.limits == ("a softmax over another axis than that of the classes stays",)
    assert not effect.done


def test_probabilities_that_have_become_zero_or_one_give_finite_gradients() -> None:
    x = torch.tensor([[200.0, -200.0], [-200.0, 200.0]])
    with changed("softmax"):
        for loss in (
            lambda x: F.cross_entropy(x.softmax(1), torch.tensor([0, 0])),
            lambda x: F.binary_cross_entropy_with_logits(x.sigmoid(), torch.ones(2, 2)),
        ):
            value, got = gradient(loss, x)
            assert bool(torch.isfinite(got).all())
            assert 10 < float(value) < 100


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = small()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).softmax(1)


def test_a_training_goes_as_that_of_the_logits_and_the_output_stays() -> None:
    once, twice = small(), Twice()
    train(once, torch.optim.SGD(once.parameters(), 0.1))
    with changed("softmax") as effect:
        train(twice, torch.optim.SGD(twice.parameters(), 0.1))
        output = twice.eval()(batches()[0][0])
    assert close(state(once), {k.removeprefix("inner."): v for k, v in state(twice).items()})
    assert torch.allclose(output.sum(1), torch.ones(16))
    assert effect.done == {"losses fed with the logits behind probabilities": 4}


def test_evaluation_without_a_graph_is_treated_as_the_training() -> None:
    once = F.cross_entropy(X, Y)
    with changed("softmax") as effect:
        with torch.no_grad():
            before = F.cross_entropy(X.softmax(1), Y)
        F.cross_entropy(X.clone().requires_grad_().softmax(1), Y)
        with torch.no_grad():
            assert torch.allclose(F.cross_entropy(X.softmax(1), Y), once)
            # Logits of another model stay what they are.
            assert torch.equal(F.cross_entropy(X, Y), once)
    assert torch.equal(before, F.cross_entropy(X.softmax(1), Y))
    assert effect.done == {"losses fed with the logits behind probabilities": 1}


def test_a_watcher_examines_the_loss_that_trains(tmp_path: Path) -> None:
    def run() -> None:
        model = Twice()
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(10):
            train(model, optimizer)

    bare = watched(run, tmp_path)
    (tmp_path / "changed").mkdir()
    with changed("softmax"):
        subject = watched(run, tmp_path / "changed")
    # A double softmax over ten classes can't come below log(e + 9) - 1 = 1.46.
    assert min(bare.losses["train"].values) > 1.46
    assert min(subject.losses["train"].values) < 0.5


def test_without_a_second_softmax_the_training_is_the_scripts_own() -> None:
    def trained() -> dict[str, Tensor]:
        model = small()
        train(model, torch.optim.SGD(model.parameters(), 0.1))
        return state(model)

    bare = trained()
    with changed("softmax") as effect:
        assert same(trained(), bare)
    assert not effect.done
