"""`snellen symptoms`: what snellen can find."""

from __future__ import annotations

import inspect

import typer


def symptoms() -> None:
    """List the symptoms that snellen knows."""
    from snellen.symptoms import catalogue

    kinds = catalogue().values()
    width = max(len(kind.name) for kind in kinds)
    for kind in kinds:
        summary = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        typer.echo(f"{kind.code}  {kind.name:<{width}}  {summary}")
