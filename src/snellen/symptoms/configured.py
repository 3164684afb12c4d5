"""The symptoms as the user has chosen and set them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from snellen.core import SnellenError
from snellen.symptoms._symptom import Symptom
from snellen.symptoms.discoveries import family


class ChoiceError(SnellenError):
    """A symptom, a family or a threshold was named that does not exist."""


def configured(
    kinds: Iterable[type[Symptom]],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    thresholds: Mapping[str, float] | None = None,
) -> list[Symptom]:
    """Of these symptoms the selected ones that are not ignored, with these thresholds.

    `select` and `ignore` hold codes, names, families, or patterns of them (`S0*`); an empty
    `select` stands for all. `thresholds` goes by `symptom.threshold`, the symptom by code or name
    and the threshold with `-` or `_`. Raises `ChoiceError` for what names nothing.
    """
    known = list(kinds)
    selected, ignored = tuple(select), tuple(ignore)
    for pattern in (*selected, *ignored):
        if not any(matches(kind, pattern) for kind in known):
            raise ChoiceError(_unknown(pattern, known))
    changes = _changes(known, thresholds or {})
    return [
        kind(**changes.get(kind, {}))
        for kind in known
        if (not selected or any(matches(kind, p) for p in selected))
        and not any(matches(kind, p) for p in ignored)
    ]


def matches(kind: type[Symptom], pattern: str) -> bool:
    """Whether a pattern means this symptom; case does not count."""
    words = (kind.code.lower(), kind.name, family(kind))
    return any(fnmatchcase(word, pattern.lower()) for word in words)


def _changes(
    known: list[type[Symptom]], thresholds: Mapping[str, float]
) -> dict[type[Symptom], dict[str, Any]]:
    changes: dict[type[Symptom], dict[str, Any]] = {}
    for key, value in thresholds.items():
        name, _, threshold = key.partition(".")
        field = threshold.replace("-", "_")
        kind = next((k for k in known if name.lower() in (k.code.lower(), k.name)), None)
        if kind is None:
            raise ChoiceError(_unknown(name, known))
        fields = {f.name: f for f in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
        if field not in fields:
            there = ", ".join(f.replace("_", "-") for f in fields) or "none"
            raise ChoiceError(
                f"{kind.name} has no threshold {threshold!r}; its thresholds are: {there}"
            )
        whole = isinstance(fields[field].default, int) and value == int(value)
        changes.setdefault(kind, {})[field] = int(value) if whole else value
    return changes


def _unknown(met: str, known: list[type[Symptom]]) -> str:
    words = sorted({w for k in known for w in (k.code, k.name, family(k))})
    near = difflib.get_close_matches(met, words, n=1)
    hint = f"did you mean {near[0]}?" if near else "`snellen symptoms` lists them"
    return f"no symptom or family {met!r}; {hint}"
