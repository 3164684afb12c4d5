"""`snellen run` on programs of the gallery gives their ground truth.

These are the quick part of `make accuracy`, to keep the suite within a quarter of an hour; `make
gallery` runs all programs.
"""

from __future__ import annotations

import pytest

from bench.accuracy.plan import Case, quick
from gallery.watching import said, watch


@pytest.mark.slow
@pytest.mark.gallery
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in quick()])
def test_program_gives_its_ground_truth(case: Case, tmp_path):
    if lacking := case.truth.lacking():
        pytest.skip(f"needs {', '.join(lacking)}")

    watched = watch(case.truth, tmp_path, case.seed)

    found = [said(v) for v in watched.verdicts or []]
    assert watched.difference(case.truth) == [], "\n".join([*found, watched.stderr[-2000:]])
