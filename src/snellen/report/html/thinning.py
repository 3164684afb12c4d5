"""Fewer of many, for a page that must stay small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def spread_out(members: Sequence[T], most: int) -> list[T]:
    """At most so many of them, but two at least: the first, the last, and others evenly by their
    place."""
    if len(members) <= most:
        return list(members)
    places = np.linspace(0, len(members) - 1, max(most, 2)).round().astype(int)
    return [members[place] for place in places]
