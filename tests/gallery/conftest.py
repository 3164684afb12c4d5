"""The mark of the gallery's tests, and the way to the packages beside `src`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# `gallery` and `bench` are not installed: they are run from the repository's root.
sys.path.append(str(Path(__file__).parents[2]))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gallery: trains a real program under `snellen run`")
