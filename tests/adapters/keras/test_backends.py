"""The claims in `inside` hold on every backend of Keras."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.backends import BACKENDS, every_claim_holds

INSIDE = Path(__file__).parent / "inside"


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_claim_holds(backend: str, tmp_path: Path) -> None:
    every_claim_holds(backend, INSIDE, tmp_path)
