"""The error every error of snellen's own is a kind of."""

from __future__ import annotations


class SnellenError(Exception):
    """Something the user can act on: says what was met, what was expected and what to do."""
