"""`snellen demo`: a small faulty network, trained for real and judged."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from snellen.cli.exit_status import USAGE
from snellen.cli.options import RUN_FILE
from snellen.cli.run import start


class Framework(StrEnum):
    TORCH = "torch"
    KERAS = "keras"


NEEDS = {
    Framework.TORCH: ("torch", "sklearn"),
    Framework.KERAS: ("keras", "sklearn"),
}
"""Modules that each demo imports."""
INSTALL = {
    Framework.TORCH: "pip install 'snellen[demo]'",
    Framework.KERAS: "pip install 'snellen[keras]' scikit-learn",
}


def demo(
    context: typer.Context,
    framework: Annotated[
        Framework | None,
        typer.Option("--framework", help="Default: torch where it is installed, else keras."),
    ] = None,
    run_file: Annotated[Path | None, RUN_FILE] = None,
) -> None:
    """Train a small faulty network and show its verdict.

    Its images are the digits that ship with scikit-learn. The same as `snellen run` on a script of
    your own; takes less than a minute.
    """
    only_keras = find_spec("torch") is None and find_spec("keras") is not None
    chosen = framework or (Framework.KERAS if only_keras else Framework.TORCH)
    missing = [name for name in NEEDS[chosen] if find_spec(name) is None]
    if missing:
        typer.echo(
            f"snellen: the demo needs {' and '.join(missing)}, not installed here; get it with\n"
            f"    {INSTALL[chosen]}",
            err=True,
        )
        raise typer.Exit(USAGE)
    script = Path(__file__).parents[1] / "demo" / f"digits_{chosen.value}.py"
    typer.echo(f"snellen run {script}", err=True)
    start(context, str(script), given={"run_file": run_file})
