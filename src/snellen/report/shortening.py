"""Long names where there is little room."""

from __future__ import annotations


def shortened(name: str, width: int) -> str:
    """The name with its middle left out where it is too long: the ends of a path tell most."""
    if len(name) <= width:
        return name
    keep = width - 1
    return f"{name[: keep // 2]}…{name[-(keep - keep // 2) :]}"
