"""The text of a training script, where its values stand in it, and what they are bound to."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from snellen.core import SnellenError

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Lambda | ast.ClassDef | ast.Module


class UnsureError(SnellenError):
    """A place in a script that can't be changed with certainty."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line

    """Counted from 1; `None`: no line can be named."""


@dataclass(frozen=True)
class Replacement:
    """One passage of a text and what comes in its place."""

    start: int
    """Characters before it."""
    was: str
    """Empty: something is inserted."""
    becomes: str

    @property
    def end(self) -> int:
        return self.start + len(self.was)


def replaced(text: str, replacements: Iterable[Replacement]) -> str:
    """The text with all of them made. Raises `UnsureError` where it does not say what it said, or
    where two concern the same passage."""
    ordered = sorted(set(replacements), key=lambda r: (r.start, r.end))
    for before, after in pairwise(ordered):
        if before.end > after.start:
            raise UnsureError("two changes concern the same passage")
    for one in reversed(ordered):
        if text[one.start : one.end] != one.was:
            raise UnsureError("the script is no longer what it was")
        text = text[: one.start] + one.becomes + text[one.end :]
    return text


class Script:
    """A script that is read and never run."""

    def __init__(self, text: str, arguments: Sequence[str] = ()) -> None:
        """Raises `UnsureError` for a text that is no Python."""
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise UnsureError(f"the script is not Python that can be read: {error}") from error
        self.text = text
        self.arguments = tuple(arguments)
        """What it was given on the command line."""

    # Where things stand

    @cached_property
    def _lines(self) -> list[str]:
        # As Python's own parser counts them: a form feed or U+2028 ends no line.
        lines: list[str] = []
        begin = 0
        for place, character in enumerate(self.text):
            if character == "\n" or (character == "\r" and self.text[place + 1 :][:1] != "\n"):
                lines.append(self.text[begin : place + 1])
                begin = place + 1
        return [*lines, self.text[begin:]]

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        return starts

    def _offset(self, line: int, column: int) -> int:
        """Columns of syntax trees are counted in bytes of UTF-8."""
        own = self._lines[line - 1]
        return self._starts[line - 1] + len(own.encode()[:column].decode(errors="ignore"))

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def said(self, node: ast.expr | ast.stmt) -> str:
        """The node as it is written."""
        return self.text[self.start(node) : self.end(node)]

    def line(self, place: int) -> int:
        """The line of this many characters from the start, counted from 1."""
        return bisect_right(self._starts, place)

    def line_text(self, line: int) -> str:
        return self._lines[line - 1].strip()

    def instead(self, node: ast.expr | ast.stmt, becomes: str) -> Replacement:
        return Replacement(self.start(node), self.said(node), becomes)

    def argument_added(self, call: ast.Call, argument: str) -> Replacement:
        """One more argument at the end of a call."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if given:
            return Replacement(max(self.end(node) for node in given), "", f", {argument}")
        return Replacement(self.end(call) - 1, "", argument)

    def line_before(self, statement: ast.stmt, code: str) -> Replacement:
        """One more statement before this one. Raises `UnsureError` where it shares its line."""
        start = self._starts[statement.lineno - 1]
        indent = self.text[start : self.start(statement)]
        if indent.strip():
            raise UnsureError("several statements share this line", statement.lineno)
        ending = "\r\n" if self._lines[statement.lineno - 1].endswith("\r\n") else "\n"
        return Replacement(start, "", f"{indent}{code}{ending}")

    # What is what

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that this one stands in, innermost first."""
        own = self.parent(node)
        while own is not None:
            yield own
            own = self.parent(own)

    def scopes(self, node: ast.AST) -> Iterator[Scope]:
        """Where a name that is read here may be bound, innermost first."""
        for number, above in enumerate(
            one
            for one in self.above(node)
            if isinstance(one, Function | ast.Lambda | ast.ClassDef | ast.Module)
        ):
            # A class's own names are not seen from its methods.
            if number == 0 or not isinstance(above, ast.ClassDef):
                yield above

    def calls(self, *names: str) -> list[ast.Call]:
        """Calls of a function or method of one of these names, whatever it is a part of, in the
        order of the text."""
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and called(node) in names
        ]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))

    def imported(self, name: str) -> bool:
        """Whether the whole script may say this name for the module of this name."""
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                if any((alias.asname or alias.name) == name for alias in node.names):
                    return True
            elif isinstance(node, ast.ImportFrom) and any(
                (alias.asname or alias.name) == name for alias in node.names
            ):
                return True
        return False


def called(call: ast.Call) -> str:
    """The last part of what is called: `Adam` of `torch.optim.Adam(...)`; empty for a call of what
    another call gave."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def keyword(call: ast.Call, *names: str) -> ast.keyword | None:
    """The keyword argument of one of these names."""
    return next((given for given in call.keywords if given.arg in names), None)


def whole(call: ast.Call) -> bool:
    """Whether all that it is given stands there: nothing comes by `*` or `**`."""
    starred = any(isinstance(given, ast.Starred) for given in call.args)
    return not starred and all(given.arg is not None for given in call.keywords)


def root(node: ast.expr) -> str:
    """The name that a chain of attributes and calls begins with: `model` of `model.head[0].bias`;
    empty where it begins with none."""
    while True:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Call(func=value):
                node = value
            case _:
                return ""
