"""S10: first layers that stay put while the last ones move, for want of gradient alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Clock, Subject
from snellen.stats import MapSummary, WeightState, WeightUpdate
from snellen.symptoms.gradient.vanishing_gradients import VanishingGradients
from symptoms.build import (
    UNHARMED,
    finding,
    grade,
    inline,
    maps,
    probe,
    sentence,
    stack,
    subject,
    update,
    weights,
)

STEPS = (1, 10, 100, 300, 1000)
ADAM = {"optimizer": "Adam", "learning_rate": 1e-3, "epsilon": 1e-8}
SGD = {"optimizer": "SGD", "learning_rate": 0.1}


def network(
    *,
    factor: float = 0.2,
    layers: int = 12,
    last: float = 1e-2,
    moved: tuple[float, float] = (1e-5, 0.2),
    rms: float = 1e-3,
    clock: Clock = Clock.INLINE,
    silent: dict[str, int] | None = None,
    frozen: tuple[str, ...] = (),
    facts: dict[str, Any] | None = None,
    gradients: list[float] | None = None,
) -> Subject:
    """Relative gradients that fall by `factor` per layer from the last to the first."""
    convs = stack(layers)
    convs = tuple(type(x)(**(vars(x) | {"trainable": x.name not in frozen})) for x in convs)
    history: dict[Any, Any] = {}
    travelled = np.geomspace(moved[0], moved[1], layers)
    sizes = gradients or [last * factor ** (layers - 1 - i) for i in range(layers)]
    for layer, size, far in zip(convs, sizes, travelled, strict=True):
        seen = [(s, update(gradient=size, rms=rms)) for s in STEPS]
        history[(layer.name, WeightUpdate, "", clock)] = seen
        history |= probe(
            layer.name, WeightState, "", (0, weights(moved=0)), (1000, weights(moved=far))
        )
    for name, count in (silent or {}).items():
        history |= probe(name, MapSummary, "post", (1000, maps(silent=range(count))))
    return subject(*convs, history=history, facts=ADAM if facts is None else facts)


def test_sigmoid_layers_lose_the_gradient() -> None:
    found = finding(VanishingGradients(), network())
    assert found.place.layer == "conv0"
    assert found.evidence.sentence() == (
        "the first third of 12 layers moved by < 0.01% of their weights (allowed: 1%), the last "
        "third by "
        "5.7%: the relative gradient falls by a factor of 0.2 per layer towards the input, to "
        "2e-8 of "
        "the last layer's (allowed: 1e-4)"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "error", id="nothing moved in front"),
        pytest.param({"moved": (3e-3, 0.2)}, "warning", id="hardly anything moved"),
        pytest.param({"moved": (2e-2, 0.2)}, "clear", id="the first layers learn"),
        pytest.param({"moved": (1e-4, 1e-4)}, "clear", id="all stay put: the step is too small"),
        pytest.param({"factor": 0.4, "layers": 11}, "clear", id="to 1e-4: no fault under Adam"),
        pytest.param({"factor": 0.4, "layers": 12}, "error", id="to 4e-5"),
        pytest.param({"factor": 1.0}, "clear", id="level, as in homogeneous networks"),
        pytest.param({"factor": 1.0, "rms": 9e-8}, "error", id="level, but below ten ε"),
        pytest.param({"factor": 1.0, "rms": 1.1e-7}, "clear", id="level, above ten ε"),
        pytest.param(
            {"factor": 1.0, "rms": 9e-7, "facts": {"optimizer": "adam", "epsilon": 1e-7}},
            "error",
            id="Keras' ε is larger",
        ),
        pytest.param({"factor": 1.0, "rms": 1e-9, "facts": SGD}, "clear", id="SGD has no ε"),
        pytest.param(
            {"factor": 1.0, "last": 9e-7, "facts": SGD}, "error", id="SGD, lost in rounding"
        ),
        pytest.param({"factor": 1.0, "last": 1.1e-6, "facts": SGD}, "clear", id="SGD, just moves"),
        pytest.param({"clock": Clock.PROBE}, "error", id="gradients of the probe"),
        pytest.param(
            {"gradients": [1e-9, 1.0, 1e-6, 1.0, 1e-6, 1.0]}, "clear", id="no steady decay"
        ),
    ],
)
def test_the_conjunction(changes: dict[str, Any], expected: str) -> None:
    if "gradients" in changes:
        changes = {"layers": len(changes["gradients"])} | changes
    assert grade(VanishingGradients(), network(**changes), "conv0") == expected


def test_a_converged_network_has_small_gradients_and_is_fine() -> None:
    watched = network(factor=1.0, last=1e-9, rms=1e-10, moved=(0.5, 0.5))
    assert grade(VanishingGradients(), watched, "conv0") == "clear"
    assert grade(VanishingGradients(), network(), "conv0", UNHARMED) == "note"


def test_a_dead_layer_blocks_the_gradient_and_is_another_fault() -> None:
    assert grade(VanishingGradients(), network(silent={"conv8": 8}), "conv0") == "undecided"
    assert grade(VanishingGradients(), network(silent={"conv8": 7}), "conv0") == "error"
    gone = network(gradients=[0.0] * 12)
    assert grade(VanishingGradients(), gone, "conv0") == "clear"


def test_frozen_layers_do_not_count() -> None:
    frozen = tuple(f"conv{i}" for i in range(8))
    watched = network(frozen=frozen, moved=(1e-5, 0.2))
    assert grade(VanishingGradients(), watched, "conv0") == "silent"
    assert grade(VanishingGradients(), watched, "conv8") == "clear"


@pytest.mark.parametrize(
    "history",
    [
        {},
        inline("conv0", WeightUpdate, "", *[(s, update()) for s in STEPS]),
        {
            k: v
            for i in range(3)
            for k, v in inline(f"conv{i}", WeightUpdate, "", (0, update()), (1, update())).items()
        },
        {
            k: v
            for i in range(3)
            for k, v in inline(
                f"conv{i}", WeightUpdate, "", *[(s, update()) for s in STEPS]
            ).items()
        },
    ],
    ids=["nothing", "one layer alone", "two steps", "no distances"],
)
def test_undecided(history: dict[Any, Any]) -> None:
    watched = subject(*stack(3), history=history, facts=ADAM)
    assert grade(VanishingGradients(), watched, "conv0") == "undecided"


def test_the_first_step_is_not_counted() -> None:
    """Branches that begin at zero have no gradient inside before the first update."""
    history: dict[Any, Any] = {}
    for i in range(6):
        first = update(gradient=1e-30 if i == 0 else 1.0)
        later = [(s, update(gradient=1e-2)) for s in (1, 10, 100)]
        history |= inline(f"conv{i}", WeightUpdate, "", (0, first), *later)
        far = 1e-5 if i < 3 else 0.2
        history |= probe(f"conv{i}", WeightState, "", (1000, weights(moved=far)))
    assert grade(
        VanishingGradients(), subject(*stack(6), history=history, facts=ADAM), "conv0"
    ) == ("clear")


def test_other_reasons_have_their_sentences() -> None:
    assert "root mean square of 9e-8 (allowed: 1e-7, ten times the optimiser's ε)" in sentence(
        VanishingGradients(), network(factor=1.0, rms=9e-8)
    )
    assert "moves the first layer's weights by 9e-8 of their size (allowed: 1e-7)" in sentence(
        VanishingGradients(), network(factor=1.0, last=9e-7, facts=SGD)
    )
