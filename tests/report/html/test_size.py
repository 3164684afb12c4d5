"""The page of a large run stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.page import write_run
from snellen.record import read
from snellen.report.document import document_of
from snellen.report.html.page import page_of
from snellen.report.parts.exhibit import exhibits

MOST_BYTES = 3_000_000


@pytest.mark.slow
def test_fifty_layers_over_a_hundred_epochs_fit_into_three_megabytes(tmp_path: Path) -> None:
    run = tmp_path / "run.snellen"
    write_run(run)
    contents = read(run)
    document = document_of(contents, [], {}, file=run.name)
    page = page_of(document, exhibits(contents, document, run))
    assert len(page.encode()) <= MOST_BYTES
    # Its pictures are noise, which compresses worst; and they are there.
    assert page.count('"sprites":{"') == 50
