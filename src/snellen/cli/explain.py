"""`snellen explain`: the page of a symptom or of a cause."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A code (S01, C20) or a name (dead-channels, learning-rate-too-high).",
            show_default=False,
        ),
    ],
) -> None:
    """Print the page of a symptom or of a cause.

    What it is, how it shows, what looks similar, and by which numbers it is judged. A name that a
    symptom and a cause share gives both pages.
    """
    from snellen.causes import catalogue as causes
    from snellen.causes.pages import page as page_of_cause
    from snellen.symptoms import catalogue as symptoms
    from snellen.symptoms.pages import page as page_of_symptom

    wanted = name.lower()
    found = [page_of_symptom(s) for s in symptoms().values() if wanted in (s.code.lower(), s.name)]
    found += [page_of_cause(c) for c in causes().values() if wanted in (c.code.lower(), c.name)]
    if not found:
        known = [*symptoms().values(), *causes().values()]
        names = ", ".join(f"{kind.code} {kind.name}" for kind in known)
        raise typer.BadParameter(f"no symptom or cause {name!r}; there are: {names}")
    show("\n".join(found))


def show(markdown: str) -> None:
    """Laid out on a terminal; as it is written anywhere else."""
    if not sys.stdout.isatty():
        typer.echo(markdown, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(markdown))
