"""`snellen run` on every program, against its ground truth.

`python -m gallery [PROGRAM...] [--framework FRAMEWORK]` prints each program's findings,
and ends with status 1 when any differs from the truth.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from gallery.truth import FRAMEWORKS, programs, read
from gallery.watching import said, watch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gallery", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="default: all")
    parser.add_argument("--framework", choices=FRAMEWORKS, action="append", help="default: all")
    given = parser.parse_args()
    unknown = set(given.programs) - set(programs())
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}; there are: {programs()}")
    differing = 0
    for program in given.programs or programs():
        for framework in given.framework or FRAMEWORKS:
            differing += not _as_stated(program, framework)
    print(f"{differing} differ from the ground truth" if differing else "all as stated")
    return 1 if differing else 0


def _as_stated(program: str, framework: str) -> bool:
    """Print one program's line, and below it whatever was found or is wrong."""
    truth = read(program, framework)
    with tempfile.TemporaryDirectory() as folder:
        watched = watch(truth, Path(folder))
    wrong = watched.difference(truth)
    mark = "DIFFERS" if wrong else "ok"
    print(f"{mark:8}{program} {framework} ({watched.seconds:.0f} s)", flush=True)
    for verdict in watched.verdicts or []:
        print(f"        {said(verdict)}")
    for line in wrong:
        print(f"    !!  {line}")
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
