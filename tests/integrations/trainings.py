"""Training functions as users write them, for processes that import this file."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any


def rate_too_high(rate: float = 3.0, epochs: int = 8) -> None:
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    torch.manual_seed(0)
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels[:640], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor(digits[:640])
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    for _ in range(epochs):
        for index in torch.randperm(len(x)).split(32):
            loss = nn.functional.cross_entropy(model(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def nothing_trained() -> None:
    """No framework is even imported."""


def made() -> Any:
    def inner() -> None:
        """Found by nobody."""

    return inner


def decorated_later() -> None:
    """Its name is another thing's by now."""


own = decorated_later
decorated_later = wraps(own)(partial(own))  # type: ignore[assignment]
LAMBDA = lambda: None  # noqa: E731


class Trainer:
    def fit(self) -> None:
        """Needs an object."""
