"""An ordinary training script: a small ResNet on pictures of CIFAR's size; prints the seconds of
its loop."""

from __future__ import annotations

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCKS = ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        width = 16
        blocks = []
        for outputs, stride in BLOCKS:
            blocks.append(Block(width, outputs, stride))
            width = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.bn(self.stem(x))))
        return self.head(x.mean(dim=(2, 3)))


def main(steps: int) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(2)
    images = torch.randn(1280, 3, 32, 32)
    labels = torch.randint(10, (1280,))
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    started, processor = time.perf_counter(), time.process_time()
    for step in range(steps):
        part = slice(64 * (step % 20), 64 * (step % 20) + 64)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[part]), labels[part])
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - started
    processor = time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loop = {"loop_seconds": seconds, "loop_processor_seconds": processor}
    print(json.dumps({**loop, "peak_mib": peak, "loss": loss.item()}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
