from __future__ import annotations

from typing import Any

import pytest

from causes.cases import case
from snellen.causes.rewriting import activated, called, construction, instead, made_anew, place
from snellen.core import Layer, Window, WindowKind
from symptoms.build import conv, head, subject

TORCH, KERAS = case(subject()), case(subject(), keras=True)


def slid(**changes: Any) -> Window:
    values = {"kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1)}
    values |= {"before": (1, 1), "after": (1, 1)}
    return Window(WindowKind.CONV, **(values | changes))


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("3", "model[3]"),
        ("features.3", "model.features[3]"),
        ("blocks.0.conv#2", "model.blocks[0].conv"),
    ],
)
def test_where_a_layer_is_held(name: str, held: str) -> None:
    assert place(conv(name)) == held


def test_a_name_that_is_no_place() -> None:
    assert instead(TORCH, conv("a layer"), "nn.ReLU()") == "layer = nn.ReLU()  # instead of a layer"


@pytest.mark.parametrize(("name", "said"), [("3", "layer 3"), ("conv3", "conv3")])
def test_names_in_titles(name: str, said: str) -> None:
    assert called(conv(name)) == said


@pytest.mark.parametrize(
    ("layer", "torch", "keras"),
    [
        (
            conv(window=slid(stride=(2, 2)), weight_shape=(8, 3, 3, 3)),
            "nn.Conv2d(3, 8, 3, stride=2, padding=1)",
            'layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")',
        ),
        (
            conv(window=slid(before=(0, 0), after=(0, 0)), weight_shape=(8, 3, 3, 1)),
            "nn.Conv2d(3, 8, (3, 1))",
            'layers.Conv2D(8, (3, 1), activation="relu")',
        ),
        (
            conv(groups=8, weight_shape=(8, 1, 3, 3), window=slid()),
            "nn.Conv2d(8, 8, 3, padding=1, groups=8)",
            'layers.DepthwiseConv2D(3, padding="same", activation="relu")',
        ),
        (
            conv(weight_shape=(8, 4, 5), window=slid(dilation=(2,), before=(4,)), normalised=True),
            "nn.Conv1d(4, 8, 5, padding=4, dilation=2)",
            'layers.Conv1D(8, 5, padding="same", dilation_rate=2)',
        ),
        (
            head(units=3, weight_shape=(3, 64), output_activation="softmax"),
            "nn.Linear(64, 3)",
            'layers.Dense(3, activation="softmax")',
        ),
    ],
)
def test_constructions(layer: Layer, torch: str, keras: str) -> None:
    assert construction(TORCH, layer) == torch
    assert construction(KERAS, layer) == keras


def test_widening_leaves_the_image_and_the_answer_as_they_are() -> None:
    first = conv("a", weight_shape=(8, 3, 3, 3))
    second = conv("b", inputs=("a",), weight_shape=(8, 8, 3, 3))
    last = head(inputs=("b",), weight_shape=(10, 128))
    made = [construction(TORCH, layer, widened=2) for layer in (first, second, last)]
    assert made == [
        "nn.Conv2d(3, 16, 3, padding=1)",
        "nn.Conv2d(16, 16, 3, padding=1)",
        "nn.Linear(256, 10)",
    ]


def test_widened_depthwise_layers_stay_depthwise() -> None:
    layer = conv(inputs=("a",), groups=8, weight_shape=(8, 1, 3, 3))
    assert construction(TORCH, layer, widened=2) == "nn.Conv2d(16, 16, 3, padding=1, groups=16)"


def test_activations() -> None:
    layer = conv("3", activation="linear")
    assert activated(TORCH, layer) == "model[3] = nn.Sequential(model[3], nn.ReLU())"
    assert activated(KERAS, layer).endswith('activation="relu")(x)  # instead of 3')


def test_what_is_written_for_torch_builds() -> None:
    nn = pytest.importorskip("torch.nn")
    torch = pytest.importorskip("torch")
    layer = conv(window=slid(stride=(2, 2)), weight_shape=(8, 3, 3, 3))
    made = eval(construction(TORCH, layer), {"nn": nn})
    assert made(torch.zeros(1, 3, 16, 16)).shape == (1, 8, 8, 8)


def test_optimisers_are_made_anew() -> None:
    own = subject(facts={"optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.9})
    line = "optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)"
    assert made_anew(case(own), lr=0.01) == line
    compile(made_anew(case(own, keras=True), lr=0.01), "keras", "exec")
