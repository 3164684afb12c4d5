"""S25: first filters without a mark of the images, and where nothing can be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from snellen.record import Subject
from snellen.symptoms.weight.noise_like_filters import NoiseLikeFilters, roughness, smooth_share
from symptoms.build import HARMED, UNHARMED, conv, grade, head, sentence, subject
from symptoms.wired import CLASSES, CROSS_ENTROPY, LEARNT, STUCK, filters, rough_images

RNG = np.random.default_rng(3)


def noise(size: int, count: int = 32) -> np.ndarray:
    return RNG.normal(size=(count, 3, size, size))


def smooth(size: int, count: int = 32) -> np.ndarray:
    """Waves of one period per filter, in any direction."""
    y, x = np.mgrid[:size, :size] / size
    angle = RNG.uniform(0, np.pi, (count, 3, 1, 1))
    return np.sin(
        2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) + RNG.uniform(0, 6, angle.shape)
    )


def trained(
    now: np.ndarray,
    began: np.ndarray | None = None,
    *,
    train: list[float] = STUCK,
    history: dict[Any, Any] | None = None,
    facts: dict[str, Any] | None = None,
    step: int = 1000,
    **changes: Any,
) -> Subject:
    return subject(
        conv(channels=len(now), weight_shape=now.shape, **changes),
        head(),
        facts=CROSS_ENTROPY | (facts or {}),
        train=train,
        history=CLASSES | filters(now, began, step=step) | (history or {}),
    )


W7, W3 = noise(7), noise(3)


def test_roughness_by_the_slow_way() -> None:
    image = RNG.normal(size=(1, 1, 4, 5))
    w = image[0, 0]
    dx = np.mean([(w[i, j + 1] - w[i, j]) ** 2 for i in range(4) for j in range(4)])
    dy = np.mean([(w[i + 1, j] - w[i, j]) ** 2 for i in range(3) for j in range(5)])
    assert roughness(image)[0] == pytest.approx((dx + dy) / (4 * w.var()))
    assert np.isnan(roughness(np.ones((1, 1, 4, 4)))[0])


def test_the_null_is_five_percent_and_waves_are_far_from_it() -> None:
    assert smooth_share(RNG.normal(size=(400, 1, 7, 7)), 199) < 0.1
    assert smooth_share(smooth(7), 199) > 0.9


def test_filters_that_still_are_what_they_began_as() -> None:
    for began, harmed in ((W7, "warning"), (W3, "note")):
        watched = trained(began + 1e-3 * noise(began.shape[-1]), began)
        assert grade(NoiseLikeFilters(), watched, outcome=HARMED) == harmed
        assert grade(NoiseLikeFilters(), watched, outcome=UNHARMED) == "note"


@pytest.mark.parametrize(("turn", "expected"), [(0.04, "note"), (0.05, "clear")])
def test_the_cosine_decides(turn: float, expected: str) -> None:
    """A change of 0.0447 at right angles turns by a cosine of 0.999; 3×3 has no further test."""
    change = RNG.normal(size=W3.shape)
    change -= W3 * (change * W3).sum() / (W3**2).sum()
    change *= np.linalg.norm(W3) / np.linalg.norm(change)
    assert grade(NoiseLikeFilters(), trained(W3 + turn * change, W3), outcome=HARMED) == expected


def test_changes_that_are_noise_and_changes_that_are_smooth() -> None:
    assert grade(NoiseLikeFilters(), trained(W7 + noise(7), W7), outcome=HARMED) == "warning"
    assert grade(NoiseLikeFilters(), trained(W7 + smooth(7), W7), outcome=HARMED) == "clear"


def test_without_the_start() -> None:
    assert grade(NoiseLikeFilters(), trained(noise(7)), outcome=HARMED) == "warning"
    assert grade(NoiseLikeFilters(), trained(smooth(7)), outcome=HARMED) == "clear"
    assert grade(NoiseLikeFilters(), trained(noise(3)), outcome=HARMED) == "undecided"
    assert grade(NoiseLikeFilters(), trained(smooth(3)), outcome=HARMED) == "undecided"


def test_what_was_learnt_may_leave_the_first_filters_alone() -> None:
    assert (
        grade(NoiseLikeFilters(), trained(W7 + 1e-3 * noise(7), W7, train=LEARNT), outcome=HARMED)
        == "clear"
    )


def test_images_of_noise_make_rough_filters() -> None:
    rough = trained(W7 + noise(7), W7, history=rough_images(1.1))
    assert grade(NoiseLikeFilters(), rough, outcome=HARMED) == "undecided"
    photographs = trained(W7 + noise(7), W7, history=rough_images(0.3))
    assert grade(NoiseLikeFilters(), photographs, outcome=HARMED) == "warning"


def test_filters_that_were_never_updated_are_another_fault() -> None:
    assert grade(NoiseLikeFilters(), trained(W7, W7), outcome=HARMED) == "undecided"


def test_filters_of_one_pixel_have_no_pattern_to_be_judged() -> None:
    point = noise(1)
    still = trained(point + 1e-6 * noise(1), point)
    assert grade(NoiseLikeFilters(), still, outcome=HARMED) == "silent"


def test_loaded_and_frozen_layers_are_left_out() -> None:
    loaded = trained(W7, W7, facts={"loaded_weights": True})
    assert grade(NoiseLikeFilters(), loaded, outcome=HARMED) == "silent"
    assert grade(NoiseLikeFilters(), trained(W7, W7, trainable=False), outcome=HARMED) == "silent"


def test_too_little_to_go_on() -> None:
    assert grade(NoiseLikeFilters(), trained(W7[:7], W7[:7]), outcome=HARMED) == "undecided"
    assert grade(NoiseLikeFilters(), trained(W7, W7, step=0), outcome=HARMED) == "undecided"
    assert grade(NoiseLikeFilters(), trained(np.full_like(W7, np.nan), W7)) == "undecided"


def test_sentences() -> None:
    assert sentence(NoiseLikeFilters(), trained(W3 + 1e-6 * noise(3), W3)) == (
        "the 32 filters of 3×3 are still what they began as: cosine 1 (allowed: 0.999)"
    )
    rough = sentence(NoiseLikeFilters(), trained(W7 + noise(7), W7))
    assert rough.endswith(
        "of the changes of the 32 filters of 7×7 are smoother than noise (allowed: 20%; noise "
        "gives 5%)"
    )
