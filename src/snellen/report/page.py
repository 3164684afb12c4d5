"""A page on a terminal of some width: headings, indented lines, names with a sentence beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from snellen.report.plain import ascii_only, plain
from snellen.report.shortening import shortened

NAME_WIDTH = 24
"""Columns for a layer's name; a longer one loses its middle."""
LEAST_WIDTH = 40
"""Columns that a sentence gets beside its name; where there are fewer it goes below."""


@dataclass(frozen=True)
class Page:
    """Everything shown goes through `text`, which makes it harmless for a terminal."""

    console: Console
    ascii: bool

    @property
    def width(self) -> int:
        return self.console.width

    def heading(self, title: str) -> None:
        self.console.print()
        self.console.print(self.text(title, "bold"))

    def text(self, content: str, style: str = "") -> Text:
        content = plain(content)
        return Text(ascii_only(content) if self.ascii else content, style)

    def name(self, layer: str) -> Text:
        return self.text(shortened(layer, NAME_WIDTH), "cyan")

    def names(self, layers: Iterable[str]) -> int:
        return max((self.name(layer).cell_len for layer in layers), default=0)

    def row(self, name: Text, width: int, sentence: Text, least: int = LEAST_WIDTH) -> None:
        """A name in a column of this width, and the sentence beside it, or below where it would
        get fewer than `least` columns."""
        margin = 4 + width + 2
        if self.console.width - margin < least:
            self.indented(name, 4)
            self.indented(sentence, 6)
            return
        first, *others = sentence.wrap(self.console, self.console.width - margin) or [Text()]
        name.pad_right(width + 2 - name.cell_len)
        name.append_text(first)
        self.indented(name, 4)
        for line in others:
            self.indented(line, margin)

    def indented(self, text: Text, columns: int, hang: int | None = None) -> None:
        """Print with a left margin; lines after the first have that of `hang`, if it is given."""
        hang = columns if hang is None else hang
        # Wrapped to the narrower of both: a line's margin is known only once it is cut.
        for number, line in enumerate(text.wrap(self.console, self.console.width - hang)):
            line.rstrip()
            self.console.print(Padding(line, (0, 0, 0, hang if number else columns), expand=False))

    def code(self, lines: str, columns: int) -> None:
        """Print lines of code with this left margin, each with its own indentation, so that they
        can be copied: a line of code is never cut, however narrow the terminal. A comment that
        does not fit goes above its line, and stays a comment where it is wrapped."""
        for line in lines.expandtabs(4).rstrip().split("\n"):
            bare = line.strip(" ")
            margin = columns + len(line) - len(line.lstrip(" "))
            said, mark, comment = bare.partition("  # ")
            if mark and margin + len(bare) > self.width:
                self._comment(comment, margin)
                bare = said
            if bare.startswith("# "):
                self._comment(bare[2:], margin)
            elif bare:
                line = self.text(" " * margin).append_text(self.text(bare, "cyan"))
                self.console.print(line, soft_wrap=True)
            else:
                self.console.print()

    def _comment(self, comment: str, margin: int) -> None:
        text = self.text(comment)
        for line in text.wrap(self.console, max(self.width - margin - 2, 1)):
            line.rstrip()
            said = self.text(f"{' ' * margin}# ").append_text(line)
            self.console.print(said, soft_wrap=True)
