"""Puts data and scripts into a page so that nothing in them can leave their place."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from snellen.report.plain import plain

ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
"""What could end a `<script>` or begin something else in HTML, or ends a line in JavaScript."""

DIGITS = 4
"""Significant digits of numbers: more than a page can show."""


def json_for_script(value: Any) -> str:
    """JSON that may stand inside `<script>`: numbers rounded to four digits, control and formatting
    characters written out. A number that JSON has not is `null`."""
    text = json.dumps(_rounded(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text


def _rounded(value: Any) -> Any:
    match value:
        case bool() | int() | None:
            return value
        case str():
            return value if value.isprintable() else plain(value)
        case float():
            return rounded(value)
        case Mapping():
            items = cast("Mapping[Any, Any]", value).items()
            return {str(key): _rounded(item) for key, item in items}
        case Sequence():
            return [_rounded(item) for item in cast("Iterable[Any]", value)]
        case _:
            raise TypeError(f"{value!r} ({type(value).__name__}) has no place in a page")


def rounded(number: float) -> float | int | None:
    if not math.isfinite(number):
        return None
    short = float(f"{number:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def script_safe(source: str) -> str:
    """JavaScript that may stand inside `<script>`; `</script` can only occur inside a string, where
    the escape means the same. Raises `ValueError` for what HTML would read as an open comment."""
    if "<!--" in source:
        raise ValueError("a script that holds `<!--` can't be put into a page")
    return source.replace("</script", "<\\/script").replace("</SCRIPT", "<\\/SCRIPT")


def hash_source(text: str) -> str:
    """What a content security policy calls an inline script or style of exactly this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A content security policy that lets a page run these and load nothing: no network, no
    `eval`, pictures only from the page itself."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(hash_source, scripts))}",
            f"style-src {' '.join(map(hash_source, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
