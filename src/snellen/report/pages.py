"""A symptom's page, from its docstring and its thresholds."""

from __future__ import annotations

import dataclasses
import inspect

from snellen.symptoms import Symptom


def first_sentence(symptom: type[Symptom]) -> str:
    """The first line of its docstring."""
    return (inspect.getdoc(symptom) or "").partition("\n")[0]


def page(symptom: Symptom) -> str:
    """The page as Markdown: title, docstring, and the thresholds with their units and reasons."""
    lines = [f"# {symptom.code} {symptom.name}", "", inspect.getdoc(type(symptom)) or ""]
    rows = [field for field in dataclasses.fields(symptom) if "because" in field.metadata]
    if rows:
        lines += ["", "## Thresholds"]
    for field in rows:
        value = getattr(symptom, field.name)
        unit, because = field.metadata["unit"], field.metadata["because"]
        lines.append(f"- `{field.name}` = {value:g} {unit}: {because}")
    return "\n".join(lines)
