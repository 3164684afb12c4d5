"""`snellen run` on every program and every mended twin, against its ground truth.

`python -m gallery [PROGRAM...] [--framework FRAMEWORK] [--seed N]` prints each run's findings, and
ends with status 1 when any differs from the truth. Programs that take minutes are left out unless
they are named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from gallery.truth import FRAMEWORKS, Truth, programs, truths_of
from gallery.watching import said, watch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gallery", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="default: all")
    parser.add_argument("--framework", choices=FRAMEWORKS, action="append", help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    unknown = set(given.programs) - set(programs())
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}; there are: {programs()}")
    differing = 0
    for program in given.programs or programs():
        for truth in truths_of(program):
            wanted = truth.framework in (given.framework or FRAMEWORKS)
            if wanted and (given.programs or not truth.slow):
                differing += not _as_stated(truth, given.seed)
    print(f"{differing} differ from the ground truth" if differing else "all as stated")
    return 1 if differing else 0


def _as_stated(truth: Truth, seed: int) -> bool:
    """Print one run's line, and below it whatever was found or is wrong."""
    if lacking := truth.lacking():
        print(f"skipped {truth.name} {truth.framework}: needs {', '.join(lacking)}", flush=True)
        return True
    with tempfile.TemporaryDirectory() as folder:
        watched = watch(truth, Path(folder), seed)
    wrong = watched.difference(truth)
    mark = "DIFFERS" if wrong else "ok"
    print(f"{mark:8}{truth.name} {truth.framework} ({watched.seconds:.0f} s)", flush=True)
    for verdict in watched.verdicts or []:
        print(f"        {said(verdict)}")
    for line in wrong:
        print(f"    !!  {line}")
    if wrong and watched.exit_status:
        print(watched.stderr[-2000:])
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
