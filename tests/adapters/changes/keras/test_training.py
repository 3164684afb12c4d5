"""Changes of optimisers, losses, labels and seeds: the claims in `training` hold on every backend
of Keras."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.backends import BACKENDS, every_claim_holds

INSIDE = Path(__file__).parent / "training"
WATCHING = Path(__file__).parents[2] / "keras" / "inside"
"""The observer that the adapter's own tests have."""


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_claim_holds(backend: str, tmp_path: Path) -> None:
    every_claim_holds(backend, INSIDE, tmp_path, WATCHING)
