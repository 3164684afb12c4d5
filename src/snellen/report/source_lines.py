"""The lines of a script that build its layers, as far as their names tell."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def lines_of(source: str, layers: Iterable[str]) -> dict[str, int]:
    """Layer names → line numbers from 1, of those that one line alone can have built.

    A line builds a layer if it assigns to an attribute or variable of the layer's name, or of the
    first part of it (`features` of `features.3`); or if it calls something with `name="..."`. Of
    names that several lines build nothing is said; `{}` for what is no Python.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    built: dict[str, set[int]] = {}
    for name, line in _built(tree):
        built.setdefault(name, set()).add(line)
    found: dict[str, int] = {}
    for layer in layers:
        for name in (layer, *_owners(layer)):
            lines = built.get(name, set())
            if len(lines) == 1:
                found[layer] = next(iter(lines))
            if lines:
                break
    return found


def _built(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _makes(node.value):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute):
                    yield target.attr, node.lineno
                elif isinstance(target, ast.Name):
                    yield target.id, node.lineno
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg == "name" and isinstance(value, ast.Constant):
                    yield str(value.value), node.lineno


def _makes(value: ast.expr | None) -> bool:
    """Layers are made by calls."""
    return value is not None and any(isinstance(node, ast.Call) for node in ast.walk(value))


def _owners(layer: str) -> Iterator[str]:
    """Parts of a path from its end on, then from its start: `block.conv1` → `conv1`, `block`;
    numbers name no line."""
    parts = [part for part in layer.replace("/", ".").split(".") if not part.isdigit()]
    yield from reversed(parts)
