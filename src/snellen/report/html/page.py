"""A document and its exhibits as one HTML file that loads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from snellen.core import Finding
from snellen.report.document import Document
from snellen.report.duration import duration
from snellen.report.errors import ReportError
from snellen.report.health import MEANINGS, Health
from snellen.report.html.libraries import require_libraries
from snellen.report.html.rows import MOST_CLASSES, logarithmic
from snellen.report.html.words import SIGNS, group_words, heading, tally
from snellen.report.parts.data import counted
from snellen.report.parts.exhibit import Exhibit
from snellen.report.plain import plain
from snellen.report.shortening import shortened
from snellen.report.standing import standing
from snellen.report.strip import BLOCKS
from snellen.symptoms.wording import amount, count, percent

HERE = "snellen.report.html"
FILTERS: dict[str, Any] = {
    "duration": duration,
    "percent": percent,
    "amount": amount,
    "count": count,
    "heading": heading,
    "shortened": shortened,
    "quoted": shlex.quote,
}
"""What templates may do to a value."""


def write_page(document: Document, exhibits: Sequence[Exhibit], path: Path) -> None:
    """Raises `PageNeedsError` where a library is missing, and `ReportError` when the file can't be
    written."""
    text = page_of(document, exhibits)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"the page could not be written to {path}: {error.strerror}") from error


def page_of(document: Document, exhibits: Sequence[Exhibit]) -> str:
    """The whole page. Raises `PageNeedsError` where a library is missing."""
    require_libraries()
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from snellen.report.html.charts import specifications
    from snellen.report.html.documentation import documentation
    from snellen.report.html.embedding import json_for_script, policy, script_safe
    from snellen.report.html.payload import layer_id, payload
    from snellen.report.html.runtime import chart_runtime

    environment = Environment(
        loader=PackageLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    data = {**payload(exhibits), "charts": specifications(), "words": _words()}
    style, script = _static("page.css"), script_safe(_static("page.js"))
    runtime = script_safe(chart_runtime())
    findings = [f for group in document.groups for f in group.findings]
    entries = documentation(_codes(document))
    # By identity: what a finding rests on need not be hashable.
    anchors = {id(finding): f"finding-{number}" for number, finding in enumerate(findings)}

    def anchor(finding: Finding) -> str:
        return anchors[id(finding)]

    return environment.get_template("page.html").render(
        document=document,
        exhibits=exhibits,
        standing=standing(document),
        signs=SIGNS,
        anchor=anchor,
        counted=counted,
        MOST_CLASSES=MOST_CLASSES,
        logarithmic=logarithmic,
        places=_places(exhibits, layer_id),
        groups=group_words,
        tally=tally,
        documentation=entries,
        documented={entry.code for entry in entries},
        health=list(Health),
        blocks=BLOCKS,
        meanings=MEANINGS,
        layer_id=layer_id,
        # The browser compares hashes: these must go into the page as they are.
        policy=policy([runtime, script], [style]),
        style=Markup(style),
        runtime=Markup(runtime),
        script=Markup(script),
        data=Markup(json_for_script(data)),
    )


def harmless(value: Any) -> Any:
    """A text with what can't be seen written out (control and formatting characters, bytes of file
    names that are no text), but for the ends of lines; what is marked as HTML stays as it is, and
    so does anything else."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(plain(line) for line in value.expandtabs(4).split("\n"))


def _words() -> dict[str, Any]:
    """How the script calls and draws each health, by its code."""
    from snellen.report.html.payload import CODES, LEVELS

    return {
        "levels": LEVELS,
        "health": {
            code: [health.value, BLOCKS[health], MEANINGS[health], css_class(health)]
            for health, code in CODES.items()
        },
    }


def css_class(health: Health) -> str:
    return health.value.replace(" ", "-")


def _places(exhibits: Sequence[Exhibit], layer_id: Any) -> Mapping[tuple[str, str], str]:
    """Identifier of each layer, by the names of its model and of itself."""
    return {
        (exhibit.subject, view.layer.name): layer_id(number, place)
        for number, exhibit in enumerate(exhibits)
        for place, view in enumerate(exhibit.layers)
    }


def _codes(document: Document) -> set[str]:
    causes = {cause.code for e in document.explanations for cause in e.candidates}
    return causes | {group.code for group in document.groups}


def _static(name: str) -> str:
    return (resources.files(HERE) / "static" / name).read_text(encoding="utf-8")
