"""Labels are permuted within each training batch, and the true ones are nowhere touched."""

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
    plain_loss,
    same,
    small,
    state,
    train,
    watched,
)
from snellen.adapters.torch.undisturbed import asked
from snellen.stats import Predictions

Loss = Callable[[Tensor], Tensor]

generator = torch.Generator().manual_seed(7)
Y = torch.arange(12) % 4
X = torch.randn(12, 4, generator=generator)
MAPS = torch.randint(4, (12, 3, 3), generator=generator)
AGES = torch.rand(12, generator=generator)


DEALT = torch.randperm(12, generator=torch.Generator().manual_seed(1))
"""The first permutation of this seed."""

LOSSES: dict[str, tuple[Tensor, Loss, Loss]] = {
    "classes": (X, lambda x: F.cross_entropy(x, Y), lambda x: F.cross_entropy(x, Y[DEALT])),
    "module": (X, lambda x: nn.CrossEntropyLoss()(x, Y), lambda x: F.cross_entropy(x, Y[DEALT])),
    "nll": (
        X,
        lambda x: F.nll_loss(x.log_softmax(1), Y),
        lambda x: F.nll_loss(x.log_softmax(1), Y[DEALT]),
    ),
    "soft labels": (
        X,
        lambda x: F.cross_entropy(x, X.softmax(1)),
        lambda x: F.cross_entropy(x, X.softmax(1)[DEALT]),
    ),
    "maps": (
        X[:, :, None, None].repeat(1, 1, 3, 3),
        lambda x: F.cross_entropy(x, MAPS),
        lambda x: F.cross_entropy(x, MAPS[DEALT]),
    ),
    "bits": (
        X,
        lambda x: F.binary_cross_entropy_with_logits(x, F.one_hot(Y).float()),
        lambda x: F.binary_cross_entropy_with_logits(x, F.one_hot(Y).float()[DEALT]),
    ),
    "values": (
        X[:, 0], lambda x: F.mse_loss(x, AGES), lambda x: F.mse_loss(x, AGES[DEALT])
    ),
    "values in a column": (
        X[:, :1], lambda x: nn.L1Loss()(x, AGES[:, None]), lambda x: F.l1_loss(x, AGES[DEALT, None])
    ),
}  # fmt: skip


def gradient(loss: Loss, fed: Tensor) -> Tensor:
    x = fed.clone().requires_grad_()
    loss(x).backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_is_that_of_permuted_labels(name: str) -> None:
    fed, loss, permuted = LOSSES[name]
    wanted = gradient(permuted, fed)
    with changed("labels", seed=1) as effect:
        assert torch.equal(gradient(loss, fed), wanted)
    assert effect.done == {"losses on permuted labels": 1}
    assert not torch.equal(gradient(loss, fed), wanted)


def test_each_batch_has_a_permutation_of_its_own_and_two_losses_on_it_the_same() -> None:
    """Also where gradients of several batches are gathered for one update."""
    seen: list[Tensor] = []
    w = nn.Parameter(torch.zeros(12, 4))
    ages = torch.arange(12.0)
    optimizer = torch.optim.SGD([w], 0.0)

    def dealt(labels: Tensor) -> Tensor:
        # The gradient of half a squared error shows the label.
        x = torch.zeros_like(labels, requires_grad=True)
        (0.5 * F.mse_loss(x, labels, reduction="sum")).backward()
        assert x.grad is not None
        return -x.grad

    with changed("labels", seed=1):
        for _ in range(2):
            first, again = ages[:6], ages[:6]
            seen += [dealt(first), dealt(again), dealt(ages[6:])]
            w.sum().backward()
            optimizer.step()
    assert all(sorted(s.tolist()) == list(range(6)) for s in (seen[0], seen[3]))
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[3], seen[4])
    assert not torch.equal(seen[0], seen[2] - 6)
    assert not torch.equal(seen[0], seen[3])


def test_positions_laid_end_to_end_stay_with_their_image() -> None:
    model = nn.Conv2d(1, 4, 1)
    x = torch.rand(12, 1, 3, 3)

    def flat(target: Tensor) -> Tensor:
        model.zero_grad()
        rows = model(x).permute(0, 2, 3, 1).reshape(-1, 4)
        F.cross_entropy(rows, target.flatten()).backward()
        assert model.weight.grad is not None
        return model.weight.grad.clone()

    wanted = flat(MAPS[DEALT])
    with changed("labels", seed=1):
        assert torch.equal(flat(MAPS), wanted)


def test_nothing_of_the_scripts_own_is_touched() -> None:
    labels = Y.clone()
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    with changed("labels", seed=1):
        gradient(lambda x: F.cross_entropy(x, labels), X)
        assert torch.equal(labels, Y)
        assert torch.equal(torch.rand(2), wanted)


def test_evaluation_keeps_the_true_labels() -> None:
    model = small()
    (x, y), *_ = batches()
    with changed("labels", seed=1) as effect:
        plain_loss(model, x, y)
        values = [plain_loss(model.eval(), x, y).item()]
        with torch.no_grad():
            values.append(plain_loss(model, x, y).item())
    assert effect.done == {"losses on permuted labels": 1}
    assert values == [plain_loss(model, x, y).item()] * 2


def test_who_asks_the_model_for_gradients_keeps_the_true_labels() -> None:
    model = small().eval()
    (x, y), *_ = batches()
    wanted = plain_loss(model, x, y).item()
    with changed("labels", seed=1) as effect, asked(model, ((x,), {}), gradients=True):
        assert plain_loss(model, x, y).item() == wanted
    assert not effect.done


def test_a_network_does_not_learn_its_labels() -> None:
    def accuracy() -> float:
        model = small()
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(10):
            train(model, optimizer)
        model.eval()
        hits = [(model(x).argmax(1) == y).float().mean() for x, y in batches()]
        return float(torch.stack(hits).mean())

    assert accuracy() > 0.9
    with changed("labels", seed=1):
        assert accuracy() < 0.6


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (
            lambda x: F.mse_loss(x[:, None, None].repeat(1, 1, 2, 1), torch.ones(12, 1, 2, 4)),
            "targets that are images or come out of a model are left alone",
        ),
        (
            lambda x: F.mse_loss(x, (2 * x).sigmoid()),
            "targets that are images or come out of a model are left alone",
        ),
        (
            lambda x: F.cross_entropy(x[:1], Y[:1]),
            "the labels of a single image can't be permuted",
        ),
    ],
)
def test_what_is_no_label_is_left_alone(loss: Loss, said: str) -> None:
    wanted = gradient(loss, X)
    with changed("labels", seed=1) as effect:
        assert torch.equal(gradient(loss, X), wanted)
    assert not effect.done
    assert effect.limits == (said,)


@pytest.mark.parametrize("watching_first", [True, False])
def test_a_watcher_hears_the_true_labels_and_the_loss_on_the_others(
    watching_first: bool, tmp_path: Path
) -> None:
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(10):
        train(model, optimizer)
    losses: list[float] = []

    def run() -> None:
        losses.extend(train(model, torch.optim.SGD(model.parameters(), 1e-9)))

    def changed_run() -> None:
        with changed("labels", seed=1):
            run()

    if watching_first:
        subject = watched(changed_run, tmp_path)
    else:
        with changed("labels", seed=1):
            subject = watched(run, tmp_path)
    assert list(subject.losses["train"].values) == pytest.approx(losses)
    assert min(losses) > 1
    # The model knows the images, and is asked about them with their own labels.
    (*_, look) = subject.history("", Predictions)
    assert look.value.macro_recall > 0.9
    assert look.value.loss < 0.5


def test_the_seed_decides() -> None:
    def trained(seed: int) -> dict[str, Tensor]:
        model = small()
        with changed("labels", seed=seed):
            train(model, torch.optim.SGD(model.parameters(), 0.1))
        return state(model)

    assert same(trained(1), trained(1))
    assert not same(trained(1), trained(2))
