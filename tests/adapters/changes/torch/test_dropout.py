"""A training with dropout scaled equals one whose script has the scaled rates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.changes.torch.trainings_b import changed, same, seeded, train, watched
from adapters.torch.programs import images


class Dropping(nn.Module):
    """Layers, functions and a rate that changes nothing at all."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.maps = nn.Dropout2d(0.4 * factor)
        self.in_place = nn.Dropout(0.2 * factor, inplace=True)
        self.head = nn.Linear(4, 10)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        x = self.maps(F.relu(self.conv(x)))
        x = F.dropout(x, p=0.5 * self.factor, training=self.training)
        x = torch.dropout(x.mean((2, 3)), 0.25 * self.factor, self.training)
        return self.head(F.dropout(self.in_place(x), 0.0))


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0])
def test_a_training_is_that_of_a_script_with_these_rates(factor: float) -> None:
    expected = train(seeded(lambda: Dropping(factor)))
    with changed("dropout", factor=factor) as effect:
        found = train(seeded(Dropping))
    assert same(found, expected)
    assert effect.done == {"calls with another rate of dropout": 4 * 8}


FUNCTIONS: dict[str, Callable[[Tensor, float, bool], Tensor]] = {
    "dropout": lambda x, p, t: F.dropout(x, p, t),
    "by default": lambda x, p, t: F.dropout(x, p) if t else x,
    "dropout in place": lambda x, p, t: F.dropout(x, p, t, True),
    "dropout1d": lambda x, p, t: F.dropout1d(x[0], p, t),
    "dropout2d": lambda x, p, t: F.dropout2d(x, p, training=t),
    "dropout3d": lambda x, p, t: F.dropout3d(x[:, None], p, t),
    "alpha_dropout": lambda x, p, t: F.alpha_dropout(x, p, t),
    "feature_alpha_dropout": lambda x, p, t: F.feature_alpha_dropout(x, p, t),
    "torch.dropout": lambda x, p, t: torch.dropout(x, p, t),
    "torch.dropout_": lambda x, p, t: torch.dropout_(x, p, train=t),
    "torch.feature_dropout": lambda x, p, t: torch.feature_dropout(x, p, t),
    "torch.alpha_dropout_": lambda x, p, t: torch.alpha_dropout_(x, p, t),
    "torch.native_dropout": lambda x, p, t: torch.native_dropout(x, p, t)[0],
    "attention": lambda x, p, t: F.scaled_dot_product_attention(x, x, x, None, p if t else 0.0),
    "attention by name": lambda x, p, t: F.scaled_dot_product_attention(
        x, x, x, dropout_p=p if t else 0.0
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("factor", [0.0, 0.5])
def test_every_function_that_drops_is_scaled(name: str, factor: float) -> None:
    function = FUNCTIONS[name]
    x = torch.rand(2, 3, 4, 4)
    expected = seeded(lambda: function(x.clone(), 0.5 * factor, True))
    with changed("dropout", factor=factor) as effect:
        found = seeded(lambda: function(x.clone(), 0.5, True))
        assert same([found], [expected])
        assert sum(effect.done.values()) == 1
        assert same([function(x.clone(), 0.5, False)], [function(x.clone(), 0.0, False)])
        assert sum(effect.done.values()) == 1


@pytest.mark.parametrize("factor", [0.0, 0.5])
@pytest.mark.parametrize("name", ["dropout", "dropout1d", "alpha_dropout", "torch.native_dropout"])
def test_without_dropout_no_random_number_is_drawn(name: str, factor: float) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with changed("dropout", factor=factor):
        FUNCTIONS[name](torch.rand(2, 3, 4, 4, generator=torch.Generator()), 0.5, True)
    assert torch.equal(torch.get_rng_state(), before) == (factor == 0)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_drop_less_and_keep_their_rate(kind: type[nn.RNNBase]) -> None:
    x = torch.rand(3, 5, 4)
    expected = seeded(lambda: kind(4, 4, 2)(x)[0])
    layer = seeded(lambda: kind(4, 4, 2, dropout=0.9))
    with changed("dropout", factor=0.0):
        assert same([layer(x)[0]], [expected])
    assert layer.dropout == 0.9


def test_attention_layers_drop_less() -> None:
    x = torch.rand(3, 5, 4)
    expected = seeded(lambda: nn.MultiheadAttention(4, 2)(x, x, x)[0])
    with changed("dropout", factor=0.0):
        assert same(
            [seeded(lambda: nn.MultiheadAttention(4, 2, dropout=0.9)(x, x, x)[0])], [expected]
        )


def test_a_model_may_write_on_what_dropout_gives() -> None:
    x = torch.rand(4, requires_grad=True)
    with changed("dropout", factor=0.0):
        out = F.dropout(torch.tanh(x), 0.5)
        out += 1
        out.sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, 1 - torch.tanh(x.detach()) ** 2)


def test_evaluation_is_untouched() -> None:
    model = seeded(Dropping).eval()
    x, _ = images(8)
    bare = model(x)
    with changed("dropout", factor=0.0) as effect:
        assert same([model(x)], [bare])
    assert effect.done == {}


def test_compiled_models_are_reached() -> None:
    x = torch.rand(4, 4)
    with changed("dropout", factor=0.0):
        compiled = torch.compile(lambda x: F.dropout(x, 0.5))
        assert torch.equal(compiled(x), x)


def test_nothing_is_left_of_it_afterwards() -> None:
    bare = train(seeded(Dropping))
    with changed("dropout", factor=0.0):
        pass
    assert same(train(seeded(Dropping)), bare)


def test_a_watched_training_drops_as_one_without_a_watcher(tmp_path: Path) -> None:
    with changed("dropout", factor=0.5):
        unwatched = train(seeded(Dropping))
        with watched(tmp_path) as runs:
            model = seeded(Dropping)
            assert same(train(model), unwatched)
    assert runs[0].subjects[0].steps == 8
    assert model.in_place.p == 0.2
