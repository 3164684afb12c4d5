"""Exit statuses of snellen's own. Those of a watched script pass through unchanged."""

from __future__ import annotations

USAGE = 2
"""The command line, a setting or a file was not as expected: nothing was run or judged."""
FINDINGS = 3
"""`--fail-on` was given, the script itself succeeded, and there is such a finding."""
NOT_MENDED = 4
"""`snellen fix` found no remedy that surely helps, or its time was spent before."""
