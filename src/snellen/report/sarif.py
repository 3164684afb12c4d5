"""Findings as SARIF 2.1.0 (OASIS, 2020), which code hosts show beside the lines of a script."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from snellen.core import Finding, Severity
from snellen.report.document import Document
from snellen.report.source_lines import lines_of
from snellen.symptoms import catalogue

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {Severity.NOTE: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}


def sarif_of(document: Document, source: str | None = None) -> dict[str, Any]:
    """The findings as plain JSON values. `source`: the text of the script, for the lines that build
    its layers; without it, and where no line is sure, a finding stands at the script as a whole."""
    findings = [finding for group in document.groups for finding in group.findings]
    codes = sorted({finding.code for finding in findings})
    lines = lines_of(source or "", (finding.place.layer for finding in findings))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "snellen",
                        "semanticVersion": document.run.snellen,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "results": [
                    _result(finding, codes.index(finding.code), document.run.script, lines)
                    for finding in findings
                ],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def sarif_text(document: Document, source: str | None = None) -> str:
    return json.dumps(sarif_of(document, source), indent=2, allow_nan=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    symptom = catalogue().get(code)
    if symptom is None:
        return {"id": code}
    first = (inspect.getdoc(symptom) or "").partition("\n")[0]
    return {
        "id": code,
        "name": symptom.name,
        "shortDescription": {"text": first},
        "help": {"text": f"`snellen explain {code}` tells causes and look-alikes."},
    }


def _result(finding: Finding, rule: int, script: str, lines: Mapping[str, int]) -> dict[str, Any]:
    place = finding.place
    where = f" in {place.layer}" if place.layer else ""
    told = f"{finding.symptom.replace('-', ' ').capitalize()}{where}: {finding.evidence.sentence()}"
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(script)}}
    if place.layer in lines:
        physical["region"] = {"startLine": lines[place.layer]}
    name = f"{place.subject}/{place.layer}" if place.layer else place.subject
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": told},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "module"}],
            }
        ],
        # The same fault of the same layer is the same alert, whatever its numbers are today.
        "partialFingerprints": {"snellen/v1": f"{finding.code}/{name}"},
    }


def _uri(script: str) -> str:
    return PurePath(script).as_posix().lstrip("/") if script else "script"
