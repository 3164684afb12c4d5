"""A layer's channels as one line of blocks."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.report.health import Health, LayerHealth

BLOCKS = {
    Health.ALIVE: "■",
    Health.SATURATED: "▲",
    Health.CONSTANT: "▬",
    Health.DEAD: "□",
    Health.NOT_FINITE: "!",
    Health.UNKNOWN: "?",
}
ASCII_BLOCKS = {
    Health.ALIVE: "#",
    Health.SATURATED: "^",
    Health.CONSTANT: "=",
    Health.DEAD: ".",
    Health.NOT_FINITE: "!",
    Health.UNKNOWN: "?",
}
COLOURS = {
    Health.ALIVE: "green",
    Health.SATURATED: "magenta",
    Health.CONSTANT: "yellow",
    Health.DEAD: "red",
    Health.NOT_FINITE: "bold red",
    Health.UNKNOWN: "dim",
}


def cells(channels: Sequence[Health], width: int) -> tuple[Health, ...]:
    """One cell per channel where they fit; else `width` cells shared out, in the order of `Health`.

    Every kind that occurs keeps at least one cell, so a single dead channel of 2048 is seen.
    `width` is at least the number of kinds.
    """
    if len(channels) <= width:
        return tuple(channels)
    counts = {kind: n for kind in Health if (n := channels.count(kind))}
    spare = width - len(counts)
    exact = {kind: spare * n / len(channels) for kind, n in counts.items()}
    whole = {kind: int(share) for kind, share in exact.items()}
    # Largest remainders get the cells that rounding down left over.
    left = spare - sum(whole.values())
    for kind in sorted(exact, key=lambda k: whole[k] - exact[k])[:left]:
        whole[kind] += 1
    return tuple(kind for kind in counts for _ in range(1 + whole[kind]))


def tally(health: LayerHealth) -> str:
    """The counts in words: `32 alive`, `31 of 32 dead`, `3 dead, 1 constant of 32`."""
    counts = {k: n for k, n in health.counts.items() if k is not Health.ALIVE}
    total = len(health.channels)
    if not counts:
        return f"{total} alive"
    if len(counts) == 1:
        [(kind, number)] = counts.items()
        return f"{number} of {total} {kind.value}"
    return ", ".join(f"{number} {kind.value}" for kind, number in counts.items()) + f" of {total}"


def folded(layers: Sequence[LayerHealth], most: int) -> list[LayerHealth | int]:
    """At most about `most` layers in their order; an `int` stands for that many left out.

    Layers with fewer faulty channels are left out first.
    """
    if len(layers) <= most:
        return list(layers)
    order = sorted(range(len(layers)), key=lambda i: (-_faulty_share(layers[i]), i))
    shown = set(order[:most])
    rows: list[LayerHealth | int] = []
    for place, layer in enumerate(layers):
        if place in shown:
            rows.append(layer)
        elif rows and isinstance(rows[-1], int):
            rows[-1] += 1
        else:
            rows.append(1)
    return rows


def _faulty_share(health: LayerHealth) -> float:
    return health.faulty / len(health.channels) if health.channels else 0.0
