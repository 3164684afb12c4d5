"""Text from elsewhere, made harmless for a terminal."""

from __future__ import annotations

import unicodedata

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that move the cursor, change the direction of writing or show nothing."""


def plain(text: str) -> str:
    r"""The text on one line: control and formatting characters written out (`\x1b`, `\u202e`)."""
    return "".join(_written_out(c) if unicodedata.category(c) in HARMFUL else c for c in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


ASCII = {
    "·": "|",
    "—": "-",
    "\N{EN DASH}": "-",
    "…": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "±": "+/-",
    "κ": "kappa",
    "\N{GREEK SMALL LETTER ALPHA}": "alpha",
    "β": "beta",
    "γ": "gamma",
    "ε": "epsilon",
    "λ": "lambda",
    "Δ": "delta",
    "√": "root ",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
    "∞": "inf",
    "≈": "~",
    "\N{MINUS SIGN}": "-",
    "²": "^2",
    "π": "pi",
    "Σ": "sum",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}
"""What stands for the signs of our own sentences where only ASCII can be shown."""


def ascii_only(text: str) -> str:
    r"""The text in ASCII: our own signs spelt out, anything else as `\xe9`."""
    spelt = "".join(ASCII.get(character, character) for character in text)
    return spelt.encode("ascii", "backslashreplace").decode("ascii")
