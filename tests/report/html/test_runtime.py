"""The chart runtime is bundled once."""

from __future__ import annotations

from pathlib import Path

import pytest
import vl_convert

from snellen.report.html.runtime import NOTICE, chart_runtime


@pytest.fixture
def bundles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was bundled, by its number."""
    made: list[str] = []

    def bundle(snippet: str) -> str:
        made.append(snippet)
        return f"bundle {len(made)}"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    return made


def test_the_second_page_takes_what_the_first_one_kept(bundles: list[str], tmp_path: Path) -> None:
    first = chart_runtime(tmp_path / "cache")
    assert chart_runtime(tmp_path / "cache") == first
    assert len(bundles) == 1
    assert first.startswith(NOTICE)
    assert "BSD-3-Clause" in NOTICE


@pytest.mark.parametrize("kept", [b"", b"another file", f"{NOTICE}half of".encode(), b"\xff\xfe"])
def test_what_is_not_whole_is_made_again(bundles: list[str], tmp_path: Path, kept: bytes) -> None:
    whole = chart_runtime(tmp_path)
    [file] = tmp_path.iterdir()
    file.write_bytes(kept)
    assert chart_runtime(tmp_path).replace("bundle 2", "bundle 1") == whole
    assert len(bundles) == 2
    assert list(tmp_path.iterdir()) == [file]


def test_a_cache_that_can_not_be_written_is_done_without(
    bundles: list[str], tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    assert "bundle 1" in chart_runtime(blocked)
    assert "bundle 2" in chart_runtime(blocked)
