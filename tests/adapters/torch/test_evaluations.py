"""Which images a script holds out, as the ways people evaluate show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from adapters.torch.listening import Listener, listening
from adapters.torch.programs import images

TRAIN, HELD = 64, 32


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1),
        nn.Linear(256, 10),
    )  # fmt: skip


X, Y = images(TRAIN + HELD)
x, y, vx, vy = X[:TRAIN], Y[:TRAIN], X[TRAIN:].clone(), Y[TRAIN:].clone()

Evaluate = Callable[[nn.Module], Any]


def train(model: nn.Module, evaluate: Evaluate, epochs: int = 2, *, mode: bool = True) -> None:
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(epochs):
        if mode:
            model.train()
        for i in range(0, TRAIN, 16):
            optimizer.zero_grad()
            F.cross_entropy(model(x[i : i + 16]), y[i : i + 16]).backward()
            optimizer.step()
        evaluate(model)


def heard(evaluate: Evaluate, epochs: int = 2, *, mode: bool = True) -> Listener:
    with listening() as listener:
        train(network(), evaluate, epochs, mode=mode)
    return listener


def by_loss(model: nn.Module) -> None:
    model.eval()
    with torch.no_grad():
        for i in range(0, HELD, 8):
            out = model(vx[i : i + 8])
            F.cross_entropy(out, vy[i : i + 8])


def by_accuracy(model: nn.Module) -> float:
    model.eval()
    with torch.inference_mode():
        return float((model(vx).argmax(1) == vy).float().mean())


def by_loader(model: nn.Module) -> int:
    model.eval()
    with torch.no_grad():
        loader = DataLoader(TensorDataset(vx, vy), 8)
        return sum(int((model(a).argmax(1) == b).sum()) for a, b in loader)


def without_no_grad(model: nn.Module) -> None:
    model.eval()
    for i in range(0, HELD, 8):
        F.cross_entropy(model(vx[i : i + 8]), vy[i : i + 8])


def without_eval(model: nn.Module) -> None:
    with torch.no_grad():
        F.cross_entropy(model(vx), vy)


def by_the_largest(model: nn.Module) -> int:
    model.eval()
    with torch.no_grad():
        pred = model(vx).max(1, keepdim=True)[1]
        return int(pred.eq(vy.view_as(pred)).sum())


def by_the_array(model: nn.Module) -> float:
    model.eval()
    with torch.no_grad():
        return float(np.mean(model(vx).numpy().argmax(1) == vy.numpy()))


WAYS: dict[str, tuple[Evaluate, bool]] = {
    "a loss under no_grad": (by_loss, True),
    "accuracy alone": (by_accuracy, True),
    "accuracy, as in PyTorch's examples": (by_the_largest, True),
    "accuracy of arrays": (by_the_array, False),
    "a loader, accuracy alone": (by_loader, True),
    "eval() without no_grad": (without_no_grad, True),
    "no_grad without eval()": (without_eval, True),
}


@pytest.mark.parametrize("way", WAYS)
def test_evaluation_batches_are_told_with_their_labels(way: str) -> None:
    evaluate, labelled = WAYS[way]
    listener = heard(evaluate)
    assert listener.images == 2 * HELD
    for pictures, labels in listener.held:
        # The class is where the bright column stands.
        bright = pictures[:, 0].mean(1).argmax(1)
        if labelled:
            assert np.array_equal(labels, bright)
        else:
            assert labels is None


def test_a_single_evaluation_at_the_end_is_told() -> None:
    assert heard(by_accuracy, epochs=1).images == HELD


def test_what_was_held_out_in_inference_mode_can_be_differentiated() -> None:
    with listening(captured=True) as listener:
        model = network()
        train(model, by_accuracy)
    (told,) = listener.models.values()
    assert told.input_gradients(listener.held_inputs[0]) is not None


def test_a_training_batch_is_never_held_out() -> None:
    def accuracy_on_training_images(model: nn.Module) -> None:
        model.eval()
        with torch.no_grad():
            model(x)
            for a, b in loader:
                F.cross_entropy(model(a), b)

    loader = DataLoader(TensorDataset(x.clone(), y), 16, shuffle=True)
    with listening() as listener:
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for _ in range(2):
            model.train()
            for a, b in loader:
                with torch.no_grad():
                    # A teacher's answer to the same images.
                    model(a)
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
                optimizer.zero_grad()
            for i in range(0, TRAIN, 16):
                F.cross_entropy(model(x[i : i + 16]), y[i : i + 16]).backward()
                optimizer.step()
                optimizer.zero_grad()
            accuracy_on_training_images(model)
    assert listener.images == 0


def test_other_images_of_the_same_array_are_held_out() -> None:
    def evaluate(model: nn.Module) -> None:
        with torch.no_grad():
            model.eval()(X[TRAIN:])

    assert heard(evaluate).images == 2 * HELD


def test_a_model_that_is_trained_in_evaluation_mode_holds_nothing_out() -> None:
    with listening() as listener:
        model = network().eval()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for i in range(0, TRAIN, 16):
            F.cross_entropy(model(x[i : i + 16]), y[i : i + 16]).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert listener.images == 0
    assert passes(listener) == (4, 4, 0, 0)


def passes(listener: Listener) -> tuple[int, ...]:
    facts = listener.facts
    return (
        facts["training_passes"],
        facts["training_passes_in_eval_mode"],
        facts["evaluation_passes"],
        facts["evaluation_passes_in_training_mode"],
    )


COUNTS: dict[str, tuple[Evaluate, bool, tuple[int, ...]]] = {
    "as it should be": (by_loss, True, (8, 0, 8, 0)),
    "never back to train()": (by_loss, False, (8, 4, 8, 0)),
    "eval() without no_grad": (without_no_grad, True, (8, 0, 8, 0)),
    "without no_grad, never back": (without_no_grad, False, (8, 4, 8, 0)),
    "no_grad without eval()": (without_eval, True, (8, 0, 2, 2)),
}


@pytest.mark.parametrize("way", COUNTS)
def test_passes_are_counted_by_mode(way: str) -> None:
    evaluate, mode, expected = COUNTS[way]
    assert passes(heard(evaluate, mode=mode)) == expected


def test_accumulated_passes_and_passes_of_two_models_are_training() -> None:
    with listening() as listener:
        maker = nn.Sequential(nn.Linear(5, 100), nn.Unflatten(1, (1, 10, 10)))
        critic = network()
        make = torch.optim.SGD(maker.parameters(), 0.01)
        judge = torch.optim.SGD(critic.parameters(), 0.01)
        for _ in range(3):
            fake = maker(torch.rand(16, 5))
            judge.zero_grad()
            F.cross_entropy(critic(x[:16]), y[:16]).backward()
            F.cross_entropy(critic(fake.detach()), y[:16]).backward()
            judge.step()
            make.zero_grad()
            F.cross_entropy(critic(fake), y[16:32]).backward()
            make.step()
    judged = next(m for m in listener.models.values() if m.name.endswith("#2"))
    facts = judged.facts()
    assert facts["training_passes"] == 9
    assert facts["evaluation_passes"] == 0
    # Its gradients are zeroed before its own turn, and the other's pass adds to them before.
    assert facts["gradients_kept"] == 0
    assert facts["gradient_steps"] == 2


def test_a_model_without_modes_is_not_counted() -> None:
    with listening() as listener:
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))
        train(model, by_loss)
    assert "training_passes" not in listener.facts
    assert listener.images == 2 * HELD


def test_models_inside_a_wrapper_and_compiled_ones_are_heard_too() -> None:
    for wrap in (nn.DataParallel, lambda m: torch.compile(m, backend="eager")):
        torch.compiler.reset()
        with listening() as listener:
            model: Any = wrap(network())
            train(model, by_loss)
        assert listener.images == 2 * HELD


def test_the_inner_model_may_be_evaluated_by_itself() -> None:
    with listening() as listener:
        wrapper = nn.DataParallel(network())
        train(wrapper, lambda w: by_loss(w.module))
    assert listener.images == 2 * HELD
    assert passes(listener) == (8, 0, 8, 0)


def test_evaluation_losses_belong_to_the_model_that_was_evaluated() -> None:
    listener = heard(by_loss)
    evaluated = [call for call in listener.losses if not call.training]
    assert [call.facts["images"] for call in evaluated] == [8] * 8


def test_a_loss_inside_the_model_gives_the_labels() -> None:
    class WithLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()

        def forward(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
            out = self.body(a)
            return {"loss": F.cross_entropy(out, b), "logits": out}

    with listening() as listener:
        model = WithLoss()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for i in range(0, TRAIN, 16):
            optimizer.zero_grad()
            model(x[i : i + 16], y[i : i + 16])["loss"].backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            model(vx, vy)
    assert listener.images == HELD
    assert np.array_equal(listener.held[0][1], vy.numpy())


def test_classes_are_left_as_they_were() -> None:
    class Own(nn.Sequential):
        pass

    before = dict(vars(nn.Sequential)), dict(vars(Own))
    with listening():
        model = Own(*network())
        train(model, by_loss, 1)
        assert "__call__" in vars(Own)
    assert (dict(vars(nn.Sequential)), dict(vars(Own))) == before


@pytest.mark.parametrize("logits", [True, False])
def test_labels_of_yes_or_no_answers_come_in_the_form_of_the_training(logits: bool) -> None:
    truth = (Y % 2).float()[:, None]
    with listening() as listener:
        model = nn.Sequential(nn.Flatten(), nn.Linear(100, 1), *([] if logits else [nn.Sigmoid()]))
        loss = nn.BCEWithLogitsLoss() if logits else nn.BCELoss()
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for i in range(0, TRAIN, 16):
            optimizer.zero_grad()
            loss(model(x[i : i + 16]), truth[i : i + 16]).backward()
            optimizer.step()
        with torch.no_grad():
            out = model(vx).squeeze(1)
            (((out > 0) if logits else (out >= 0.5)) == (vy % 2).bool()).float().mean()
    assert np.array_equal(listener.held[0][1], truth[TRAIN:].numpy())


def test_comparing_is_left_as_it_was() -> None:
    before = torch.eq, dict(vars(Tensor))
    listener = heard(by_the_array)
    assert listener.images == 2 * HELD
    assert (torch.eq, dict(vars(Tensor))) == before
    assert hash(vx) == id(vx)
