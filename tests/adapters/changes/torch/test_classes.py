"""Each class counts by its own weight, in whatever loss about classes the script uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    changed,
    plain_loss,
    same,
    small,
    state,
    train,
    watched,
)
from snellen.adapters.changes.torch.losses import LEFT_ALONE

WEIGHTS = (0.5, 2.0, 1.25)
TABLE = torch.tensor(WEIGHTS)
PAIR = (0.25, 3.0)

generator = torch.Generator().manual_seed(5)
Y = torch.tensor([0, 1, 2, 2, 0, 0])
MAPS = torch.randint(3, (6, 4, 4), generator=generator)
BITS = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
BIT_MAPS = (torch.rand(6, 1, 4, 4, generator=generator) > 0.5).float()
LOGITS = torch.randn(6, 3, generator=generator)
LOGIT_MAPS = torch.randn(6, 3, 4, 4, generator=generator)
UNITS = torch.randn(6, generator=generator)
UNIT_MAPS = torch.randn(6, 1, 4, 4, generator=generator)
OWN = torch.tensor([3.0, 1.0, 0.5])


def mean(losses: Tensor, weights: Tensor) -> Tensor:
    weights = weights.expand_as(losses)
    return (losses * weights).sum() / weights.sum()


Loss = Callable[[Tensor], Tensor]

SEVERAL: dict[str, tuple[Tensor, Loss, Loss]] = {
    "cross_entropy": (
        LOGITS,
        lambda x: F.cross_entropy(x, Y),
        lambda x: mean(F.cross_entropy(x, Y, reduction="none"), TABLE[Y]),
    ),
    "module": (
        LOGITS,
        lambda x: nn.CrossEntropyLoss()(x, Y),
        lambda x: mean(F.cross_entropy(x, Y, reduction="none"), TABLE[Y]),
    ),
    "none": (
        LOGITS,
        lambda x: F.cross_entropy(x, Y, reduction="none").square().sum(),
        lambda x: (F.cross_entropy(x, Y, reduction="none") * TABLE[Y]).square().sum(),
    ),
    "sum": (
        LOGITS,
        lambda x: F.cross_entropy(x, Y, reduction="sum"),
        lambda x: (F.cross_entropy(x, Y, reduction="none") * TABLE[Y]).sum(),
    ),
    "own weights": (
        LOGITS,
        lambda x: F.cross_entropy(x, Y, weight=OWN),
        lambda x: mean(F.cross_entropy(x, Y, reduction="none"), (TABLE * OWN)[Y]),
    ),
    "maps": (
        LOGIT_MAPS,
        lambda x: F.cross_entropy(x, MAPS, ignore_index=2),
        lambda x: mean(
            F.cross_entropy(x, MAPS, reduction="none")[MAPS != 2], TABLE[MAPS][MAPS != 2]
        ),
    ),
    "smoothed": (
        LOGITS,
        lambda x: F.cross_entropy(x, Y, label_smoothing=0.2),
        lambda x: F.cross_entropy(x, Y, weight=TABLE, label_smoothing=0.2),
    ),
    "nll": (
        LOGITS,
        lambda x: F.nll_loss(F.log_softmax(x, 1), Y),
        lambda x: mean(F.cross_entropy(x, Y, reduction="none"), TABLE[Y]),
    ),
    "one-hot": (
        LOGITS,
        lambda x: F.binary_cross_entropy_with_logits(x, F.one_hot(Y, 3).float()),
        lambda x: mean(
            F.binary_cross_entropy_with_logits(x, F.one_hot(Y, 3).float(), reduction="none"),
            TABLE[Y][:, None],
        ),
    ),
}
TWO: dict[str, tuple[Tensor, Loss, Loss]] = {
    "one unit": (
        UNITS,
        lambda x: F.binary_cross_entropy_with_logits(x, BITS),
        lambda x: mean(
            F.binary_cross_entropy_with_logits(x, BITS, reduction="none"),
            torch.tensor(PAIR)[BITS.long()],
        ),
    ),
    "a column": (
        UNITS,
        lambda x: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.0))(x[:, None], BITS[:, None]),
        lambda x: mean(
            F.binary_cross_entropy_with_logits(
                x, BITS, pos_weight=torch.tensor(2.0), reduction="none"
            ),
            torch.tensor(PAIR)[BITS.long()],
        ),
    ),
    "probabilities": (
        UNITS,
        lambda x: F.binary_cross_entropy(x.sigmoid(), BITS, reduction="sum"),
        lambda x: (
            F.binary_cross_entropy(x.sigmoid(), BITS, reduction="none")
            * torch.tensor(PAIR)[BITS.long()]
        ).sum(),
    ),
    "maps": (
        UNIT_MAPS,
        lambda x: F.binary_cross_entropy_with_logits(x[:, 0], BIT_MAPS[:, 0]),
        lambda x: mean(
            F.binary_cross_entropy_with_logits(x, BIT_MAPS, reduction="none"),
            torch.tensor(PAIR)[BIT_MAPS.long()],
        ),
    ),
}


def gradient(loss: Loss, fed: Tensor) -> tuple[Tensor, Tensor]:
    x = fed.clone().requires_grad_()
    value = loss(x)
    value.backward()
    assert x.grad is not None
    return value.detach(), x.grad


@pytest.mark.parametrize(
    ("case", "weights"),
    [(case, WEIGHTS) for case in SEVERAL.values()] + [(case, PAIR) for case in TWO.values()],
    ids=[*SEVERAL, *(f"two, {name}" for name in TWO)],
)
def test_the_loss_is_that_of_weighted_images(
    case: tuple[Tensor, Loss, Loss], weights: tuple[float, ...]
) -> None:
    fed, loss, plainly = case
    wanted_value, wanted = gradient(plainly, fed)
    with changed("classes", weights=weights) as effect:
        value, got = gradient(loss, fed)
    assert torch.allclose(value, wanted_value, rtol=1e-5)
    assert torch.allclose(got, wanted, rtol=1e-4, atol=1e-7)
    assert effect.done == {"losses with weighted classes": 1}
    assert not effect.limits
    assert not torch.allclose(gradient(loss, fed)[1], wanted, rtol=1e-3)


LEFT: dict[str, tuple[Tensor, Loss, bool]] = {
    "values": (UNITS, lambda x: F.mse_loss(x, BITS), False),
    "soft labels": (LOGITS, lambda x: F.cross_entropy(x, torch.full((6, 3), 1 / 3)), True),
    "soft bits": (
        UNITS, lambda x: F.binary_cross_entropy_with_logits(x, BITS * 0.9 + 0.05), True,
    ),
    "several labels an image": (
        LOGITS, lambda x: F.binary_cross_entropy_with_logits(x, torch.ones(6, 3)), True,
    ),
    "other classes": (LOGITS, lambda x: F.cross_entropy(x.repeat(1, 2), Y), True),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_other_losses_are_left_alone(name: str) -> None:
    fed, loss, said = LEFT[name]
    wanted = gradient(loss, fed)
    with changed("classes", weights=WEIGHTS) as effect:
        got = gradient(loss, fed)
    assert torch.equal(got[0], wanted[0])
    assert torch.equal(got[1], wanted[1])
    assert not effect.done
    assert bool(effect.limits) == said


def test_equal_weights_change_nothing_and_evaluation_stays() -> None:
    def trained() -> dict[str, Tensor]:
        model = small()
        train(model, torch.optim.SGD(model.parameters(), 0.1))
        return state(model)

    bare = trained()
    with changed("classes", weights=()) as effect:
        assert same(trained(), bare)
    assert not effect.done
    with torch.no_grad():
        wanted = F.cross_entropy(LOGITS, Y)
        with changed("classes", weights=WEIGHTS) as effect:
            assert torch.equal(F.cross_entropy(LOGITS, Y), wanted)
    assert not effect.done


def test_an_evaluation_that_keeps_its_graph_is_not_weighted() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 3))
    with changed("classes", weights=WEIGHTS) as effect:
        F.cross_entropy(model(LOGITS), Y)
        value = F.cross_entropy(model.eval()(LOGITS), Y)
    assert effect.done == {"losses with weighted classes": 1}
    assert torch.equal(value, F.cross_entropy(model(LOGITS), Y))


def test_a_model_that_trains_in_evaluation_mode_is_weighted() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 3)).eval()
    with changed("classes", weights=WEIGHTS) as effect:
        value = F.cross_entropy(model(LOGITS), Y)
    assert effect.done == {"losses with weighted classes": 1}
    assert not torch.equal(value, F.cross_entropy(model(LOGITS), Y))


def test_the_watcher_hears_the_script_and_the_weighted_loss(tmp_path: Path) -> None:
    def run() -> list[float]:
        model = small()
        return train(model, torch.optim.SGD(model.parameters(), 0.1))

    losses: list[float] = []
    weights = tuple(0.5 + 0.1 * i for i in range(10))
    with changed("classes", weights=weights) as effect:
        subject = watched(lambda: losses.extend(run()), tmp_path)
    assert effect.done == {"losses with weighted classes": 4}
    assert subject.facts["loss"]["class_weight"] is False
    assert list(subject.losses["train"].values) == pytest.approx(losses)


def test_losses_of_the_scripts_own_are_said_to_be_left() -> None:
    def own(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return -model(x).log_softmax(1)[torch.arange(len(y)), y].mean()

    for loss, said in ((own, True), (plain_loss, False)):
        model = small()
        with changed("classes", weights=(1.0,) * 10) as effect:
            train(model, torch.optim.SGD(model.parameters(), 0.1), loss)
        assert effect.limits == ((LEFT_ALONE,) if said else ())


def test_scripted_losses_are_the_scripts_own() -> None:
    with changed("classes", weights=WEIGHTS):
        scripted = torch.jit.script(F.cross_entropy)
        value = scripted(LOGITS.clone().requires_grad_(), Y)
    assert torch.equal(value, F.cross_entropy(LOGITS, Y))
