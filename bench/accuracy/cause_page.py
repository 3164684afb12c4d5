"""The causes' part of the results: tables, and the confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import altair as alt

from bench.accuracy.cause_tally import (
    NOTHING,
    UNKNOWN,
    Ranked,
    confusion,
    healthy_blamed,
    places,
    with_causes,
)
from bench.accuracy.tally import Share
from snellen.causes import catalogue

PICTURE = "confusion.png"
FAMILIES = ("data", "architecture", "optimisation", "wiring")


def as_markdown(runs: list[Ranked]) -> str:
    held_out = with_causes(runs, held_out=True)
    trained = with_causes(runs, held_out=False)
    blamed = healthy_blamed(runs)
    parts = [
        "## Causes",
        "The *held-out half* are programs whose networks, data and seeds no weight of evidence was "
        "counted on; the *training half* has the programs that they were counted on. *First*: the "
        "true cause (any of them, where several are planted) stands first; *among three*: it is "
        "among the first three. Programs whose oddity does no harm have nothing to explain and are "
        "left out.",
        _places_table(
            [("held-out half", held_out), ("training half", trained)], "half of the gallery"
        ),
        f"Healthy runs for which a cause was named: {blamed.hits} of {blamed.of}"
        + ("." if blamed.interval is None else f" ({_bounds(blamed)})."),
        "### Held-out half, by family and framework",
        _places_table(
            [(name, [r for r in held_out if r.family == name]) for name in FAMILIES]
            + [
                (name, [r for r in held_out if r.result.case.truth.framework == name])
                for name in sorted({r.result.case.truth.framework for r in held_out})
            ],
            "of",
        ),
        "### Not first",
        "Held-out half; the first four answers with their beliefs.",
        "\n".join(_wrong(held_out)) or "None.",
        f"![True causes against answers]({PICTURE})",
        "*Held-out half: rows are the true causes, columns what stood first.*",
    ]
    return "\n\n".join(parts)


def as_json(runs: list[Ranked]) -> dict[str, Any]:
    """The ranks of the true causes by run, and what they come to."""
    told: dict[str, Any] = {}
    for name, held_out in (("held_out", True), ("training", False)):
        chosen = with_causes(runs, held_out=held_out)
        found = places(chosen)
        told[name] = {
            "first": [found.first.hits, found.first.of],
            "among_three": [found.among_three.hits, found.among_three.of],
            "mean_reciprocal_rank": found.mean_reciprocal_rank,
            "ranks": {str(run.result.case): run.rank for run in chosen},
        }
    blamed = healthy_blamed(runs)
    return {**told, "healthy_blamed": [blamed.hits, blamed.of]}


def draw(runs: list[Ranked], path: Path) -> None:
    """The confusion matrix of the held-out half, as a PNG."""
    pairs = confusion(with_causes(runs, held_out=True))
    rows = [
        {"true": _label(true), "answer": _label(answer), "runs": number}
        for (true, answer), number in pairs.items()
    ]
    if not rows:
        return
    order = [_label(code) for code in catalogue()] + [UNKNOWN, NOTHING]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("answer:N", sort=order, title="stood first"),
        y=alt.Y("true:N", sort=order, title="true cause"),
    )
    boxes = base.mark_rect().encode(
        color=alt.Color("runs:Q", scale=alt.Scale(scheme="blues"), legend=None)
    )
    numbers = base.mark_text(fontSize=10).encode(text="runs:Q")
    (boxes + numbers).properties(background="white").save(str(path), scale_factor=1.5)


def _label(code: str) -> str:
    cause = catalogue().get(code)
    return code if cause is None else f"{code} {cause.name}"


def _places_table(groups: Iterable[tuple[str, list[Ranked]]], title: str) -> str:
    lines = [
        f"| {title} | runs | first | 95% interval | among three | 95% interval | mean reciprocal "
        "rank |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in groups:
        found = places(runs)
        mean = found.mean_reciprocal_rank
        cells = [name, str(len(runs)), _percent(found.first), _bounds(found.first)]
        cells += [_percent(found.among_three), _bounds(found.among_three)]
        cells.append("" if mean is None else f"{mean:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _wrong(runs: Iterable[Ranked]) -> Iterable[str]:
    for run in runs:
        if run.rank == 1:
            continue
        said = ", ".join(f"{code} {belief:.2f}" for code, belief in run.order[:4]) or NOTHING
        yield f"- {run.result.case}: {' or '.join(run.true)}; answered {said}"


def _percent(share: Share) -> str:
    return "" if share.value is None else f"{share.hits} ({share.value:.1%})"


def _bounds(share: Share) -> str:
    if share.interval is None:
        return ""
    low, high = share.interval
    return f"{low:.1%} to {high:.1%}"
