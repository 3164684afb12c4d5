"""The pages of symptoms and causes, as parts of a report page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from snellen.causes import catalogue as causes
from snellen.causes.pages import page as page_of_cause
from snellen.symptoms import catalogue as symptoms
from snellen.symptoms.pages import page as page_of_symptom

BARE_ADDRESS = re.compile(r"(?<![<(\[])\bhttps?://[^\s<>()]*[^\s<>().,;]")
DEEPER = 2
"""Levels by which headings go down: they stand under headings of the page's own."""


@dataclass(frozen=True)
class Entry:
    code: str
    name: str
    html: Markup


def documentation(codes: Iterable[str]) -> tuple[Entry, ...]:
    """The pages of these symptoms and causes, in the order of their codes; a code that neither
    catalogue knows has none."""
    kinds = {**symptoms(), **causes()}
    wanted = sorted({code for code in codes if code in kinds})
    addresses = {f"{kinds[code].name}.md": f"#doc-{code}" for code in wanted}
    found: list[Entry] = []
    for code in wanted:
        text = page_of_symptom(symptoms()[code]) if code in symptoms() else ""
        text = text or page_of_cause(causes()[code])
        # The first line is the title, which the page shows by itself.
        found.append(Entry(code, kinds[code].name, _rendered(text.partition("\n")[2], addresses)))
    return tuple(found)


def _rendered(markdown: str, addresses: dict[str, str]) -> Markup:
    """`addresses`: where in the page the files are that links name; other links to files lose their
    target."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # CommonMark makes a link of an address in angle brackets alone.
    tokens = parser.parse(BARE_ADDRESS.sub(r"<\g<0>>", markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1:]) + DEEPER}"
        for child in token.children or ():
            if child.type == "link_open":
                _redirect(child, addresses)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _redirect(link: Token, addresses: dict[str, str]) -> None:
    target = str(link.attrs.get("href", ""))
    if target.startswith(("https://", "http://")):
        link.attrs["rel"] = "noreferrer"
        return
    address = addresses.get(target.rpartition("/")[2])
    if address is None:
        del link.attrs["href"]
    else:
        link.attrs["href"] = address
