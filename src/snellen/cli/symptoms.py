"""`snellen symptoms`: what snellen can find."""

from __future__ import annotations

import inspect


def symptoms() -> None:
    """List the symptoms that snellen knows, by family.

    A table on a terminal; anywhere else one line each: code, family, name, summary, parted by tabs.
    """
    from snellen.cli.listing import listed
    from snellen.symptoms import catalogue, family

    rows = [
        (
            kind.code,
            family(kind),
            kind.name,
            (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " "),
        )
        for kind in sorted(catalogue().values(), key=lambda kind: (family(kind), kind.code))
    ]
    listed(rows, "symptom")
