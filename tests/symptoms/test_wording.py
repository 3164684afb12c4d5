"""Numbers in sentences are short and never rounded to a lie."""

from __future__ import annotations

import math

import pytest

from snellen.symptoms.wording import amount, count, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.4, "40%"),
        (0.009375, "0.94%"),
        (0.03, "3%"),
        (0.0578, "5.8%"),
        (1e-7, "< 0.01%"),
        (0.9999, "99.99%"),
        (0.99999, "99.99%"),
        (2.0, "200%"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0123456, "0.0123"),
        (1e-3, "0.001"),
        (2.56e-7, "2.6e-7"),
        (1e-4, "1e-4"),
        (999.9, "1000"),
        (1000.0, "1000"),
        (3.2e4, "3.2e4"),
        (-2.0, "-2"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "NaN"),
    ],
)
def test_amount(value: float, text: str) -> None:
    assert amount(value) == text


def test_count() -> None:
    assert [count(n, "image") for n in (0, 1, 2)] == ["0 images", "1 image", "2 images"]
