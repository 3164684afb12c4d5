"""`snellen symptoms`: what snellen can find."""

from __future__ import annotations

import inspect
import sys

import typer


def symptoms() -> None:
    """List the symptoms that snellen knows, by family.

    A table on a terminal; anywhere else one line each: code, family, name, summary, parted by tabs.
    """
    from snellen.symptoms import catalogue, family

    rows = [
        (
            kind.code,
            family(kind),
            kind.name,
            (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " "),
        )
        for kind in sorted(catalogue().values(), key=lambda kind: (family(kind), kind.code))
    ]
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("code", "family", "symptom", "what it is", box=None, pad_edge=False)
    before = ""
    for code, group, name, summary in rows:
        table.add_row(code, "" if group == before else group, name, summary)
        before = group
    Console().print(table)
