"""Where trials are run, as the commands that make them are told."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from snellen.cli.exit_status import USAGE

if TYPE_CHECKING:
    from snellen.trials.engines import Engine


class EngineName(StrEnum):
    LOCAL = "local"
    RAY = "ray"


ENGINE = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="Processes of this machine, or a Ray cluster: the one that RAY_ADDRESS names, or one "
        "of this machine alone.",
    ),
]


@contextmanager
def engine(name: EngineName, jobs: int | None) -> Generator[Engine]:
    """The engine for so many trials side by side; ended with the block."""
    if name is EngineName.LOCAL:
        from snellen.trials.engines.local import LocalEngine

        yield LocalEngine(jobs or os.cpu_count() or 1)
        return
    try:
        from snellen.trials.engines.ray import ray_engine
    except ModuleNotFoundError as error:
        typer.echo(
            "snellen: --engine ray needs Ray, which is not installed: pip install 'snellen[ray]'",
            err=True,
        )
        raise typer.Exit(USAGE) from error
    try:
        with ray_engine(jobs) as cluster:
            yield cluster
    except ConnectionError as error:
        typer.echo(
            f"snellen: no Ray cluster answers at {os.environ.get('RAY_ADDRESS')}: {error}", err=True
        )
        raise typer.Exit(USAGE) from error
