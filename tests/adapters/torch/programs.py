"""Small PyTorch trainings, each a function of nothing that returns all that training leaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

Trained = dict[str, Any]


def seed() -> None:
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)


def images(count: int = 160, size: int = 10) -> tuple[Tensor, Tensor]:
    """Ten classes that a small network learns: the class is where the bright column stands."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(count) % 10
    pictures = torch.rand(count, 1, size, size, generator=generator) * 0.3
    pictures[torch.arange(count), 0, :, labels] += 1.0
    return pictures, labels


def left_by(model: nn.Module, optimizer: torch.optim.Optimizer, losses: list[float]) -> Trained:
    """All that a training leaves: weights, buffers, optimizer state, losses and RNG streams."""
    state = {f"model.{k}": v.clone() for k, v in model.state_dict().items()}
    for index, slot in optimizer.state_dict()["state"].items():
        state |= {f"optimizer.{index}.{k}": v for k, v in slot.items()}
    state |= {f"grad.{n}": p.grad for n, p in model.named_parameters()}
    state["losses"] = losses
    state["torch"] = torch.get_rng_state()
    state["python"] = random.getstate()
    state["numpy"] = np.random.get_state()[1].tolist()
    return state


class Plain(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 6, 3), nn.ReLU(inplace=True), nn.Conv2d(6, 8, 3), nn.Tanh(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10),
        )  # fmt: skip


class Normed(nn.Module):
    """BatchNorm, dropout, a residual sum, functional activations and noise drawn in `forward`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)) + x)
        x = F.dropout(x, 0.2, self.training).mean(dim=(2, 3))
        if self.training:
            x = x + 0.01 * torch.randn_like(x) + 0.001 * random.random() + 0.001 * np.random.rand()
        return self.head(x)


def plain() -> Trained:
    seed()
    x, y = images()
    model = Plain()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = DataLoader(TensorDataset(x, y), 16, shuffle=True)
    losses = []
    for _ in range(3):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(model(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return left_by(model, optimizer, losses)


def normed() -> Trained:
    seed()
    x, y = images()
    model = Normed()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.5)
    losses = []
    for step in range(30):
        index = torch.randint(len(x), (16,))
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[index]), y[index], label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 10 == 9:
            model.eval()
            with torch.no_grad():
                losses.append(F.cross_entropy(model(x), y).item())
            model.train()
    trained = left_by(model, optimizer, losses)
    return trained | {"calls": model.calls, "mode": model.training}


def autocast() -> Trained:
    seed()
    x, y = images()
    model = Normed()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    losses = []
    for step in range(24):
        part = slice(16 * (step % 10), 16 * (step % 10) + 16)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x[part]), y[part])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        losses.append(loss.item())
    return left_by(model, optimizer, losses)


def accumulated() -> Trained:
    seed()
    x, y = images()
    model = Plain()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    losses = []
    for step in range(40):
        part = slice(8 * (step % 20), 8 * (step % 20) + 8)
        loss = F.nll_loss(F.log_softmax(model(x[part]), dim=1), y[part]) / 4
        loss.backward()
        losses.append(loss.item())
        if step % 4 == 3:
            optimizer.step()
            optimizer.zero_grad()
    return left_by(model, optimizer, losses)


def adversarial() -> Trained:
    """Two models, two optimizers, one fed by the other."""
    seed()
    x, _ = images()
    maker = nn.Sequential(nn.Linear(5, 100), nn.Tanh(), nn.Unflatten(1, (1, 10, 10)))
    critic = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(256, 1))
    make = torch.optim.Adam(maker.parameters(), 1e-3)
    judge = torch.optim.Adam(critic.parameters(), 1e-3)
    losses = []
    for step in range(20):
        real = x[16 * (step % 10) : 16 * (step % 10) + 16]
        fake = maker(torch.randn(16, 5))
        judge.zero_grad()
        answers = critic(real), critic(fake.detach())
        loss = sum(
            F.binary_cross_entropy_with_logits(a, torch.full_like(a, t))
            for a, t in zip(answers, (1.0, 0.0), strict=True)
        )
        loss.backward()
        judge.step()
        make.zero_grad()
        wish = critic(fake)
        loss = F.binary_cross_entropy_with_logits(wish, torch.ones_like(wish))
        loss.backward()
        make.step()
        losses.append(loss.item())
    trained = left_by(maker, make, losses)
    return trained | {f"critic.{k}": v for k, v in left_by(critic, judge, losses).items()}


PROGRAMS: dict[str, Callable[[], Trained]] = {
    "plain": plain,
    "normed": normed,
    "autocast": autocast,
    "accumulated": accumulated,
    "adversarial": adversarial,
}


def differences(left: Trained, right: Trained) -> list[str]:
    """Names of what is not bit for bit the same."""
    found = sorted(left.keys() ^ right.keys())
    for name in left.keys() & right.keys():
        a, b = left[name], right[name]
        same = torch.equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a == b
        if not same:
            found.append(name)
    return found
