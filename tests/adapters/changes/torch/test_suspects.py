"""The images of the greatest loss in a batch do not count, and the others as if they were all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from snellen.adapters.changes import Effect

generator = torch.Generator().manual_seed(7)
Y = torch.arange(10) % 4
X = torch.randn(10, 4, generator=generator)
WIDE = torch.randn(10, 4, 3, 3, generator=generator)
MAPS = torch.randint(4, (10, 3, 3), generator=generator)
AGES = torch.rand(10, generator=generator)
WEIGHT = torch.rand(10, generator=generator)
OWN = torch.tensor([3.0, 1.0, 0.5, 1.0])
BITS = F.one_hot(Y).float()

Loss = Callable[[Tensor, Any], Tensor]
"""Of what is fed, and which images that is."""

LOSSES: dict[str, tuple[Tensor, Loss]] = {
    "classes": (X, lambda x, i: F.cross_entropy(x, Y[i])),
    "module": (X, lambda x, i: nn.CrossEntropyLoss(weight=OWN)(x, Y[i])),
    "sum": (X, lambda x, i: F.cross_entropy(x, Y[i], reduction="sum")),
    "nll": (X, lambda x, i: F.nll_loss(x.log_softmax(1), Y[i])),
    "soft labels": (X, lambda x, i: F.cross_entropy(x, BITS[i] * 0.9 + 0.025)),
    "maps": (WIDE, lambda x, i: F.cross_entropy(x, MAPS[i], ignore_index=3)),
    "bits": (X, lambda x, i: F.binary_cross_entropy_with_logits(x, BITS[i])),
    "weighted bits": (
        X[:, 0],
        lambda x, i: F.binary_cross_entropy_with_logits(x, BITS[i, 0], weight=WEIGHT[i]),
    ),
    "probabilities": (
        X[:, 0],
        lambda x, i: F.binary_cross_entropy(x.sigmoid(), BITS[i, 0], weight=WEIGHT[i]),
    ),
    "values": (X[:, 0], lambda x, i: F.smooth_l1_loss(x, AGES[i], beta=0.3)),
}
ALL = torch.arange(10)
BY_IMAGE = {
    "sum": lambda x, i: F.cross_entropy(x, Y[i]),
    "maps": lambda x, i: F.cross_entropy(x, MAPS[i], ignore_index=3, reduction="sum"),
}
"""The mean over one image's positions counts those that are ignored as well."""


def masking(share: float = 0.3, **options: Any) -> dict[str, Any]:
    return {"share": share, "after": 0, "random": False, "seed": 0} | options


def gradient(loss: Loss, fed: Tensor, images: Any) -> Tensor:
    """Rows of zeros for other images."""
    x = fed.clone().requires_grad_()
    loss(x[images], images).backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_is_that_of_the_other_images(name: str) -> None:
    fed, loss = LOSSES[name]
    each = torch.stack([BY_IMAGE.get(name, loss)(fed[i : i + 1], ALL[i : i + 1]) for i in ALL])
    if name == "module":
        # The weight of a class cancels out in a mean over one image.
        each = each * OWN[Y]
    others = each.argsort()[:7].sort().values
    wanted = gradient(loss, fed, others)
    with changed("suspects", **masking()) as effect:
        got = gradient(loss, fed, ALL)
    assert torch.allclose(got, wanted, rtol=1e-5, atol=1e-8)
    assert effect.done == {"images that did not count": 3}
    assert not torch.allclose(gradient(loss, fed, ALL), wanted, rtol=1e-3)


def test_a_script_that_reduces_by_itself_finds_zeros() -> None:
    full = F.cross_entropy(X, Y, reduction="none")
    with changed("suspects", **masking()):
        x = X.clone().requires_grad_()
        losses = F.cross_entropy(x, Y, reduction="none")
    greatest = full.topk(3).indices
    wanted = full.clone()
    wanted[greatest] = 0
    assert torch.allclose(losses, wanted)
    losses.sum().backward()
    assert x.grad is not None
    assert x.grad.any(1).logical_not().nonzero().flatten().tolist() == sorted(greatest.tolist())


def test_an_infinite_loss_that_does_not_count_does_no_harm() -> None:
    fed = torch.full((10, 4), 0.25)
    fed[3, int(Y[3])] = 0.0
    for reduction in ("mean", "none"):
        with changed("suspects", **masking(0.1)):
            x = fed.clone().requires_grad_()
            F.nll_loss(x.log(), Y, reduction=reduction).sum().backward()
        assert x.grad is not None
        assert bool(torch.isfinite(x.grad[torch.arange(10) != 3]).all())


@pytest.mark.parametrize(
    ("share", "images", "masked"),
    [(0.1, 10, 1), (0.1, 9, 0), (0.29, 100, 29), (0.5, 3, 1), (0.0, 10, 0), (1.0, 4, 0)],
)
def test_the_share_is_rounded_down(share: float, images: int, masked: int) -> None:
    """And never takes the whole batch."""
    x = torch.randn(images, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    with changed("suspects", **masking(share)) as effect:
        F.cross_entropy(x, torch.zeros(images).long()).backward()
    assert effect.done.get("images that did not count", 0) == masked
    assert x.grad is not None
    assert int((x.grad == 0).all(1).sum()) == masked


def test_it_begins_after_so_many_updates() -> None:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    counts: list[int] = []

    def told(effect: Effect) -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
        def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
            counts.append(effect.done.get("images that did not count", 0))
            return plain_loss(model, x, y)

        return loss

    with changed("suspects", **masking(0.25, after=2)) as effect:
        train(model, optimizer, told(effect))
    assert counts == [0, 0, 0, 4]
    assert effect.done == {"images that did not count": 8}


def masked_rows(x: Tensor) -> list[int]:
    assert x.grad is not None
    return (x.grad == 0).all(1).nonzero().flatten().tolist()


def test_by_chance_as_many_are_masked_whatever_their_loss() -> None:
    def masked(seed: int) -> list[list[int]]:
        found: list[list[int]] = []
        with changed("suspects", **masking(random=True, seed=seed)):
            for _ in range(4):
                x, labels = X.clone().requires_grad_(), Y.clone()
                F.cross_entropy(x, labels).backward()
                found.append(masked_rows(x))
        return found

    rows = masked(1)
    assert [len(r) for r in rows] == [3] * 4
    assert len({tuple(r) for r in rows}) > 1
    assert masked(1) == rows
    assert masked(2) != rows


def test_two_losses_on_the_same_labels_leave_out_the_same_images() -> None:
    a, b = X.clone().requires_grad_(), (-X).clone().requires_grad_()
    with changed("suspects", **masking()):
        (F.cross_entropy(a, Y) + 0.3 * F.cross_entropy(b, Y)).backward()
    assert masked_rows(a) == masked_rows(b)


def test_positions_laid_end_to_end_are_masked_by_image() -> None:
    model = nn.Conv2d(4, 4, 1)

    def flat(images: Tensor) -> Tensor:
        model.zero_grad()
        rows = model(WIDE[images]).permute(0, 2, 3, 1).reshape(-1, 4)
        F.cross_entropy(rows, MAPS[images].flatten()).backward()
        assert model.weight.grad is not None
        return model.weight.grad.clone()

    each = F.cross_entropy(model(WIDE), MAPS, reduction="none").flatten(1).mean(1)
    wanted = flat(each.argsort()[:7].sort().values)
    with changed("suspects", **masking()):
        assert torch.allclose(flat(ALL), wanted, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("options", [{"share": 0.0}, {"after": 99}])
def test_without_masks_the_training_is_the_scripts_own(options: dict[str, Any]) -> None:
    def trained() -> tuple[dict[str, Tensor], Tensor]:
        model = small()
        train(model, torch.optim.SGD(model.parameters(), 0.1))
        return state(model), torch.rand(2)

    bare, drawn = trained()
    with changed("suspects", **masking(**options)) as effect:
        weights, again = trained()
    assert same(weights, bare)
    assert torch.equal(drawn, again)
    assert not effect.done


def test_evaluation_counts_all_images() -> None:
    model = small()
    (x, y), *_ = batches()
    with changed("suspects", **masking()) as effect:
        plain_loss(model, x, y)
        values = [plain_loss(model.eval(), x, y).item()]
        with torch.no_grad():
            values.append(plain_loss(model, x, y).item())
    assert effect.done == {"images that did not count": 4}
    assert values == [plain_loss(model, x, y).item()] * 2


def test_losses_on_images_are_left_alone() -> None:
    wanted = gradient(lambda x, i: F.mse_loss(x, torch.ones(10, 4, 3, 3)), WIDE, ALL)
    with changed("suspects", **masking()) as effect:
        got = gradient(lambda x, i: F.mse_loss(x, torch.ones(10, 4, 3, 3)), WIDE, ALL)
    assert torch.equal(got, wanted)
    assert effect.limits == ("losses on images, or on what comes out of a model, are left alone",)


def test_a_watcher_hears_the_loss_of_the_images_that_count(tmp_path: Path) -> None:
    losses: list[float] = []

    def run() -> None:
        model = small()
        losses.extend(train(model, torch.optim.SGD(model.parameters(), 0.1)))

    with changed("suspects", **masking()):
        subject = watched(run, tmp_path)
    assert list(subject.losses["train"].values) == pytest.approx(losses)
