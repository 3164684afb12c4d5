"""Facts of a subject, read with care: a run file may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snellen.record import Subject
from snellen.symptoms.phases import number


def entries(subject: Subject, key: str) -> list[Mapping[str, Any]] | None:
    """A fact that is a list of JSON objects; `None` when it is not known."""
    value: Any = subject.facts.get(key)
    if not isinstance(value, list):
        return None
    kept: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return [entry for entry in kept if isinstance(entry, Mapping)]


def record(subject: Subject, key: str) -> Mapping[str, Any]:
    """A fact that is a JSON object; `{}` when it is not known."""
    value: Any = subject.facts.get(key)
    return value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]


def whole(subject: Subject, key: str) -> int | None:
    """A fact that is a count; `None` when it is not known."""
    value = number(subject, key)
    return int(value) if value is not None and value >= 0 else None


def loaded(subject: Subject) -> bool:
    """Weights were loaded into the model before its training: it is being fine-tuned."""
    return subject.facts.get("loaded_weights") is True


def text(entry: Mapping[str, Any], key: str) -> str:
    value: Any = entry.get(key)
    return value if isinstance(value, str) else ""


def size(entry: Mapping[str, Any], key: str) -> int:
    value: Any = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
