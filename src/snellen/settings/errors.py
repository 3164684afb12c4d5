"""What can be wrong with a setting."""

from __future__ import annotations

from snellen.core import SnellenError


class SettingsError(SnellenError):
    """A setting that can't be used."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        """Where it came from: `--probe-images`, `SNELLEN_PROBE_IMAGES`, `.../pyproject.toml`."""
