"""Claims that are tested in a process of their own, on one backend of Keras after another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BACKENDS = ("tensorflow", "jax", "torch")
SOURCE = Path(__file__).parents[2] / "src"


def every_claim_holds(backend: str, inside: Path, kept: Path, *beside: Path) -> None:
    """Run all tests in the folder `inside` on this backend, and fail with what they said.

    `kept` is where Keras and JAX may leave files; modules of the folders `beside` can be imported
    too.
    """
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    environment = {
        **os.environ,
        "SNELLEN_INSIDE_KERAS": backend,
        "KERAS_BACKEND": backend,
        "KERAS_HOME": str(kept),
        "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, inside, *beside))),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # The same few steps are compiled over and over: what a bare training has compiled need not
        # be compiled once more when it is watched or changed.
        "JAX_COMPILATION_CACHE_DIR": str(kept / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(inside)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", *options, str(inside)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
