"""Whether the symptoms, thresholds and baseline that were named exist: said before the training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from snellen.core import SnellenError
from snellen.settings import Settings


def require_choice(settings: Settings) -> None:
    """Raises `SnellenError` for what names nothing.

    Asked of another process: in this one nothing may load NumPy before the script does.
    """
    if not (settings.select or settings.ignore or settings.thresholds or settings.baseline):
        return
    given = {
        "select": settings.select,
        "ignore": settings.ignore,
        "thresholds": dict(settings.thresholds),
        "baseline": None if settings.baseline is None else str(settings.baseline),
    }
    asked = subprocess.run(
        [sys.executable, "-m", "snellen.cli.choice", json.dumps(given)],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise SnellenError(asked.stderr.strip())


def check(given: dict[str, Any]) -> None:
    from snellen.symptoms import Baseline, configured

    configured(select=given["select"], ignore=given["ignore"], thresholds=dict(given["thresholds"]))
    if given["baseline"] is not None:
        Baseline.read(Path(given["baseline"]))


if __name__ == "__main__":
    try:
        check(json.loads(sys.argv[1]))
    except SnellenError as error:
        sys.exit(str(error))
