"""`snellen causes`: why maps can be faulty, as far as snellen can tell."""

from __future__ import annotations


def causes() -> None:
    """List the causes that snellen knows, by family.

    A table on a terminal; anywhere else one line each: code, family, name, summary, parted by tabs.
    """
    from snellen.causes import catalogue
    from snellen.cli.listing import listed

    rows = [
        (kind.code, kind.family(), kind.name, kind.summary())
        for kind in sorted(catalogue().values(), key=lambda kind: (kind.family(), kind.code))
    ]
    listed(rows, "cause")
