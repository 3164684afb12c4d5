"""From a run file to a verdict on the screen, and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from snellen.cli.judging import judged
from snellen.core import Finding, Severity
from snellen.diagnosis import cases, diagnose
from snellen.diagnosis.tried import planned, tried
from snellen.record import RunContents, RunFileError, read, store_verdicts
from snellen.report.document import Document, document_of
from snellen.report.json import json_of, write_json
from snellen.report.mended import mended_facts
from snellen.report.plain import plain
from snellen.report.terminal import print_card
from snellen.report.writing import write_text
from snellen.settings import Settings
from snellen.symptoms import outcomes

Show = Callable[[Document, TextIO], None]


def give_verdict(
    path: Path,
    settings: Settings,
    screen: TextIO,
    *,
    shown: str,
    store: bool = False,
    show: Show = print_card,
) -> bool:
    """Judge the run file at `path`; whether there is a finding as severe as `settings.fail_on`.

    `shown` is how the file is named to the user. The card goes to `screen` unless `settings.quiet`,
    the JSON to `settings.json`, SARIF and JUnit XML to theirs (`-`: standard output), and the page
    to `settings.html`. Raises `RunFileError` for a file that can't be read and `ReportError` for
    what can't be written. `store`: keep the verdicts in the file. `show`: what goes to the screen.
    """
    contents = read(path)
    verdicts = judged(contents, settings)
    endings = outcomes(contents, settings.strictness)
    done = tried(path)
    courses = (planned(path, case) for case in cases(contents, verdicts.everything, endings))
    document = document_of(
        contents,
        verdicts.shown,
        endings,
        file=shown,
        accepted=verdicts.accepted,
        diagnoses=diagnose(contents, verdicts.everything, endings, trials=done),
        mended=next((mended_facts(course, done) for course in courses if course), None),
    )
    if settings.json is not None:
        write_json(document, settings.json, sys.stdout)
    if settings.sarif is not None:
        _write_sarif(contents, document, settings.sarif)
    if settings.junit is not None:
        _write_junit(document, settings.fail_on or Severity.WARNING, settings.junit)
    if not settings.quiet:
        show(document, screen)
    if store:
        _store(path, json_of(document), screen)
    if settings.html is not None:
        _write_page(path, contents, document, settings.html)
    least = settings.fail_on
    if least is None:
        return False
    return any(isinstance(v, Finding) and v.severity.rank >= least.rank for v in verdicts.shown)


def _write_sarif(contents: RunContents, document: Document, place: Path) -> None:
    from snellen.report.sarif import sarif_text

    write_text(sarif_text(document, _source(contents)), place, "SARIF", sys.stdout)


def _write_junit(document: Document, fail_on: Severity, place: Path) -> None:
    from snellen.report.junit import junit_text

    write_text(junit_text(document, fail_on), place, "JUnit XML", sys.stdout)


def _source(contents: RunContents) -> str | None:
    """The text of the script, where it still lies there."""
    manifest = contents.manifest
    place = Path(str(manifest.get("directory") or "."), str(manifest.get("script") or ""))
    try:
        return place.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _write_page(path: Path, contents: RunContents, document: Document, page: Path) -> None:
    # Here, and not above: who asks for no page waits for none of what it is made with.
    from snellen.report.html.page import write_page
    from snellen.report.parts.exhibit import exhibits

    write_page(document, exhibits(contents, document, path), page)


def _store(path: Path, document: dict[str, Any], screen: TextIO) -> None:
    try:
        store_verdicts(path, [*document["verdicts"], *document["undecided"]])
    except RunFileError as error:
        print(plain(f"snellen: the verdicts are not in the run file: {error}"), file=screen)
