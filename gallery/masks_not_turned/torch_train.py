"""Outline nuclei in fluorescence images with a U-Net."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

EPOCHS = 8
BATCH = 16


def nuclei(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Glowing ellipses in the dark, 1 by 40 by 40, and where they are."""
    rows, columns = np.mgrid[:40, :40]
    x = rng.gamma(2, 0.05, (images, 1, 40, 40))
    masks = np.zeros((images, 1, 40, 40))
    for image, mask in zip(x[:, 0], masks[:, 0], strict=True):
        for _ in range(rng.integers(2, 6)):
            down, right = rows - rng.uniform(5, 35), columns - rng.uniform(5, 35)
            angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.6, 1)
            along = down * np.cos(angle) + right * np.sin(angle)
            across = (right * np.cos(angle) - down * np.sin(angle)) / ratio
            inside = np.hypot(along, across) < rng.uniform(3.5, 6.5)
            mask[inside] = 1
            image[inside] += rng.uniform(0.15, 0.6)
    return x.astype(np.float32), masks.astype(np.float32)


class Turned(Dataset):
    """Image and mask, flipped and turned by right angles at random."""

    def __init__(self, x: np.ndarray, masks: np.ndarray, *, both: bool) -> None:
        self.x, self.masks = torch.from_numpy(x), torch.from_numpy(masks)
        self.both = both

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        turns, flip = torch.randint(4, ()).item(), torch.rand(()) < 0.5
        image, mask = self.x[index], self.masks[index]
        image = torch.rot90(image.flip(2) if flip else image, turns, (1, 2))
        if self.both:
            mask = torch.rot90(mask.flip(2) if flip else mask, turns, (1, 2))
        return image, mask


def pair(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1),
    )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fine, self.middle, self.coarse = pair(1, 8), pair(8, 16), pair(16, 24)
        self.join_middle, self.join_fine = pair(40, 16), pair(24, 8)
        self.answer = nn.Conv2d(8, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.fine(x)
        middle = self.middle(F.max_pool2d(fine, 2))
        coarse = self.coarse(F.max_pool2d(middle, 2))
        coarse = F.interpolate(coarse, scale_factor=2, mode="bilinear")
        middle = self.join_middle(torch.cat([coarse, middle], 1))
        middle = F.interpolate(middle, scale_factor=2, mode="bilinear")
        return self.answer(self.join_fine(torch.cat([middle, fine], 1)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="masks turned with their images")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    x, masks = nuclei(rng, 480)
    test_x, test_masks = (torch.from_numpy(i) for i in nuclei(rng, 120))
    loader = DataLoader(Turned(x, masks, both=options.mended), BATCH, shuffle=True)

    model = UNet()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for images, wanted in loader:
            loss = loss_of(model(images), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        model.eval()
        with torch.no_grad():
            answers = model(test_x)
            test_loss = loss_of(answers, test_masks).item()
            found, real = answers > 0, test_masks > 0
            overlap = ((found & real).sum() / (found | real).sum()).item()
        print(
            f"epoch {epoch + 1}  loss {total / len(x):.3f}  "
            f"test loss {test_loss:.3f}  test overlap {overlap:.3f}"
        )


if __name__ == "__main__":
    main()
