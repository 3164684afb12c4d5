"""`snellen report`: the verdict again, from a run file."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import typer

from snellen.cli.exit_status import FINDINGS
from snellen.cli.options import (
    BASELINE,
    FAIL_ON,
    HTML,
    IGNORE,
    JSON,
    JUNIT,
    QUIET,
    SARIF,
    SELECT,
    SET,
    STRICTNESS,
    FailOn,
    Level,
    judging,
)
from snellen.report.plain import plain


def report(
    file: Annotated[Path, typer.Argument(help="A run file (*.snellen).", show_default=False)],
    html: Annotated[Path | None, HTML] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--open", help="Open the report page; without --html it is written beside FILE."
        ),
    ] = False,
    json: Annotated[Path | None, JSON] = None,
    sarif: Annotated[Path | None, SARIF] = None,
    junit: Annotated[Path | None, JUNIT] = None,
    select: Annotated[list[str] | None, SELECT] = None,
    ignore: Annotated[list[str] | None, IGNORE] = None,
    strictness: Annotated[Level | None, STRICTNESS] = None,
    thresholds: Annotated[list[str] | None, SET] = None,
    baseline: Annotated[Path | None, BASELINE] = None,
    fail_on: Annotated[FailOn | None, FAIL_ON] = None,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Judge a run again from its FILE; needs no framework. With `--open`, look inside its layers in
    the browser.

    The card goes to standard output. With `--json -` the JSON goes there, and the card to standard
    error.
    """
    from snellen.cli.verdict import give_verdict
    from snellen.settings import resolve

    given = {"json": json, "html": html, "sarif": sarif, "junit": junit}
    given |= {"fail_on": fail_on, "quiet": quiet or None}
    given |= judging(select, ignore, strictness, thresholds, baseline)
    settings = resolve(given, os.environ, Path.cwd())
    if show and settings.html is None:
        settings = replace(settings, html=file.with_suffix(".html"))
    card = sys.stderr if str(settings.json) == "-" else sys.stdout
    failed = give_verdict(file, settings, card, shown=str(file))
    if show and settings.html is not None:
        open_page(settings.html, sys.stderr)
    if failed:
        raise typer.Exit(FINDINGS)


def open_page(page: Path, screen: TextIO) -> None:
    """In the user's browser; where there is none, say where the page is."""
    import webbrowser

    if not webbrowser.open(page.absolute().as_uri()):
        print(f"snellen: no browser was found; the page is {plain(str(page))}", file=screen)
