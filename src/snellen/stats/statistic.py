"""What a statistic is: a number that merges, and that survives a trip through the run file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]


class Statistic:
    """A frozen dataclass of arrays and plain numbers.

    A subclass names itself and turns itself into arrays and back; the run file needs nothing else.
    """

    name: ClassVar[str]
    """The name it is stored under; stable across releases."""

    registry: ClassVar[dict[str, type[Statistic]]] = {}
    """Every statistic by name."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Statistic.registry[cls.name] = cls

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Every field as an array (numbers become 0-dimensional ones, strings arrays of `str`)."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The statistic that `to_arrays` was called on; 0-dimensional arrays become Python's
        own."""
        return cls(**{k: v.item() if v.ndim == 0 else v for k, v in arrays.items()})
