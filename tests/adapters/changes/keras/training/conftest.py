"""Keras reads its backend once, at its import: what is here runs in a process for each backend."""

from __future__ import annotations

import os

collect_ignore_glob = [] if "SNELLEN_INSIDE_KERAS" in os.environ else ["test_*.py"]
