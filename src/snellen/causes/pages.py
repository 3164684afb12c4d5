"""The documentation pages of the causes, made from their docstrings, clues and rates."""

from __future__ import annotations

import inspect
from pathlib import Path

from snellen.causes import catalogue, shipped
from snellen.causes._cause import Cause, Clue
from snellen.causes.ledger import weight_of
from snellen.causes.weights import Weights
from snellen.symptoms import catalogue as symptoms

INDEX = "README.md"
SYMPTOMS = "../symptoms"
"""Where the pages of the symptoms lie, as seen from those of the causes."""
FAMILIES = ("data", "architecture", "optimisation", "wiring")


def write(directory: Path) -> list[Path]:
    """Write one page per cause and an index into this directory, made if need be; returns the
    files."""
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, text in pages().items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def pages() -> dict[str, str]:
    """Every page's text by file name."""
    return {INDEX: index()} | {f"{c.name}.md": page(c) for c in catalogue().values()}


def index() -> str:
    lines = [
        "# Causes",
        "",
        "Why maps can be faulty, as far as snellen can tell. Each page says what speaks for the "
        "cause and against it, and with what weight. What shows in the maps themselves are "
        f"[the symptoms]({SYMPTOMS}/README.md). These pages are made from the source "
        "(`python -m snellen.causes.pages docs/causes`).",
    ]
    by_family: dict[str, list[type[Cause]]] = {name: [] for name in FAMILIES}
    for cause in catalogue().values():
        by_family.setdefault(cause.family(), []).append(cause)
    for name, members in by_family.items():
        if members:
            lines += ["", f"## {name.capitalize()}", "", "| code | cause | what it is |"]
            lines += ["|---|---|---|"]
            lines += [f"| {c.code} | [{c.name}]({c.name}.md) | {c.summary()} |" for c in members]
    return "\n".join(lines) + "\n"


def page(cause: type[Cause]) -> str:
    """One cause's page, in Markdown."""
    summary, _, body = (inspect.getdoc(cause) or "").partition("\n\n")
    body, heading, references = body.partition("\n## References")
    parts = [
        f"# {cause.name} ({cause.code})",
        summary,
        body.rstrip(),
        _deciding(cause),
        _explained(cause),
        _evidence(cause, shipped()),
        f"{heading}{references}".strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _deciding(cause: type[Cause]) -> str:
    known = catalogue()
    lines = [f"- **Trial**: {cause.trial}."]
    if cause.alike:
        named = ", ".join(
            f"[{known[code].name}]({known[code].name}.md) ({code})" if code in known else code
            for code in cause.alike
        )
        lines.append(f"- **Look-alikes**: {named}.")
    lines.append(f"- **Family**: {cause.family()}. Since release {cause.since}.")
    return "## What decides\n\n" + "\n".join(lines)


def _explained(cause: type[Cause]) -> str:
    known = symptoms()
    named = [
        f"[{code} {known[code].name}]({SYMPTOMS}/{known[code].name}.md)" if code in known else code
        for code in sorted(cause.explains)
    ]
    if not named:
        return ""
    return (
        "## Symptoms that it brings about\n\nAt once or in the end. Where this cause is believed, "
        "what rests on these symptoms alone counts a fifth for any other cause.\n\n"
        + ", ".join(named)
        + "."
    )


def _evidence(cause: type[Cause], weights: Weights) -> str:
    head = (
        "| clue | group | with the cause | without it | if present | if absent |\n"
        "|---|---|---|---|---|---|"
    )
    rows = [_row(cause, clue, weights) for clue in cause.clues()]
    return (
        "## Evidence\n\n"
        f"Before any evidence, {weights.prior(cause):.0%} of faulty trainings are taken to have "
        "this cause. How often each clue is expected with the cause, and in trainings that are "
        "faulty for another reason, gives what it adds to the log-odds, in nats (0.7 doubles the "
        "odds, 2.3 makes them tenfold). Within a group the strongest clue counts in full and the "
        "others a quarter. A clue that was not measured counts nothing.\n\n"
        + "\n".join([head, *rows])
    )


def _row(cause: type[Cause], clue: Clue, weights: Weights) -> str:
    here, elsewhere = weights.rates(cause, clue)
    present = weight_of(cause, clue, weights, present=True)
    absent = weight_of(cause, clue, weights, present=False)
    words = clue.key.replace("-", " ") + (" (decisive)" if clue.decisive else "")
    return (
        f"| {words} | {clue.group.value} | {_share(here)} | {_share(elsewhere)} | "
        f"{present:+.1f} | {absent:+.1f} |"
    )


def _share(rate: float) -> str:
    return f"{100 * rate:.2g}%"


if __name__ == "__main__":
    import sys

    write(Path(sys.argv[1]))
