"""`python -m snellen`: the same as the `snellen` command."""

from __future__ import annotations

from snellen.cli.app import main

if __name__ == "__main__":
    main()
