"""What stays when a page has room for few."""

from __future__ import annotations

import pytest

from snellen.report.html.thinning import spread_out


@pytest.mark.parametrize(
    ("steps", "most", "kept"),
    [
        ([], 3, []),
        ([0, 5], 3, [0, 5]),
        ([0, 1, 2, 3, 4], 3, [0, 2, 4]),
        ([0, 1, 2, 3, 4], 1, [0, 4]),
    ],
)
def test_the_first_and_the_last_step_stay(steps: list[int], most: int, kept: list[int]) -> None:
    assert spread_out(steps, most) == kept
