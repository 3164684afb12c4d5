"""How numbers are written in sentences: short, and never rounded to a lie."""

from __future__ import annotations

import math


def count(number: int, noun: str) -> str:
    """`1 channel`, `12 channels`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(share: float) -> str:
    """Two digits below 1%, one below 10%, none above; `100%` and `0%` only when exact."""
    value = 100 * share
    if value == 0 or value == 100:
        return f"{value:.0f}%"
    if value < 1:
        return f"{value:.2f}%" if value >= 0.005 else "< 0.01%"
    if value < 10:
        return f"{value:.1f}%".replace(".0%", "%")
    if 99.5 <= value < 100:
        return f"{math.floor(value * 100) / 100:.2f}%"
    return f"{value:.0f}%"


def amount(value: float) -> str:
    """Three significant digits: `0.0123`, `4.5e-9`, `1.7e4`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == 0 or 1e-3 <= abs(value) < 999.5:
        return f"{value:.3g}"
    if 999.5 <= abs(value) < 1e4:
        return f"{value:.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
