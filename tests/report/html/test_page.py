"""The page as a file: nothing is loaded, every link leads somewhere, names stay names."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from report import runs
from report.diagnoses import LongSteps, candidate, diagnosis, long_steps, term
from report.html.pages import exhibit_of, page
from snellen.report.html import libraries
from snellen.report.html.embedding import hash_source
from snellen.report.html.libraries import PageNeedsError
from snellen.report.html.page import page_of, write_page

EVIL = "</script><script>alert(1)</script>"
LAYERS = [runs.layer("conv1", 0, 8), runs.layer("conv2", 1, 8)]
SUBJECT = runs.subject(LAYERS, {"conv2": runs.summary(8, silent=[1, 2])})
VERDICTS = [
    runs.finding("conv2", "dead as can be", channels=[1, 2], step=40),
    runs.finding("", "never began", code="S46", symptom="trivial-predictor"),
    runs.clear("conv1"),
    runs.undecided("conv1", "more of everything"),
]


class Reader(HTMLParser):
    """Tags with their attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and self.cdata_elem:
            self.inline.append((self.tags[-1][0], data))
        else:
            self.words.append(data)

    def all(self, attribute: str) -> list[str]:
        return [a[attribute] or "" for _, a in self.tags if attribute in a]


@pytest.fixture(scope="module")
def whole() -> Reader:
    return Reader(page(SUBJECT, verdicts=VERDICTS, diagnoses=[diagnosis(long_steps())]))


def test_it_loads_nothing(whole: Reader) -> None:
    assert not [
        tag for tag, _ in whole.tags if tag in ("link", "iframe", "object", "embed", "base")
    ]
    assert whole.all("src") == []
    styles = [text for tag, text in whole.inline if tag == "style"]
    assert len(styles) == 1
    assert "url(" not in styles[0]
    assert "@import" not in styles[0]


def test_its_policy_allows_just_the_scripts_that_are_in_it(whole: Reader) -> None:
    [policy] = [a["content"] or "" for t, a in whole.tags if a.get("http-equiv")]
    kinds = [a.get("type") for tag, a in whole.tags if tag == "script"]
    assert kinds == ["application/json", None, None]
    data, runtime, script = (text for tag, text in whole.inline if tag == "script")
    [style] = [text for tag, text in whole.inline if tag == "style"]
    assert f"script-src {hash_source(runtime)} {hash_source(script)};" in policy
    assert f"style-src {hash_source(style)};" in policy
    assert json.loads(data)["layers"]
    assert whole.all("style") == []
    assert not [a for _, a in whole.tags if any(name.startswith("on") for name in a)]


def test_every_link_leads_to_a_place_in_the_page(whole: Reader) -> None:
    identifiers = Counter(whole.all("id"))
    assert [name for name, times in identifiers.items() if times > 1] == []
    inner = [target for target in whole.all("href") if target.startswith("#")]
    assert {target[1:] for target in inner} <= set(identifiers)
    assert {"#layer-0-1", "#doc-S01", "#doc-S46", "#finding-0"} <= set(inner)


def test_links_out_of_the_page_are_references_alone(whole: Reader) -> None:
    outside = {
        a["href"] for tag, a in whole.tags if tag == "a" and not (a["href"] or "#").startswith("#")
    }
    assert outside
    assert all(re.match("https://", target or "") for target in outside)


def test_what_was_found_believed_and_left_open_is_said(whole: Reader) -> None:
    said = " ".join("".join(whole.words).split())
    for words in (
        "Steps too long (likely)",
        "the learning rate is 1.0 (Adam; usually about 0.001)",
        "train again with steps a tenth as long",
        "optimizer = torch.optim.Adam",
        "dead as can be",
        "never began",
        "it came to nothing",
        "S18 unstable-maps (conv1): needs more of everything",
        "S03 saturated-maps (1 layer)",
        "a.snellen",
    ):
        assert words in said


@pytest.mark.parametrize("several", [False, True])
def test_hostile_names_are_text_everywhere(several: bool) -> None:
    layers = [runs.layer(EVIL, 0, 4), runs.layer('"><img src=x onerror=alert(1)>', 1, 4)]
    subjects = [runs.subject(layers, name=EVIL), runs.subject(layers, name="other")]
    finding = runs.finding(EVIL, EVIL, channels=[0], subject=EVIL, step=1, symptom=EVIL)
    text = page(
        *subjects[: 1 + several],
        verdicts=[finding],
        diagnoses=[diagnosis(candidate(LongSteps, term(3.0, EVIL)), subject=EVIL)],
        file=EVIL,
        script=EVIL,
        pictured=True,
    )
    found = Reader(text)
    plain = Reader(page(SUBJECT))
    assert EVIL not in text
    assert "img" not in [tag for tag, _ in found.tags]
    assert [t for t, _ in found.tags].count("script") == [t for t, _ in plain.tags].count("script")
    assert sum(EVIL in words for words in found.words) >= 5
    [data] = [json.loads(text) for tag, text in found.inline[:2] if tag == "script"]
    assert data["layers"]["layer-0-0"]["name"] == EVIL


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\u202eb", "a\x00b"])
def test_characters_that_hide_or_turn_are_written_out(name: str) -> None:
    text = page(runs.subject([runs.layer(name, 0, 4)]))
    assert name not in text
    assert name.encode("unicode_escape").decode() in text


def test_names_that_are_no_text_do_not_stop_the_page(tmp_path: Any) -> None:
    place = tmp_path / "page.html"
    write_page(*exhibit_of(SUBJECT, file="caf\udce9.snellen"), place)
    assert "caf" in place.read_text(encoding="utf-8")


def test_a_run_without_a_layer_or_a_verdict_has_a_page_too() -> None:
    words = "".join(Reader(page(runs.subject([]))).words)
    assert "Nothing could be judged" in words
    assert "No layer of Net was looked at." in words


def test_missing_libraries_are_named_with_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "NEEDED", ("json", "no_such_altair", "no_such_jinja2"))
    with pytest.raises(
        PageNeedsError,
        match=r"needs no_such_altair and no_such_jinja2.*pip install 'snellen\[html\]'",
    ):
        page_of(*exhibit_of(SUBJECT))


def test_what_is_said_to_be_needed_is_what_is_imported() -> None:
    imported = {
        name.partition(".")[0]
        for file in Path(libraries.__file__).parent.glob("*.py")
        for name in re.findall(r"^\s*(?:from|import) ([\w.]+)", file.read_text("utf-8"), re.M)
    }
    ours = {"snellen", "numpy", "PIL", *sys.stdlib_module_names}
    # MarkupSafe comes with Jinja.
    assert imported - ours - {"markupsafe"} == set(libraries.NEEDED)
