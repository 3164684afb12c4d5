"""How times are written."""

from __future__ import annotations


def duration(number: float) -> str:
    """`0.34 s`, `12.3 s`, `4 min 5 s`, `2 h 10 min`."""
    if number < 1:
        return f"{number:.2f} s"
    if number < 60:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
