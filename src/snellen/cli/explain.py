"""`snellen explain`: one symptom's page."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def explain(
    symptom: Annotated[
        str, typer.Argument(help="A code (S01) or a name (dead-channels).", show_default=False)
    ],
) -> None:
    """Print a symptom's page.

    What it finds, why it matters, common causes, what looks similar, and its thresholds.
    """
    from snellen.symptoms import catalogue
    from snellen.symptoms.pages import page

    known = catalogue().values()
    for kind in known:
        if symptom.lower() in (kind.code.lower(), kind.name):
            show(page(kind))
            return
    names = ", ".join(f"{kind.code} {kind.name}" for kind in known)
    raise typer.BadParameter(f"no symptom {symptom!r}; there are: {names}")


def show(markdown: str) -> None:
    """Laid out on a terminal; as it is written anywhere else."""
    if not sys.stdout.isatty():
        typer.echo(markdown, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(markdown))
