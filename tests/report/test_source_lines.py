"""Which line of a script builds a layer, where that is sure."""

from __future__ import annotations

import pytest

from snellen.report.source_lines import lines_of

TORCH = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.features = nn.Sequential(
            nn.Conv2d(8, 8, 3),
            nn.ReLU(),
        )
        self.width = 8

    def forward(self, x):
        return self.features(self.conv1(x))

class Other(nn.Module):
    def __init__(self):
        self.head: nn.Linear = nn.Linear(8, 2)
        self.twice = nn.Linear(8, 2)

class Third(nn.Module):
    def __init__(self):
        self.twice = nn.Linear(8, 2)
"""

KERAS = """\
import keras
from keras import layers

x = inputs = keras.Input((8, 8, 1))
x = layers.Conv2D(8, 3, name="stem")(x)
x = layers.Conv2D(
    8, 3, name="block_conv")(x)
answers = layers.Dense(2)(x)
"""


@pytest.mark.parametrize(
    ("source", "layer", "line"),
    [
        (TORCH, "conv1", 7),
        (TORCH, "features.0", 8),
        (TORCH, "backbone.conv1", 7),
        (TORCH, "head", 19),
        # Assigned in two places, to no layer, or nowhere.
        (TORCH, "twice", None),
        (TORCH, "width", None),
        (TORCH, "conv9", None),
        (KERAS, "stem", 5),
        (KERAS, "block_conv", 6),
        (KERAS, "conv2d_1", None),
        (KERAS, "answers", 8),
        ("def broken(:", "conv1", None),
        ("\0", "conv1", None),
    ],
)
def test_the_line_that_builds_a_layer(source: str, layer: str, line: int | None) -> None:
    assert lines_of(source, [layer]).get(layer) == line
