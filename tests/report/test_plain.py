"""Nothing from elsewhere can steer a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from snellen.report.plain import ascii_only, plain


@given(st.text(alphabet=st.characters()))
def test_no_control_character_passes(text: str) -> None:
    kinds = {unicodedata.category(c) for c in plain(text)}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text())
def test_ascii_is_ascii(text: str) -> None:
    assert ascii_only(text).isascii()


def test_what_is_harmless_stays() -> None:
    assert plain("block.1 conv/é κ ≥ 日本") == "block.1 conv/é κ ≥ 日本"
    assert ascii_only("κ ≥ 1 · 2") == "kappa >= 1 | 2"


def test_what_is_harmful_is_written_out() -> None:
    assert plain("a\x1b[2J\n\r\u202eb\u200b") == "a\\x1b[2J\\n\\r\\u202eb\\u200b"
