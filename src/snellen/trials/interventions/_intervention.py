"""What an intervention is. The interventions themselves live one per file beside this one."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar


class Intervention(ABC):
    """One change to a training, done at the framework's boundary to an unchanged script.

    A subclass is a frozen dataclass whose fields are the parameters of the change, plain JSON
    values; `adapters/changes/<framework>/<name>.py` does it. Its docstring says what is changed,
    what is left alone, and what can't be done.
    """

    name: ClassVar[str]
    """As in `learning-rate`; also the module, in snake case, that does it in each framework."""

    @abstractmethod
    def sentence(self) -> str:
        """What is different, after "with": `the learning rate divided by 10`."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Plain JSON values, by the name of the field."""
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
        }

    @classmethod
    def summary(cls) -> str:
        """The first sentence of its docstring."""
        return (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType]
