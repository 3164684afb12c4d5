"""Keras reads its backend once, at its import: `inside` runs in a process for each backend."""

from __future__ import annotations

import os

collect_ignore = [] if "SNELLEN_INSIDE_KERAS" in os.environ else ["inside"]
