"""Changes of optimisers, losses, labels and seeds: the claims in `training` hold on every backend
of Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).parent / "training"
WATCHING = Path(__file__).parents[2] / "keras" / "inside"
"""The observer that the adapter's own tests have."""
SOURCE = Path(__file__).parents[4] / "src"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_claim_holds(backend: str, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    environment = {
        **os.environ,
        "SNELLEN_INSIDE_KERAS": backend,
        "KERAS_BACKEND": backend,
        "KERAS_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(SOURCE), str(INSIDE), str(WATCHING)]),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # The same few steps are compiled over and over.
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(INSIDE)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", *options, str(INSIDE)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
