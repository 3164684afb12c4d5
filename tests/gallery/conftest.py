"""The mark of the gallery's tests."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gallery: trains a real program under `snellen run`")
