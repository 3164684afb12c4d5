"""What a setting may be, and how its value is had from text (a shell's) and from TOML's own values.

Both ways raise `ValueError` for what does not fit; `expected` then says what does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

E = TypeVar("E", bound=StrEnum)


class Kind(Protocol):
    @property
    def expected(self) -> str:
        """What fits, as the end of a sentence: `a whole number from 16 to 100000`."""
        ...

    def from_text(self, text: str) -> Any: ...

    def from_value(self, value: Any) -> Any: ...


@dataclass(frozen=True)
class Number:
    """A whole number from `low` to `high`."""

    low: int
    high: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def from_text(self, text: str) -> int:
        return self.from_value(int(text))

    def from_value(self, value: Any) -> int:
        # A truth value is an int to Python, not to the user.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(value)
        if not self.low <= value <= self.high:
            raise ValueError(value)
        return value


@dataclass(frozen=True)
class Share:
    """A share above 0 and up to 1."""

    expected: str = "a share above 0 and up to 1, such as 0.02 (or 2%)"

    def from_text(self, text: str) -> float:
        if text.endswith("%"):
            return self.from_value(float(text[:-1]) / 100)
        return self.from_value(float(text))

    def from_value(self, value: Any) -> float:
        if isinstance(value, str) and value.endswith("%"):
            return self.from_text(value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(value)
        # NaN fails this as well.
        if not 0 < value <= 1:
            raise ValueError(value)
        return float(value)


@dataclass(frozen=True)
class Names:
    """Patterns of names. In text they are parted by commas."""

    expected: str = "patterns of layer names, such as features.*"

    def from_text(self, text: str) -> tuple[str, ...]:
        return self.from_value([part.strip() for part in text.split(",") if part.strip()])

    def from_value(self, value: Any) -> tuple[str, ...]:
        if type(value) not in (list, tuple):
            raise ValueError(value)
        names: tuple[Any, ...] = tuple(value)
        if not all(isinstance(name, str) and name for name in names):
            raise ValueError(value)
        return names


@dataclass(frozen=True)
class OneOf(Generic[E]):
    """One of some choices, by name."""

    choices: tuple[E, ...]

    @property
    def expected(self) -> str:
        *others, last = self.choices
        return f"{', '.join(others)} or {last}"

    def from_text(self, text: str) -> E:
        return self.from_value(text)

    def from_value(self, value: Any) -> E:
        for choice in self.choices:
            if value == choice:
                return choice
        raise ValueError(value)


@dataclass(frozen=True)
class FilePath:
    """A path; `~` is the home directory."""

    expected: str = "a path"

    def from_text(self, text: str) -> Path:
        return Path(text).expanduser()

    def from_value(self, value: Any) -> Path:
        if not isinstance(value, str | Path) or not str(value):
            raise ValueError(value)
        return Path(value).expanduser()


@dataclass(frozen=True)
class Truth:
    """Yes or no."""

    expected: str = "true or false"

    def from_text(self, text: str) -> bool:
        answers = {"1": True, "true": True, "yes": True, "on": True}
        answers |= {"0": False, "false": False, "no": False, "off": False}
        if text.lower() not in answers:
            raise ValueError(text)
        return answers[text.lower()]

    def from_value(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)
        return value


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of symptoms: in text `dead-channels.max-share=0.5`, parted by commas; in TOML one
    table per symptom. Held as one mapping from `dead-channels.max-share` to the number."""

    expected: str = "SYMPTOM.THRESHOLD=NUMBER, such as dead-channels.max-share=0.5"

    def from_text(self, text: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in text.split(","):
            name, equals, number = part.strip().partition("=")
            symptom, dot, threshold = name.strip().partition(".")
            if not (equals and dot and symptom and threshold):
                raise ValueError(text)
            found[name.strip()] = _number(float(number))
        return found

    def from_value(self, value: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            if isinstance(value, list | tuple):
                parts = cast("list[Any]", list(value))  # pyright: ignore[reportUnknownArgumentType]
                return {k: v for part in parts for k, v in self.from_text(str(part)).items()}
            raise ValueError(value)
        found: dict[str, float] = {}
        for symptom, table in cast("Mapping[Any, Any]", value).items():
            if isinstance(table, Mapping):
                rows = cast("Mapping[Any, Any]", table).items()
                found |= {f"{symptom}.{key}": _number(number) for key, number in rows}
            else:
                found[str(symptom)] = _number(table)
        return found


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise ValueError(value)
    return float(value)
