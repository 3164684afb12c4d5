"""`snellen explain`: one symptom's page."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    symptom: Annotated[
        str, typer.Argument(help="A code (S01) or a name (dead-channels).", show_default=False)
    ],
) -> None:
    """Print a symptom's page: what it finds, why it matters, common causes, what looks similar."""
    from snellen.report.pages import page
    from snellen.symptoms import catalogue

    known = [kind() for kind in catalogue().values()]
    for candidate in known:
        if symptom.lower() in (candidate.code.lower(), candidate.name.lower()):
            typer.echo(page(candidate))
            return
    names = ", ".join(f"{s.code} {s.name}" for s in known)
    raise typer.BadParameter(f"no symptom {symptom!r}; there are: {names}")
