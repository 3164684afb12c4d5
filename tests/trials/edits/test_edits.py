"""Remedies are written into a script where the place is sure, and nowhere else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from snellen.causes import Edit, Setting
from snellen.trials.edits import FINDERS, Refused, diff, edit
from snellen.trials.edits.script import Script, UnsureError, replaced

TORCH = """\
import argparse
import torch
import torch.nn.functional as F
from torch import nn
"""
KERAS = """\
import keras
from keras import layers
"""


def edited(text: str, *edits: Edit, framework: str, arguments: tuple[str, ...] = ()) -> str:
    found = edit(text, edits, framework, arguments)
    assert not isinstance(found, Refused), found.sentence()
    return replaced(text, found)


def changed(text: str, one: Edit, framework: str) -> list[str]:
    """The lines that are new, without their indentation."""
    old = text.splitlines()
    new = edited(text, one, framework=framework).splitlines()
    return [line.strip() for line in new if line not in old]


RATE = Edit(Setting.LEARNING_RATE, 0.001, 0.5)


@pytest.mark.parametrize(
    ("setting", "becomes", "was", "line", "expected"),
    [
        ("learning rate", 0.001, 0.5, "o = torch.optim.SGD(p, lr=0.5)", "SGD(p, lr=0.001)"),
        ("learning rate", 0.001, 0.5, "o = torch.optim.SGD(p, 0.5)", "SGD(p, 0.001)"),
        ("learning rate", 0.01, 0.001, "o = torch.optim.Adam(p)", "Adam(p, lr=0.01)"),
        ("learning rate", 0.001, 0.5, "o = torch.optim.SGD(p, lr=5e-1 * 1)", "SGD(p, lr=0.001)"),
        ("learning rate", 0.001, 0.5, "o = SGD(p, lr=3.0 if q else 0.5)", "3.0 if q else 0.001"),
        (
            "learning rate",
            0.001,
            0.5,
            "o = SGD(p, lr=0.1)\ns = OneCycleLR(o, max_lr=0.5, total_steps=9)",
            "max_lr=0.001",
        ),
        ("weight decay", 1e-4, 0.5, "o = AdamW(p, weight_decay=0.5)", "weight_decay=0.0001"),
        ("momentum", 0.9, 0.999, "o = SGD(p, 0.1, 0.999)", "SGD(p, 0.1, 0.9)"),
        ("epsilon", 1e-8, 1.0, "o = Adam(p, eps=1)", "eps=1e-08"),
        ("betas", [0.9, 0.999], [0.9, 0.1], "o = Adam(p, betas=(0.9, 0.1))", "(0.9, 0.999)"),
        ("clipping", 1.0, 0.001, "nn.utils.clip_grad_norm_(p, max_norm=1e-3)", "max_norm=1.0"),
        ("clipping", None, 0.001, "nn.utils.clip_grad_norm_(p, 1e-3)", '(p, float("inf"))'),
        ("batch size", 32, 2, "loader = DataLoader(d, batch_size=2)", "batch_size=32"),
        ("batch size", 32, 2, "BATCH = 2\nfor i in order.split(BATCH): use(BATCH)", "BATCH = 32"),
        ("epochs", 30, 3, "for epoch in range(3):\n    pass", "for epoch in range(30):"),
        ("epochs", 30, 3, "EPOCHS = 3", "EPOCHS = 30"),
        ("shuffling", True, False, "a = DataLoader(d, 8)", "DataLoader(d, 8, shuffle=True)"),
        ("shuffling", True, False, "a = DataLoader(d, shuffle=False)", "shuffle=True"),
        ("dropout", 0.1, [0.9], "d = nn.Dropout(0.9)\ne = nn.Dropout(0.2)", "d = nn.Dropout(0.1)"),
        ("dropout", 0.1, [0.9], "d = nn.Dropout(0.9 if q else 0.2)", "0.1 if q else 0.2"),
        ("dropout", 0.1, [0.9], "r = 0.9\nd = nn.Dropout2d(r)\ne = nn.Dropout(r)", "r = 0.1"),
        ("dropout", 0.1, [0.5], "d = nn.Dropout2d()", "nn.Dropout2d(p=0.1)"),
        ("dropout", 0.1, [0.9], "x = F.dropout(x, 0.9, q)", "F.dropout(x, 0.1, q)"),
        ("initialiser", "he", None, "nn.init.constant_(m.weight, 0)", "kaiming_normal_(m.weight"),
        ("initialiser", "glorot", None, "nn.init.ones_(m.weight)", "xavier_uniform_(m.weight)"),
        ("initialiser", "he", None, "m.bias.data.fill_(-1.0)", "torch.nn.init.zeros_(m.bias)"),
        ("activation", "relu", "sigmoid", "m = nn.Sequential(nn.Sigmoid(), h)", "nn.ReLU(), h"),
        ("activation", "relu", "tanh", "x = torch.tanh(c(x))", "x = torch.relu(c(x))"),
        (
            "class weights",
            [0.5, 5.0],
            None,
            "loss = nn.CrossEntropyLoss()",
            "nn.CrossEntropyLoss(weight=torch.tensor([0.5, 5.0]))",
        ),
        (
            "class weights",
            [0.5, 5.0],
            None,
            "loss = F.cross_entropy(z, y)",
            "F.cross_entropy(z, y, weight=z.new_tensor([0.5, 5.0]))",
        ),
        (
            "class weights",
            [0.5, 5.0],
            None,
            "loss = nn.BCEWithLogitsLoss()",
            "nn.BCEWithLogitsLoss(pos_weight=torch.tensor([10.0]))",
        ),
        ("softmax", None, None, "m = nn.Sequential(a, nn.Softmax(dim=1))", "nn.Sequential(a)"),
        ("softmax", None, None, "z = torch.softmax(h(x), 1)", "z = h(x)"),
        ("softmax", None, None, "z = h(x).softmax(dim=1)", "z = h(x)"),
        ("freezing", True, False, "p.requires_grad = False", "p.requires_grad = True"),
        ("freezing", True, False, "m.requires_grad_(False)", "m.requires_grad_(True)"),
        ("parameters", None, None, "o = SGD(net.head.parameters(), 0.1)", "SGD(net.parameters()"),
        (
            "L1 penalty",
            1e-5,
            None,
            "l = l + 0.5 * sum(p.abs().sum() for p in m.parameters())",
            "l + 1e-05 * sum",
        ),
        (
            "zeroing",
            None,
            None,
            "o = SGD(p, 0.1)\nfor b in d:\n    loss.backward()\n    o.step()",
            "o.zero_grad()",
        ),
    ],
)
def test_pytorch(setting: str, becomes: Any, was: Any, line: str, expected: str) -> None:
    (new,) = changed(TORCH + line, Edit(Setting(setting), becomes, was), "torch")
    assert expected in new


@pytest.mark.parametrize(
    ("setting", "becomes", "was", "line", "expected"),
    [
        ("learning rate", 0.001, 0.5, "o = keras.optimizers.SGD(0.5)", "SGD(0.001)"),
        ("learning rate", 0.001, 0.5, "o = Adam(learning_rate=0.5)", "Adam(learning_rate=0.001)"),
        ("learning rate", 0.1, 0.01, "o = keras.optimizers.SGD()", "SGD(learning_rate=0.1)"),
        ("learning rate", 0.1, 0.001, "m.compile(optimizer='adam')", "Adam(learning_rate=0.1)"),
        (
            "learning rate",
            0.001,
            0.5,
            "s = keras.optimizers.schedules.CosineDecay(0.5, 100)\no = SGD(s)",
            "CosineDecay(0.001, 100)",
        ),
        ("weight decay", 1e-4, 50.0, "o = AdamW(4e-3, weight_decay=50.0)", "weight_decay=0.0001"),
        ("momentum", 0.9, 0.999, "o = SGD(0.1, momentum=0.999)", "momentum=0.9)"),
        ("epsilon", 1e-7, 1.0, "o = Adam(0.1, epsilon=1.0)", "epsilon=1e-07"),
        ("betas", [0.9, 0.999], [0.9, 0.1], "o = Adam(0.1, beta_2=0.1)", "beta_2=0.999"),
        ("clipping", 5.0, 1e-3, "o = SGD(0.1, global_clipnorm=1e-3)", "global_clipnorm=5.0"),
        ("clipping", None, 1e-3, "o = SGD(0.1, clipnorm=1e-3)", "clipnorm=None"),
        ("batch size", 32, 2, "m.fit(x, y, batch_size=2)", "batch_size=32"),
        ("epochs", 9, 3, "m.fit(x, y, epochs=3)", "epochs=9"),
        ("shuffling", True, False, "m.fit(x, y, shuffle=False)", "shuffle=True"),
        ("dropout", 0.1, [0.9], "x = layers.Dropout(0.9)(x)", "layers.Dropout(0.1)(x)"),
        ("L2 penalty", 1e-4, 0.5, "r = keras.regularizers.L2(0.5)", "L2(0.0001)"),
        ("L1 penalty", 1e-5, 0.5, "r = L1(1e-3 if q else 0.5)", "L1(1e-3 if q else 1e-05)"),
        ("L1 penalty", 1e-5, 0.5, "r = keras.regularizers.l1_l2(l1=0.5, l2=0.5)", "l1=1e-05, l2"),
        (
            "initialiser",
            "he",
            None,
            "x = layers.Conv2D(8, 3, kernel_initializer='zeros')(x)",
            'kernel_initializer="he_normal"',
        ),
        (
            "initialiser",
            "he",
            None,
            "big = keras.initializers.RandomNormal(stddev=9)\n"
            "x = layers.Conv2D(8, 3, kernel_initializer=big)(x)",
            'big = "he_normal"',
        ),
        (
            "activation",
            "relu",
            "sigmoid",
            "m = keras.Sequential([\nlayers.Dense(8, activation='sigmoid'),\n"
            "layers.Dense(3, activation='sigmoid')])",
            'layers.Dense(8, activation="relu"),',
        ),
        ("class weights", [0.5, 5.0], None, "m.fit(x, y)", "class_weight={0: 0.5, 1: 5.0}"),
        ("softmax", None, None, "l = CategoricalCrossentropy(from_logits=True)", "=False"),
        ("freezing", True, False, "base.trainable = False", "base.trainable = True"),
    ],
)
def test_keras(setting: str, becomes: Any, was: Any, line: str, expected: str) -> None:
    (new,) = changed(KERAS + line, Edit(Setting(setting), becomes, was), "keras")
    assert expected in new


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("LR = 0.5\no = SGD(p, lr=LR)\nprint(f'{LR}')", "LR = 0.001"),
        ("LR: float = 0.5\no = SGD(p, lr=LR)", "LR: float = 0.001"),
        (
            "CONFIG = {'lr': 0.5, 'n': 3}\no = SGD(p, lr=CONFIG['lr'])",
            "CONFIG = {'lr': 0.001, 'n': 3}",
        ),
        ("def train(rate=0.5):\n    return SGD(p, lr=rate)\ntrain()", "def train(rate=0.001):"),
        ("def train(rate):\n    return SGD(p, lr=rate)\ntrain(0.5)", "train(0.001)"),
        ("def train(rate):\n    return SGD(p, rate)\ntrain(rate=0.5)", "train(rate=0.001)"),
        (
            "class Config:\n    lr: float = 0.5\nconfig = Config()\no = SGD(p, lr=config.lr)",
            "lr: float = 0.001",
        ),
        (
            "a = argparse.ArgumentParser()\na.add_argument('--lr', type=float, default=0.5)\n"
            "options = a.parse_args()\no = SGD(p, lr=options.lr)",
            "a.add_argument('--lr', type=float, default=0.001)",
        ),
        ("a = SGD(p, lr=0.5)\nb = SGD(q, lr=0.1)", "a = SGD(p, lr=0.001)"),
    ],
)
def test_a_value_is_followed_to_where_it_is_set(lines: str, expected: str) -> None:
    assert changed(TORCH + lines, RATE, "torch") == [expected]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("o = SGD(p, lr=0.3)", "the run was made with 0.5"),
        ("o = SGD(p, lr=rate())", "computed"),
        ("LR = 0.5\nLR = 0.5\no = SGD(p, lr=LR)", "set more than once"),
        ("LR = 0.5\nLR *= 1\no = SGD(p, lr=LR)", "set more than once"),
        ("for LR in (0.5,):\n    o = SGD(p, lr=LR)", "set more than once"),
        ("X = 0.5\no = SGD(p, lr=X)\nd = nn.Dropout(X)", "used for something else too"),
        ("from settings import LR\no = SGD(p, lr=LR)", "not set in this script"),
        ("o = SGD(p, **options)", "come by `*` or `**`"),
        ("o = SGD([{'params': p, 'lr': 0.5}], lr=0.5)", "rates of their own"),
        ("a = SGD(p, lr=0.5)\nb = SGD(q, lr=0.5)", "several optimisers"),
        ("print(0.5)", "no optimiser"),
        ("def f(r):\n    return SGD(p, lr=r)\nf(0.5)\nf(0.5)", "given in several calls"),
        ("def f(r=0.5):\n    return SGD(p, lr=r)\nrun(f)", "can't be followed"),
        ("o = SGD(p, lr=0.5", "not Python"),
    ],
)
def test_where_a_rate_is_not_sure_it_is_left(lines: str, why: str) -> None:
    refused = edit(TORCH + lines, (RATE,), "torch")
    assert isinstance(refused, Refused)
    assert why in refused.sentence()


@pytest.mark.parametrize(
    ("framework", "setting", "becomes", "was", "line", "why"),
    [
        ("torch", "weight decay", 1e-4, 0.5, "o = AdamW(p)", "no optimiser of this script is"),
        ("torch", "batch size", 32, 2, "for x in order.split(2): pass", "no plain `batch_size`"),
        ("torch", "epochs", 9, 3, "while going: pass", "no plain number of epochs"),
        ("torch", "shuffling", True, False, "l = DataLoader(d, sampler=s)", "a sampler draws"),
        (
            "torch",
            "shuffling",
            True,
            False,
            "a = DataLoader(d)\nb = DataLoader(e)",
            "which loader is trained on",
        ),
        ("torch", "dropout", 0.1, [0.9], "d = nn.Dropout(0.5)", "no dropout of this script"),
        ("torch", "dropout", 0.1, [0.9], "d = nn.Dropout(r())", "computed"),
        ("torch", "initialiser", "he", None, "p.data.fill_(0.0)", "which weights"),
        ("torch", "initialiser", "he", None, "x = 1", "no initialiser is chosen"),
        (
            "torch",
            "initialiser",
            "he",
            None,
            "m.weight.data = torch.rand(3)\nm.bias.data.zero_()",
            "weights are assigned",
        ),
        ("torch", "softmax", None, None, "a = F.softmax(x, 1)\nb = F.softmax(y, 1)", "several"),
        ("torch", "softmax", None, None, "s = nn.Sequential(nn.Softmax(1), h)", "not the last"),
        ("torch", "activation", "relu", "sigmoid", "m = nn.Sequential(h, nn.Sigmoid())", "hidden"),
        ("torch", "class weights", [1.0], None, "l = nn.CrossEntropyLoss(weight=w)", "already"),
        (
            "torch",
            "class weights",
            [1.0],
            None,
            "d = 'cuda'\nl = nn.CrossEntropyLoss()",
            "model's device",
        ),
        ("torch", "parameters", None, None, "o = SGD(net.parameters(), 0.1)", "not plain"),
        ("torch", "zeroing", None, None, "loss.backward()\nif n: o.step()", "no update follows"),
        ("torch", "freezing", True, False, "a.requires_grad = b.requires_grad = False", "one"),
        ("torch", "scaling", {"mean": [9.0], "deviation": [4.0]}, None, "m = build()", "class"),
        ("keras", "shuffling", True, False, "m.fit(x, y)", "told not to shuffle"),
        ("keras", "class weights", [1.0], None, "a.fit(x)\nb.fit(x)", "no one `fit`"),
        ("keras", "L2 penalty", 1e-4, 0.5, "r = keras.regularizers.L2(0.1)", "has the factor"),
        ("keras", "learning rate", 0.1, 0.5, "m.compile(optimizer=make())", "no optimiser"),
        (
            "keras",
            "learning rate",
            0.1,
            0.5,
            "s = keras.optimizers.schedules.CosineDecay(0.4, 100)\no = SGD(s)",
            "schedule",
        ),
    ],
)
def test_what_is_not_sure_is_left(
    framework: str, setting: str, becomes: Any, was: Any, line: str, why: str
) -> None:
    text = (TORCH if framework == "torch" else KERAS) + line
    refused = edit(text, (Edit(Setting(setting), becomes, was),), framework)
    assert isinstance(refused, Refused)
    assert why in refused.sentence()


def test_a_rate_of_the_command_line_is_not_the_default() -> None:
    text = dedent(f"""\
        {TORCH.replace(chr(10), chr(10) + " " * 8)}
        a = argparse.ArgumentParser()
        a.add_argument("--rate", type=float, default=0.5)
        options = a.parse_args()
        o = torch.optim.SGD(p, lr=options.rate)
        """)
    assert "default=0.001" in edited(text, RATE, framework="torch", arguments=("--seed", "1"))
    for given in (("--rate", "0.5"), ("--rate=0.5",), ("--ra", "0.5")):
        refused = edit(text, (RATE,), "torch", given)
        assert isinstance(refused, Refused)
        assert "command line" in refused.sentence()
        assert 'a.add_argument("--rate"' in refused.sentence()


@pytest.mark.parametrize(
    ("text", "mean", "deviation", "expected"),
    [
        (
            "class Net(nn.Module):\n    def forward(self, x):\n        return self.c(x)\n",
            [120.0],
            [60.0],
            "x = (x - 120.0) / 60.0",
        ),
        (
            "class Net(nn.Module):\n    def forward(self, x):\n        'Doc.'\n        return x\n",
            [0.0],
            [255.0],
            "x = x / 255.0",
        ),
        (
            "class A(nn.Module): pass\nclass B(nn.Module):\n    def forward(self, x):\n"
            "        return x\nm = B().to(d)\no = SGD(m.parameters(), 0.1)\n",
            [1.0, 2.0],
            [3.0, 4.0],
            "x = (x - x.new_tensor([1.0, 2.0]).view(-1, 1, 1)) / "
            "x.new_tensor([3.0, 4.0]).view(-1, 1, 1)",
        ),
    ],
)
def test_images_are_scaled_as_the_model_takes_them(
    text: str, mean: list[float], deviation: list[float], expected: str
) -> None:
    one = Edit(Setting.SCALING, {"mean": mean, "deviation": deviation})
    assert changed(TORCH + text, one, "torch") == [expected]


@pytest.mark.parametrize(
    ("text", "mean", "deviation", "expected"),
    [
        (
            "m = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])",
            [120.0],
            [60.0],
            "m = keras.Sequential([keras.Input((8, 8, 1)), "
            "layers.Normalization(mean=[120.0], variance=[3600.0]), layers.Flatten()])",
        ),
        (
            "i = keras.Input((8, 8, 1))\nx = layers.Flatten()(i)\nm = keras.Model(i, x)",
            [0.0],
            [255.0],
            "x = layers.Flatten()(layers.Rescaling(1 / 255)(i))",
        ),
    ],
)
def test_images_are_scaled_behind_keras_input(
    text: str, mean: list[float], deviation: list[float], expected: str
) -> None:
    one = Edit(Setting.SCALING, {"mean": mean, "deviation": deviation})
    assert changed(KERAS + text, one, "keras") == [expected]


def test_every_setting_has_its_way() -> None:
    assert set(FINDERS) == set(Setting)


def test_columns_are_those_of_characters() -> None:
    text = TORCH + 'print("Grüße, 目"); o = SGD(p, lr=0.5)  # é\n'
    assert 'print("Grüße, 目"); o = SGD(p, lr=0.001)  # é\n' in edited(
        text, RATE, framework="torch"
    )


def test_line_endings_stay() -> None:
    text = "import torch\r\no = SGD(p, 0.1)\r\nfor b in d:\r\n\tloss.backward()\r\n\to.step()\r\n"
    done = edited(text, Edit(Setting.ZEROING, None), framework="torch")
    assert "\r\n\to.zero_grad()\r\n\tloss.backward()\r\n" in done


def test_a_script_that_has_changed_since_is_not_edited() -> None:
    text = TORCH + "o = SGD(p, lr=0.5)"
    found = edit(text, (RATE,), "torch")
    assert not isinstance(found, Refused)
    with pytest.raises(UnsureError, match="no longer what it was"):
        replaced("#" + text, found)


@pytest.mark.parametrize("ending", ["\n", "", "\r\n"])
def test_the_difference_applies(tmp_path: Path, ending: str) -> None:
    text = f"import torch\n# {'-' * 20}\n\no = SGD(p, lr=0.5){ending}"
    done = edited(text, RATE, framework="torch")
    place = tmp_path / "deep" / "train.py"
    place.parent.mkdir()
    place.write_bytes(text.encode())
    said = diff(text, done, "deep/train.py")
    assert said.startswith("--- a/deep/train.py\n+++ b/deep/train.py\n@@ ")
    subprocess.run(
        ["git", "apply", "-"], cwd=tmp_path, input=said.encode(), check=True, capture_output=True
    )
    assert place.read_bytes() == done.encode()


def test_without_a_change_there_is_no_difference() -> None:
    assert diff("a\n", "a\n", "x.py") == ""


def test_lines_are_counted_as_python_counts_them() -> None:
    script = Script("a = '\u2028'\nb = 1\x0c\nc = 2")
    assert script.line(script.start(script.tree.body[2])) == 3
    assert script.said(script.tree.body[2]) == "c = 2"
