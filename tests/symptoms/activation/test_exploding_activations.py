"""S07: finds maps that grow without bound, not those that began tiny or read large images."""

from __future__ import annotations

from typing import Any

import pytest

from snellen.record import Subject
from snellen.stats import MapSummary
from snellen.symptoms.activation.exploding_activations import ExplodingActivations
from symptoms.build import broken, conv, finding, grade, head, maps, probe, sentence, subject


def watched(*rms: float, images: float | None = None, **changes: Any) -> Subject:
    """A layer whose maps had these root mean squares at looks 100 steps apart."""
    looks = [(100 * n, maps(mean=0.0, std=size)) for n, size in enumerate(rms)]
    history = probe("conv", MapSummary, "post", *looks)
    if images is not None:
        history |= probe("", MapSummary, "input", (0, maps(channels=1, mean=images, std=0.0)))
    return subject(conv(**changes), history=history)


@pytest.mark.parametrize(
    ("rms", "expected"),
    [
        pytest.param((1.0, 999.0), "clear", id="under 1000"),
        pytest.param((1.0, 1001.0), "warning", id="over 1000"),
        pytest.param((0.015, 8.7), "clear", id="580 times something tiny"),
        pytest.param((20.0, 1999.0), "clear", id="under 100 times"),
        pytest.param((20.0, 2001.0), "warning", id="over 100 times"),
        pytest.param((1.0, 1500.0, 1600.0), "warning", id="grew and stopped"),
        pytest.param((1.0, 300.0, 700.0, 1500.0), "error", id="doubled three times"),
        pytest.param((1.0, 1200.0, 1500.0, 2900.0), "warning", id="slowed down"),
        pytest.param((1.0, 4e37, 5e37), "error", id="near the end of float32"),
    ],
)
def test_both_sides_of_each_limit(rms: tuple[float, ...], expected: str) -> None:
    assert grade(ExplodingActivations(), watched(*rms)) == expected


def test_large_images_make_large_maps() -> None:
    assert grade(ExplodingActivations(), watched(10.0, 1e5, images=130.0)) == "clear"
    assert grade(ExplodingActivations(), watched(10.0, 2e5, images=130.0)) == "warning"


def test_logits_may_grow() -> None:
    looks = [(0, maps(std=1.0)), (1000, maps(std=1e5))]
    history = probe("head", MapSummary, "pre", *looks)
    assert grade(ExplodingActivations(), subject(head(), history=history), "head") == "silent"


def test_the_last_finite_look_counts() -> None:
    looks = [(0, maps(std=1.0)), (100, maps(std=1e6)), (200, broken())]
    seen = subject(conv(), history=probe("conv", MapSummary, "post", *looks))
    assert grade(ExplodingActivations(), seen) == "warning"


@pytest.mark.parametrize("looks", [[], [(0, broken())], [(0, maps(silent=range(8)))]])
def test_without_finite_values_nothing_is_said(looks: list[Any]) -> None:
    seen = subject(conv(), history=probe("conv", MapSummary, "post", *looks))
    assert grade(ExplodingActivations(), seen) == "undecided"


def test_the_first_of_several_layers_is_named() -> None:
    small = probe("a", MapSummary, "post", (0, maps(std=1.0)), (1000, maps(std=2.0)))
    large = {
        key: value
        for name in ("b", "c")
        for key, value in probe(
            name, MapSummary, "post", (0, maps(std=1.0)), (1000, maps(std=5e3))
        ).items()
    }
    layers = [conv(name, index=n) for n, name in enumerate("abc")]
    seen = subject(*layers, history=small | large)

    assert finding(ExplodingActivations(), seen).place.layer == "b"
    assert sentence(ExplodingActivations(), seen) == (
        "the maps' root mean square went from 1 at step 0 to 5000 at step 1000; so did 1 layer "
        "behind it (allowed: 1000, or 100 times the start)"
    )
    assert grade(ExplodingActivations(), seen, "a") == "clear"
