"""A catalogue on the screen: a table on a terminal, lines to cut elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

Row = tuple[str, str, str, str]
"""Code, family, name, summary."""


def listed(rows: Sequence[Row], kind: str) -> None:
    """Print the rows, which are in the order of their families; `kind` heads the names."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("code", "family", kind, "what it is", box=None, pad_edge=False)
    before = ""
    for code, family, name, summary in rows:
        table.add_row(code, "" if family == before else family, name, summary)
        before = family
    Console().print(table)
