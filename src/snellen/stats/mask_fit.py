"""Whether masks lie on what they mask."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.stats.statistic import Statistic


@dataclass(frozen=True, eq=False)
class MaskFit(Statistic):
    """Masks of training images against the same masks flipped and turned.

    The fit of a mask is η² = between-class over total variance of a feature of the image (the
    values of one channel, or their local contrast), 0 to 1. Does not merge.
    """

    name = "mask-fit"

    images: int
    """Images looked at."""
    telling: int
    """Of these, images whose mask fits so much better in one position than in most others that
    positions can be told apart."""
    turned: int
    """Of the telling ones, images whose mask fits clearly better when flipped or turned than as it
    is."""
    gain: float
    """Mean of η², best position less the position as it is, over the telling images; NaN without
    any."""
