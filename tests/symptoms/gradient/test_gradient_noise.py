"""S23: batches that have nothing in common, and the noise that every training grows."""

from __future__ import annotations

import pytest

from snellen.record import Subject
from snellen.symptoms.gradient.gradient_noise import GradientNoiseScale
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject
from symptoms.wired import CLASSES, CROSS_ENTROPY, LEARNT, noise, rough_images

RESTLESS = [2.3 + (0.6 if i % 2 else -0.6) for i in range(40)]


def training(train: list[float] = RESTLESS, batch: int | None = 2, **measured: float) -> Subject:
    return subject(
        conv(),
        head(),
        facts=CROSS_ENTROPY | {"batch_size": batch},
        train=train,
        history=CLASSES | noise(**measured),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("scale", "expected"), [(199.0, "clear"), (201.0, "warning"), (5000.0, "warning")]
)
def test_a_hundred_batches(scale: float, expected: str) -> None:
    watched = training(trace=scale * 1e-2, squared_norm=1e-2)
    assert grade(GradientNoiseScale(), watched, "", HARMED) == expected
    if expected == "warning":
        assert grade(GradientNoiseScale(), watched, "", UNHARMED) == "note"


def test_a_direction_lost_in_noise() -> None:
    lost = training(trace=1.0, squared_norm=-1e-3, cosine=0.002)
    assert grade(GradientNoiseScale(), lost, "", HARMED) == "warning"
    assert sentence(GradientNoiseScale(), lost) == (
        "batches have no direction in common, and one update uses 2 (allowed: 100 times as many); "
        "gradients of 16 images each agree by a cosine of 0.002"
    )


def test_noise_grows_in_every_training_that_learns() -> None:
    watched = training(LEARNT, trace=1.0, squared_norm=-1e-3)
    assert grade(GradientNoiseScale(), watched, "", HARMED) == "clear"


def test_the_batch_size_as_the_images_went_by() -> None:
    """A thousand images in ten batches: the noise scale may be ten thousand."""
    batches = rough_images(0.3)
    unknown = {"batch_size": None}
    for scale, expected in ((9999.0, "clear"), (10001.0, "warning")):
        watched = subject(
            conv(),
            head(),
            facts=CROSS_ENTROPY | unknown,
            train=RESTLESS,
            history=CLASSES | batches | noise(trace=scale * 1e-4, squared_norm=1e-4),
        )
        assert grade(GradientNoiseScale(), watched, "", HARMED) == expected


@pytest.mark.parametrize(("swing", "expected"), [(0.15, "clear"), (0.18, "warning")])
def test_a_loss_that_stands_still_has_no_gradient_left_to_be_noisy(
    swing: float, expected: str
) -> None:
    """Steps of 2 s up and down have a spread of √2 s: 0.163 is a tenth of 2.3."""
    train = [2.3 + (swing if i % 2 else -swing) for i in range(400)]
    watched = training(train, trace=1.0, squared_norm=-1e-3)
    assert grade(GradientNoiseScale(), watched, "", HARMED) == expected


def test_too_little_to_go_on() -> None:
    assert grade(GradientNoiseScale(), training(pairs=5), "") == "undecided"
    assert grade(GradientNoiseScale(), training(batch=None), "") == "undecided"
    dead = training(trace=1.0, squared_norm=0.0, cosine=float("nan"))
    assert grade(GradientNoiseScale(), dead, "") == "undecided"
    assert grade(GradientNoiseScale(), training(trace=float("nan")), "") == "undecided"
    assert grade(GradientNoiseScale(), subject(conv(), head()), "") == "silent"


def test_sentence() -> None:
    assert sentence(GradientNoiseScale(), training(trace=10.0, squared_norm=1e-2, cosine=0.01)) == (
        "1000 images would be needed for a gradient that is half signal, and one update uses 2 "
        "(allowed: 100 times as many); gradients of 16 images each agree by a cosine of 0.01"
    )
