"""What `snellen --version` says."""

from __future__ import annotations

from snellen.core.version import version
from snellen.stats import kernels


def version_text() -> str:
    """The version, and what measures the maps: the compiled kernel, or NumPy and why."""
    if kernels.COMPILED:
        return f"snellen {version()} (compiled kernel)"
    return f"snellen {version()} (NumPy kernel, slow: {kernels.reason_not_compiled})"
