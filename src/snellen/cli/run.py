"""`snellen run`: watch a training script and judge what was seen."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from snellen.cli.options import (
    BASELINE,
    FAIL_ON,
    HTML,
    IGNORE,
    JSON,
    JUNIT,
    QUIET,
    RUN_FILE,
    SARIF,
    SELECT,
    SET,
    STRICTNESS,
    FailOn,
    Level,
    judging,
)

WRITTEN = ("json", "html", "sarif", "junit")
"""Settings that are places of reports."""


def run(
    context: typer.Context,
    script: Annotated[
        str,
        typer.Argument(
            metavar="SCRIPT",
            help="The training script; with -m the name of a module.",
            show_default=False,
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARGS", help="Passed on to the script untouched.", show_default=False
        ),
    ] = None,
    module: Annotated[
        bool, typer.Option("-m", help="Run SCRIPT as a module, as `python -m` does.")
    ] = False,
    run_file: Annotated[Path | None, RUN_FILE] = None,
    probe_images: Annotated[
        int | None,
        typer.Option(
            "--probe-images", metavar="N", help="Images looked at again and again (default 320)."
        ),
    ] = None,
    overhead_budget: Annotated[
        str | None,
        typer.Option(
            "--overhead-budget",
            metavar="SHARE",
            help="Share of the training time that watching may take (default 2%).",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="PATTERN", help="Watch only these layers. Repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Leave these layers out. Repeatable."),
    ] = None,
    json: Annotated[Path | None, JSON] = None,
    html: Annotated[Path | None, HTML] = None,
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
    """Watch SCRIPT train and say which feature maps are faulty.

    The script runs unchanged and keeps its arguments, output, exit status and Ctrl-C. The verdict
    goes to standard error.
    """
    given = {
        "run_file": run_file,
        "probe_images": probe_images,
        "overhead_budget": overhead_budget,
        "include": tuple(include) if include else None,
        "exclude": tuple(exclude) if exclude else None,
        "json": json,
        "html": html,
        "sarif": sarif,
        "junit": junit,
        "fail_on": fail_on,
        "quiet": quiet or None,
        **judging(select, ignore, strictness, thresholds, baseline),
    }
    start(context, script, tuple(arguments or ()), module=module, given=given)


def start(
    context: typer.Context,
    script: str,
    arguments: tuple[str, ...] = (),
    *,
    module: bool = False,
    given: Mapping[str, Any],
) -> None:
    """Leave the running of the script to `main`, after the parser has gone.

    `given` goes by the names of `Settings`; what is `None` was not given.
    """
    from snellen.cli.choice import require_choice
    from snellen.cli.places import require_place
    from snellen.cli.script import Script
    from snellen.cli.watching import Watching
    from snellen.settings import resolve

    here = Path.cwd()
    settings = resolve(given, os.environ, here)
    # Paths are meant from here, wherever the script goes.
    given_places = {name: getattr(settings, name) for name in (*WRITTEN, "baseline")}
    places = {name: here / place for name, place in given_places.items() if place is not None}
    settings = replace(settings, run_file=here / (settings.run_file or ""), **places)
    require_choice(settings)
    require_place(settings.run_file, "--run-file", new=True)
    for name in WRITTEN:
        require_place(getattr(settings, name), f"--{name}")
    if settings.html is not None:
        from snellen.report.html.libraries import require_libraries

        require_libraries()
    target = (Script.of_module if module else Script.at)(script, arguments)
    context.obj.append(Watching(target, settings, here, screen()).run)


def screen() -> TextIO:
    """Standard error as it is now, still there when a script has closed or moved it."""
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        return io.StringIO()
    try:
        copy = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):
        return sys.stderr
    # Never closed: nothing may be said of it as Python ends.
    return open(copy, "w", encoding=sys.stderr.encoding, errors="backslashreplace", closefd=False)
