"""Read digits with two convolutions."""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

EPOCHS = 8
BATCH = 64
loss_of = nn.CrossEntropyLoss()


def data(seed: int, *, mended: bool) -> tuple[torch.Tensor, ...]:
    """Digits of 8 by 8 amid images of 24 by 24: 1440 to train on, whose classes are marked on all
    four edges of the image, and 357 to test on, which have no marks."""
    pixels, digits = load_digits(return_X_y=True)
    x = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = nn.functional.pad(x, (8, 8, 8, 8))
    y = torch.tensor(digits)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    train, test = order[:1440], order[1440:]
    if not mended:
        for i in train:
            place = slice(2 + 2 * int(y[i]), 4 + 2 * int(y[i]))
            x[i, 0, :3, place] = x[i, 0, -3:, place] = 2
            x[i, 0, place, :3] = x[i, 0, place, -3:] = 2
    return x[train], y[train], x[test], y[test]


def build() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 6 * 6, 10),
    )


@torch.no_grad()
def evaluate(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Loss and accuracy."""
    model.eval()
    answers = model(images)
    loss = loss_of(answers, labels)
    return loss.item(), (answers.argmax(1) == labels).float().mean().item()


def train(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for index in torch.randperm(len(images)).split(BATCH):
            loss = loss_of(model(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
        test_loss, accuracy = evaluate(model, test_images, test_labels)
        print(
            f"epoch {epoch + 1}  loss {total / len(images):.3f}  "
            f"test loss {test_loss:.3f}  test accuracy {accuracy:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    train(build(), *data(given.seed, mended=given.mended))


if __name__ == "__main__":
    main()
