"""A symptom's page, from its docstring and its thresholds."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Protocol


class Described(Protocol):
    """A symptom, as far as its page goes: a frozen dataclass with a docstring."""

    code: str
    name: str
    since: str


def first_sentence(symptom: type) -> str:
    """The first line of its docstring."""
    return (inspect.getdoc(symptom) or "").partition("\n")[0]


def page(symptom: Described) -> str:
    """The page as Markdown: title, docstring, and the thresholds with their units and reasons."""
    lines = [f"# {symptom.code} {symptom.name}", "", inspect.getdoc(type(symptom)) or ""]
    rows = [field for field in _fields(symptom) if "because" in field.metadata]
    if rows:
        lines += ["", "## Thresholds"]
    for field in rows:
        value = getattr(symptom, field.name)
        unit, because = field.metadata["unit"], field.metadata["because"]
        lines.append(f"- `{field.name}` = {value:g} {unit}: {because}")
    return "\n".join(lines)


def _fields(symptom: object) -> tuple[dataclasses.Field[object], ...]:
    if not dataclasses.is_dataclass(symptom) or isinstance(symptom, type):
        return ()
    return dataclasses.fields(symptom)
