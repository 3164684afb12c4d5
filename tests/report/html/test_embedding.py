"""Whatever stands in a name, it stays a name."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from snellen.report.html.embedding import hash_source, json_for_script, policy, rounded, script_safe

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "\u2028\u2029",
    '"\\',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_json_can_end_its_script(name: str) -> None:
    text = json_for_script({name: [name]})
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("name", ["</script>", "&amp;", '"\\', "größer", "日本"])
def test_what_can_be_seen_is_read_as_it_was(name: str) -> None:
    assert json.loads(json_for_script([name])) == [name]


def test_what_can_not_be_seen_is_written_out() -> None:
    assert json.loads(json_for_script(["a\x1b[2J\u202eb"])) == ["a\\x1b[2J\\u202eb"]


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (1 / 3, 0.3333),
        (123456.0, 123500),
        (2.0, 2),
        (1e300, 1e300),
        (-0.00012345, -0.0001234),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_numbers_are_short_and_never_a_word(number: float, short: Any) -> None:
    assert rounded(number) == short
    assert json.loads(json_for_script([number])) == [short]


def test_other_objects_have_no_place() -> None:
    with pytest.raises(TypeError, match="no place in a page"):
        json_for_script({"path": Path("x")})


def test_a_script_can_not_end_itself_early() -> None:
    assert script_safe("a='</script>'") == "a='<\\/script>'"
    with pytest.raises(ValueError, match="<!--"):
        script_safe("a='<!--'")


def test_the_policy_names_what_may_run_and_nothing_else() -> None:
    digest = base64.b64encode(hashlib.sha256(b"run()").digest()).decode()
    assert hash_source("run()") == f"'sha256-{digest}'"
    said = policy(["run()"], ["p{}"])
    assert f"script-src 'sha256-{digest}';" in said
    assert said.startswith("default-src 'none';")
    assert "unsafe" not in said
    assert "http" not in said
